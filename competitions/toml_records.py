"""From the values of a TOML file to the table's records, every fault with its place, its value and the remedy."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, TypeAlias, TypeVar

import pydantic

Record = TypeVar("Record")

Place: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys, numbers of list items (from 0), and the names of tasks in place of their numbers."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a place, and on which line of the file, once that is known."""

    place: Place
    words: str
    line: int | None = None

    @property
    def field(self) -> str:
        """The place as one writes it: `competitions.chat.limits.architectures[0]`."""
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.place).lstrip(".")

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.field}: {self.words}" if self.place else f"{where}{self.words}"


class TableError(Exception):
    """The table cannot be used; the message lists every fault, a line each."""


class FaultyTable(TableError):
    """The table's text is at fault, in these places."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def built(data: Any, kind: type[Record], place: Place) -> Record:
    """A record of that kind. Raises FaultyTable for keys it does not have and values it cannot hold."""
    if unknown := _unknown_keys(data, kind, place):
        raise FaultyTable(unknown)
    try:
        return pydantic.TypeAdapter(kind).validate_python(data)
    except pydantic.ValidationError as error:
        raise FaultyTable(_fault(fault, place) for fault in error.errors()) from None


def _fault(fault: Any, place: Place) -> Fault:
    value = "" if fault["type"] == "missing" else f" (it is {fault['input']!r})"
    return Fault((*place, *fault["loc"]), f"{fault['msg'].lower()}{value}")


def _unknown_keys(value: Any, kind: Any, place: Place) -> list[Fault]:
    """Keys that no record has, anywhere in the tree: a mistyped rule must not be ignored in silence."""
    if isinstance(value, tuple | list):
        inner = kind.__args__[0] if getattr(kind, "__args__", ()) else None
        return [fault for n, item in enumerate(value) for fault in _unknown_keys(item, inner, (*place, n))]
    if isinstance(kind, UnionType):
        kind = next((choice for choice in kind.__args__ if dataclasses.is_dataclass(choice)), None)
    if not isinstance(value, Mapping) or not dataclasses.is_dataclass(kind):
        return []
    fields = {field.name: field.type for field in dataclasses.fields(kind)}
    known = ", ".join(sorted(set(fields) - {"fingerprint", "name"}))
    faults = [Fault((*place, key), f"unknown field; known are {known}") for key in value if key not in fields]
    return faults + [
        fault for key in value if key in fields for fault in _unknown_keys(value[key], fields[key], (*place, key))
    ]
