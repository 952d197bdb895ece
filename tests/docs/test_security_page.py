"""The page of attacks has every one of them with what it comes to, and names no test that is not there."""

import ast
import re
from functools import cache
from pathlib import Path

from tests.attacks.attack import ATTACKS
from tests.attacks.contest_attack import ON_CONTEST
from tests.attacks.contest_switches import OF_CONTEST
from tests.attacks.elsewhere import ELSEWHERE
from tests.attacks.elsewhere_switches import ELSEWHERE_OFF
from tests.attacks.on_samples import ON_SAMPLES
from tests.attacks.page import PAGE, found, tables

ROOT = Path(__file__).parents[2]
TEXT = PAGE.read_text(encoding="utf-8")
LIST = TEXT.partition("## The list")[2].partition("\n## ")[0]
MODULES = {attack.spoil.__module__.rpartition(".")[2] for attack in ATTACKS.values()} | {"on_samples"}


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_tables_are_what_the_attacks_say_of_themselves() -> None:
    """`python -m tests.attacks.page` rewrites them."""
    assert found(TEXT) == tables()


def test_every_line_of_the_list_is_shown_by_attacks_and_every_attack_stands_in_it() -> None:
    known = {*ON_CONTEST, *MODULES, *(one.attack for one in ELSEWHERE)}
    shown = [set(re.findall(r"`([^`]+)`", row.split("|")[3])) for row in LIST.splitlines()[6:] if row.startswith("|")]
    assert [row - known - {name for name in row if "::" in name} for row in shown] == [set()] * 17
    assert all(shown)
    sampled = {one.attack for one in ELSEWHERE if one.attack.removeprefix("samples: ") in ON_SAMPLES}
    assert known - sampled - set().union(*shown) == set()


def test_every_test_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)(?:\[[^`]*\])?`", TEXT))
    assert len(named) > 15
    assert [(file, name) for file, name in named if name not in functions(file)] == []
    files = set(re.findall(r"`(tests/[\w/]+\.py)`", TEXT))
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_every_hostile_sample_names_its_defence() -> None:
    named = {one.attack.removeprefix("samples: ") for one in ELSEWHERE if one.attack.startswith("samples: ")}
    assert named - {"a flood of nearly equal ones"} == set(ON_SAMPLES)


def test_every_switch_is_some_attacks_defence() -> None:
    assert {name for one in ELSEWHERE for name in one.defences} == set(ELSEWHERE_OFF)
    assert {attack.defence for attack in ON_CONTEST.values()} == set(OF_CONTEST)
