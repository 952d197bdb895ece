"""How a rule of the table is stated, and what its breaking says: the field, what it must be, and what it is."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from competitions.toml_records import Fault, Place

Check: TypeAlias = tuple[bool, str, object, str]
"""Whether a value is good, its field (dots between sections), the value, and what it must be."""

Checks: TypeAlias = Iterator[Check]


def broken(checks: Iterable[Check], place: Place) -> list[Fault]:
    """A fault for each check that fails, its field counted from a place."""
    return [
        Fault((*place, *field.split(".")), f"must be {rule} (it is {value})")
        for good, field, value, rule in checks
        if not good
    ]
