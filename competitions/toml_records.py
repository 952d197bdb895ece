"""From the values of a TOML file to the table's records, every fault with its place, its value and the remedy."""

import dataclasses
from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeVar

import pydantic

Record = TypeVar("Record")


class TableError(Exception):
    """The table cannot be used; the message lists every fault, a line each."""


def built(data: Any, kind: type[Record], where: str) -> Record:
    """A record of that kind. Raises TableError for keys it does not have and values it cannot hold."""
    if unknown := _unknown_keys(data, kind, where):
        raise TableError("\n".join(unknown))
    try:
        return pydantic.TypeAdapter(kind).validate_python(data)
    except pydantic.ValidationError as error:
        place = () if where == "table" else (where,)
        raise TableError("\n".join(_line(fault, place) for fault in error.errors())) from None


def _line(fault: Any, place: tuple[str, ...]) -> str:
    where = ".".join([*place, *map(str, fault["loc"])])
    value = "" if fault["type"] == "missing" else f" (it is {fault['input']!r})"
    return f"{where}: {fault['msg'].lower()}{value}"


def _unknown_keys(value: Any, kind: Any, where: str) -> list[str]:
    """Keys that no record has, anywhere in the tree: a mistyped rule must not be ignored in silence."""
    if isinstance(value, tuple | list):
        inner = kind.__args__[0] if getattr(kind, "__args__", ()) else None
        return [line for n, item in enumerate(value) for line in _unknown_keys(item, inner, f"{where}[{n}]")]
    if isinstance(kind, UnionType):
        kind = next((choice for choice in kind.__args__ if dataclasses.is_dataclass(choice)), None)
    if not isinstance(value, Mapping) or not dataclasses.is_dataclass(kind):
        return []
    fields = {field.name: field.type for field in dataclasses.fields(kind)}
    lines = [
        f"{where}.{key}: unknown field; known are {', '.join(sorted(set(fields) - {'fingerprint', 'name'}))}"
        for key in value
        if key not in fields
    ]
    return lines + [
        line for key in value if key in fields for line in _unknown_keys(value[key], fields[key], f"{where}.{key}")
    ]
