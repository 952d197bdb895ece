"""The page on competitions tells every field of a table with its default, what is warned about, and of the live table
all values that are no default."""

import dataclasses
import re
import tomllib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from competitions import advice
from competitions.announcement_codec import MAX_TABLE_BYTES
from competitions.announcements import FIRST_WORD, NOTICE_BLOCKS, READER
from competitions.spec import Competition, EntrantsSpec, EpsilonSpec, LineageSpec, Phase, Table, TitleSpec
from competitions.table_rules import MAX_SIGNIFICANCE, MAX_SIGNIFICANCE_WITHOUT
from evaluation.tasks.spec import FEWEST_SAMPLES, MAX_NEW_TOKENS, TaskSpec
from ledger.announcements import Dismissal
from models.architectures import ARCHITECTURES
from models.bases import BaseRef
from models.limits import ModelLimits
from models.norms import NormLimits
from neurons import tables

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "competitions.md").read_text(encoding="utf-8")
LIVE = tables.load("finney")
MISSING = object()
RECORDS = {
    "The table": Table,
    "A competition": Competition,
    "Limits": ModelLimits,
    "Norms": NormLimits,
    "Tasks": TaskSpec,
    "Epsilon": EpsilonSpec,
    "Title": TitleSpec,
    "Entrants": EntrantsSpec,
    "Lineage": LineageSpec,
    "Base": BaseRef,
    "The schedule": Phase,
}
UNTOLD = {"Table": {"fingerprint"}, "Competition": {"name"}}
"""What no file gives: the fingerprint is reckoned, and a competition is named by its section."""


def _section(title: str) -> str:
    """What stands below a heading, up to the next one of any level."""
    return re.split(r"\n##+ ", PAGE.partition(f"# {title}\n")[2])[0]


def _rows(title: str) -> list[list[str]]:
    """The cells of a section's table, without its heads."""
    lines = [line for line in _section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def _heads(title: str) -> list[str]:
    (first, *_) = [line for line in _section(title).splitlines() if line.startswith("|")]
    return [cell.strip().strip("`") for cell in first.strip("|").split("|")]


def _value(cell: str) -> Any:
    """What a cell of TOML says; MISSING where there is nothing."""
    if cell in ("", "-"):
        return MISSING
    return None if cell == "none" else tomllib.loads(f"value = {cell.strip('`')}")["value"]


def _shaped(value: Any) -> Any:
    """A value in the shape that TOML would give it; a record of defaults alone is an empty section."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {} if value == type(value)() else value
    if isinstance(value, tuple):
        return [_shaped(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def _fields(record: type[Any]) -> dict[str, Any]:
    untold = UNTOLD.get(record.__name__, set())
    return {
        field.name: MISSING if field.default is dataclasses.MISSING else _shaped(field.default)
        for field in dataclasses.fields(record)
        if field.name not in untold
    }


@pytest.mark.parametrize(("title", "record"), RECORDS.items())
def test_every_field_is_told_with_its_default_and_none_other(title: str, record: type[Any]) -> None:
    assert {name.strip("`"): _value(default) for name, default, _ in _rows(title)} == _fields(record)


def test_bounds_that_the_page_states_are_the_codes() -> None:
    facts = [
        f"at least {FEWEST_SAMPLES}, and one of each producer",
        f"at most {MAX_NEW_TOKENS:,} |",
        f"at most {MAX_SIGNIFICANCE} |",
        f"without them; at most {MAX_SIGNIFICANCE_WITHOUT}: ",
        f"| less than {advice.EPSILON_END}: ",
        f"| less than {advice.PRODUCERS} |",
        f"| less than {advice.ROUNDS}: ",
        f"classes: {', '.join(f'`{name}`' for name in ARCHITECTURES)} |",
    ]
    assert [fact for fact in facts if fact not in PAGE] == []


def _chosen(record: Any, field: str = "") -> Iterator[tuple[str, Any]]:
    """Values of a record that are no default, or have none, by field; what has tables of its own is left out."""
    for item in dataclasses.fields(record):
        value, name = getattr(record, item.name), f"{field}.{item.name}".lstrip(".")
        if name in ("name", "tasks", "sources", "fingerprint", "competitions", "schedule"):
            continue
        if dataclasses.is_dataclass(value) and value != item.default:
            yield from _chosen(value, name)
        elif item.default is dataclasses.MISSING or value != item.default:
            yield name, _shaped(value)


def test_the_live_tables_own_values_are_the_files() -> None:
    told = {name.strip("`"): _value(value) for name, value in _rows("The live table")}
    assert told == dict(_chosen(LIVE)) | {"without_king": LIVE.without_king}


def test_what_the_live_competitions_choose_is_told_and_nothing_else() -> None:
    names = _heads("Its competitions")[1:]
    rows = {row[0].strip("`"): [_value(cell) for cell in row[1:]] for row in _rows("Its competitions")}
    told = {name: {field: cells[place] for field, cells in rows.items()} for place, name in enumerate(names)}
    assert told == {one.name: dict(_chosen(one)) for one in LIVE.competitions}


def test_the_live_tasks_are_told_with_every_value_that_one_of_them_chooses() -> None:
    fields = _heads("Its tasks")[2:]
    tasks = [(one.name, task) for one in LIVE.competitions for task in one.tasks]
    assert _rows("Its tasks") != []
    assert [[*row[:2], *map(_value, row[2:])] for row in _rows("Its tasks")] == [
        [name, task.name, *(getattr(task, field) for field in fields)] for name, task in tasks
    ]
    assert {field for _, task in tasks for field, _ in _chosen(task)} - {*fields, "name"} == set()


def test_the_live_sources_are_told() -> None:
    fields = _heads("Its sources")[2:]
    expected = []
    for one in LIVE.competitions:
        for source in one.sources:
            values = [_reach(source.spec, field) for field in fields]
            expected.append([one.name, source.name, *values])
    assert [[*row[:2], *map(_value, row[2:])] for row in _rows("Its sources")] == expected


def _reach(record: Any, field: str) -> Any:
    for part in field.split("."):
        record = getattr(record, part, MISSING)
    return _shaped(record)


def test_the_live_schedule_is_told_block_by_block() -> None:
    names = _heads("Its schedule")[1:]
    told = [
        (int(row[0].replace(",", "")), {name: cell for name, cell in zip(names, row[1:], strict=True) if cell != "-"})
        for row in _rows("Its schedule")
    ]
    assert told == [
        (phase.from_block, {name: f"{share * 100:g} %" for name, share in phase.shares}) for phase in LIVE.schedule
    ]


def test_what_is_told_of_announcements_is_the_codes() -> None:
    section = PAGE.split("### Announcing it\n", 1)[1].split("\n## ", 1)[0]
    reasons = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert reasons == [reason.value for reason in Dismissal]
    assert f"less than {NOTICE_BLOCKS} blocks after" in section
    assert f"longer than\n{MAX_TABLE_BYTES:,} bytes" in section
    assert f"`{FIRST_WORD.decode()} NAMESPACE/NAME" in section
    assert f"version of readers that it needs, now {READER}." in section
