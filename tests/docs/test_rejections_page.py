"""The page of reason codes tells all of them in the code's own words, and every defence with its codes."""

import re
from pathlib import Path

from models.defences import DEFENCES
from models.rejections import MEANING, Reason

PAGE = (Path(__file__).parents[2] / "docs" / "rejections.md").read_text(encoding="utf-8")


def test_every_reason_code_is_explained_in_the_codes_own_words() -> None:
    section = PAGE.partition("## Reason codes")[2].partition("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", section, re.MULTILINE))
    assert told == {str(reason): MEANING[reason] for reason in Reason}


def test_every_defence_is_listed_with_its_codes() -> None:
    section = PAGE.partition("## Defences")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", section, re.MULTILINE)
    assert told == [
        (name, defence.stops, ", ".join(f"`{reason}`" for reason in sorted(defence.reasons)) or "disarms")
        for name, defence in DEFENCES.items()
    ]
