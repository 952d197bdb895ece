"""Tables under other rules: single values of a table's text replaced, each named by its path. Knows no rule.

What comes out is text again, and goes through the table's own parser, so that its messages are the table's.
"""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from competitions.spec import Table
from competitions.table import parse
from competitions.toml_records import FaultyTable, TableError


def overridden(text: str, settings: Iterable[str]) -> Table:
    """The table of a text with values set, each as PATH=VALUE. Raises TableError."""
    settings = list(settings)
    if not settings:
        return parse(text)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"the table is not valid TOML: {error}") from None
    for setting in settings:
        _set(data, setting)
    return _parsed("\n".join(f"{_key(name)} = {_toml(value)}" for name, value in data.items()))


def _parsed(text: str) -> Table:
    """A table whose faults are told without their lines, which nobody has seen."""
    try:
        return parse(text)
    except FaultyTable as faulty:
        raise FaultyTable(replace(fault, line=None) for fault in faulty.faults) from None


def _set(data: dict[str, Any], setting: str) -> None:
    path, equals, value = setting.partition("=")
    *above, last = path.strip().split(".")
    if not equals or not last or not all(above):
        raise TableError(f"--set {setting!r}: must be PATH=VALUE, as in competitions.chat.epsilon.start=0.02")
    inside: Any = data
    for depth, name in enumerate(above):
        inside = _step(inside, name, ".".join(above[:depth]), setting)
    if isinstance(inside, list):
        inside[_place(inside, last, ".".join(above), setting)] = _value(value)
        return
    if not isinstance(inside, dict):
        raise TableError(f"--set {setting!r}: {'.'.join(above)} is a value (it is {inside!r}) and holds no {last!r}")
    inside[last] = _value(value)


def _step(inside: Any, name: str, where: str, setting: str) -> Any:
    """What stands under a name; a section that is not there yet is begun, the parser knows whether there may be one."""
    if isinstance(inside, list):
        return inside[_place(inside, name, where, setting)]
    if not isinstance(inside, dict):
        raise TableError(f"--set {setting!r}: {where} is a value (it is {inside!r}) and holds no {name!r}")
    if where == "competitions" and name not in inside:
        raise TableError(f"--set {setting!r}: unknown competition {name!r}; known are {', '.join(sorted(inside))}")
    return inside.setdefault(name, {})


def _place(items: list[Any], name: str, where: str, setting: str) -> int:
    """Which of a list's entries is meant: by its name, or by its number from 0."""
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    if name in names:
        return names.index(name)
    if name.isdecimal() and int(name) < len(items):
        return int(name)
    known = [str(one) for one in names if one] or [f"0 to {len(items) - 1}"]
    raise TableError(f"--set {setting!r}: {where} has no {name!r}; known are {', '.join(known)}")


def _value(text: str) -> Any:
    """A value as TOML writes it; what is none is a text, so that words need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _toml(value: Any) -> str:
    match value:
        case dict():
            return "{ " + ", ".join(f"{_key(name)} = {_toml(its)}" for name, its in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case bool() | str():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def _key(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
