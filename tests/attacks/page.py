"""The tables of docs/security.md, made from what the attacks say of themselves: `python -m tests.attacks.page` rewrites
them in the page.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import tests.attacks.on_adapter
import tests.attacks.on_claims
import tests.attacks.on_config
import tests.attacks.on_crown
import tests.attacks.on_listing
import tests.attacks.on_time
import tests.attacks.on_tokenizer
import tests.attacks.on_weights  # noqa: F401 - the modules enter their attacks
from models.defences import DEFENCES
from tests.attacks.attack import ATTACKS, Attack
from tests.attacks.contest_attack import ON_CONTEST, ContestAttack
from tests.attacks.contest_switches import OF_CONTEST
from tests.attacks.elsewhere import ELSEWHERE, Elsewhere
from tests.attacks.elsewhere_switches import ELSEWHERE_OFF

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
_MARK = "<!-- {} -->\n"


def tables() -> Mapping[str, str]:
    """Each table of the page by its mark."""
    return {
        "contest": _table("attack | comes to | defence | without it", map(_on_contest, ON_CONTEST.values())),
        "elsewhere": _table("attack | comes to | defence | test | that fails where", map(_elsewhere, ELSEWHERE)),
        "files": _table("attack | refused by | because | without it", map(_on_files, ATTACKS.values())),
    }


def found(page: str) -> Mapping[str, str]:
    """The tables that a page has, by their marks."""
    return {name: told.group(1) for name in tables() if (told := _between(name).search(page))}


def rewritten(page: str) -> str:
    """A page with its tables as they should be."""
    for name, table in tables().items():
        before, told, after = page.partition(_MARK.format(name))
        page = before + told + table + after[len(found(page)[name]) :]
    return page


def _between(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(_MARK.format(name)) + r"((?:\|.*\n)*)")


def _table(head: str, rows: Iterator[tuple[str, ...]]) -> str:
    names = head.split(" | ")
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _on_contest(its: ContestAttack) -> tuple[str, ...]:
    switch = OF_CONTEST[its.defence]
    return f"`{its.name}`", its.outcome, _where(switch.where), f"{its.without} ({switch.means})"


def _elsewhere(its: Elsewhere) -> tuple[str, ...]:
    switches = [ELSEWHERE_OFF[name] for name in its.defences]
    where, means = ("; ".join(map(_where, (s.where for s in switches))), "; ".join(s.means for s in switches))
    return its.attack, its.outcome, where, ", ".join(f"`{test}`" for test in its.tests), means


def _on_files(its: Attack) -> tuple[str, ...]:
    defence = DEFENCES[its.defence]
    reasons = sorted({reason for name in (its.defence, *its.also) for reason in DEFENCES[name].reasons})
    by = f"{_where(f'{defence.function.__module__}:{defence.name}')}, {' or '.join(f'`{one}`' for one in reasons)}"
    return f"`{its.name}`", by, its.words, f"`{its.further}`"


def _where(place: str) -> str:
    module, _, name = place.partition(":")
    return f"`{name}` in `{module.replace('.', '/')}.py`"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
