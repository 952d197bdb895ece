"""The sheet: every text can be read on what lies under it, in light and in dark (WCAG 2.2: contrast of 4.5 or more)."""

import re
from importlib import resources

import pytest

PAIRS = [
    *((text, ground) for text in ("ink", "soft") for ground in ("paper", "card", "hover")),
    *(("red", ground) for ground in ("card", "hover")),
    ("ember", "paper"),
    ("soft", "grey-wash"),
    *((name, f"{name}-wash") for name in ("gold", "green", "red", "amber", "blue")),
]


def palettes() -> dict[str, dict[str, str]]:
    sheet = (resources.files("leaderboard") / "static" / "style.css").read_text()
    light, dark = re.findall(r":root \{(.*?)\}", sheet, flags=re.DOTALL)[:2]
    colours = {
        name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text))
        for name, text in (("light", light), ("dark", dark))
    }
    assert set(colours["dark"]) == set(colours["light"])
    return colours


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_on_its_ground(scheme: str) -> None:
    colours = palettes()[scheme]

    def contrast(one: str, other: str) -> float:
        low, high = sorted((luminance(colours[one]), luminance(colours[other])))
        return (high + 0.05) / (low + 0.05)

    assert {pair: round(contrast(*pair), 2) for pair in PAIRS if contrast(*pair) < 4.5} == {}


def test_every_class_the_page_uses_for_a_state_has_a_colour() -> None:
    sheet = (resources.files("leaderboard") / "static" / "style.css").read_text()
    badges = set(re.findall(r"\w+", " ".join(re.findall(r"\.badge(?::is\()?([.\w, ]+)", sheet))))
    shown = {
        "king",
        "scored",
        "rejected",
        "copy",
        "held",
        "abandoned",
        "trial",
        "sealed",
        "revealed",
        "vetting",
        "queued",
    }
    assert shown - badges == set()
