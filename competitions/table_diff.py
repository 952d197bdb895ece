"""What differs between two tables, field by field, and between which blocks shares do. Pure."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chain.types import Block
from competitions.spec import Table
from competitions.table import shares_at

FIXED = ("first_block", "round_blocks")
"""What a competition that runs cannot change: which round is which follows from these."""

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Change:
    """A field with its two values, None where a table has no such field; `forbidden` says why a running competition
    cannot take the change."""

    field: str
    before: Any
    after: Any
    forbidden: str | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """From a block on, up to the block before the next shift, two tables pay other shares."""

    from_block: Block
    before: Mapping[str, float]
    after: Mapping[str, float]


def changes(before: Table, after: Table) -> tuple[Change, ...]:
    """Every field that differs, in the order of the first table, with a competition that only one has as one field. The
    schedule is `shifts`'."""
    old, new = _fields(before, after), _fields(after, before)
    differing = [field for field in {**old, **new} if old.get(field, _MISSING) != new.get(field, _MISSING)]
    return tuple(_change(field, old, new) for field in differing)


def shifts(before: Table, after: Table) -> tuple[Shift, ...]:
    """The spans of blocks in which shares differ, each by its first block, and where they are the same again."""
    blocks = sorted({phase.from_block for table in (before, after) for phase in table.schedule})
    spans = [Shift(block, shares_at(before, block), shares_at(after, block)) for block in blocks]
    found: list[Shift] = []
    differs = False
    for span in spans:
        if differs or span.before != span.after:
            found.append(span)
        differs = span.before != span.after
    return tuple(found)


def _change(field: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Change:
    competition, _, name = field.removeprefix("competitions.").partition(".")
    change = Change(field, old.get(field), new.get(field))
    if field.startswith("competitions.") and name in FIXED and field in old and field in new:
        why = f"{competition} has rounds already, which {name} numbers: give a new competition a new name"
        return dataclasses.replace(change, forbidden=why)
    return change


def _fields(table: Table, other: Table) -> dict[str, Any]:
    common = {competition.name for competition in other.competitions}
    content = dataclasses.asdict(dataclasses.replace(table, schedule=(), fingerprint=""))
    both = tuple(one for one in content.pop("competitions") if one["name"] in common)
    alone = {f"competitions.{one.name}": "present" for one in table.competitions if one.name not in common}
    return dict(_leaves({**content, "competitions": both}, "")) | alone


def _leaves(value: Any, field: str) -> Iterator[tuple[str, Any]]:
    """Values by field; records of a list are known by their name, not by their number."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{field}.{key}".lstrip("."))
    elif isinstance(value, tuple) and value and all(isinstance(item, Mapping) and "name" in item for item in value):
        for item in value:
            inner = item.get("spec", {key: part for key, part in item.items() if key != "name"})
            yield from _leaves(inner, f"{field}.{item['name']}")
    elif value is not None:
        yield field, list(value) if isinstance(value, tuple) else value
