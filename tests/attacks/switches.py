"""How a defence is switched off: one function of the house is replaced by its permissive version for a while."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

HOUSE = ("chain", "competitions", "evaluation", "hub", "ledger", "models", "neurons")


@dataclass(frozen=True, slots=True)
class Switch:
    """`where` is `module:name` or `module:Class.name`; `instead` stands in for it, and `means` says in words how."""

    where: str
    instead: Any
    means: str
    alone: bool = False
    """Whether only that module's own hold on the function is meant, and not every one in the house."""


Switches = Mapping[str, Switch]
"""By the defence's name."""


@contextmanager
def without(*switches: Switch, rooms: Sequence[str] = HOUSE) -> Iterator[None]:
    """Switch defences off while the block runs, wherever the rooms hold them by name."""
    changed: list[tuple[object, str, object]] = []
    for switch in switches:
        for holder, attribute in _holders(switch, rooms):
            changed.append((holder, attribute, vars(holder)[attribute]))
            setattr(holder, attribute, switch.instead)
    try:
        yield
    finally:
        for holder, attribute, before in reversed(changed):
            setattr(holder, attribute, before)


def _holders(switch: Switch, rooms: Sequence[str]) -> list[tuple[object, str]]:
    """Whatever holds a function: its class, or each module of these rooms that has it."""
    module, _, path = switch.where.partition(":")
    *owner, attribute = path.split(".")
    home: Any = import_module(module)
    if owner:
        return [(getattr(home, owner[0]), attribute)]
    if switch.alone:
        return [(home, attribute)]
    function = getattr(home, attribute)
    modules = [its for name, its in list(sys.modules.items()) if name.partition(".")[0] in rooms and its is not None]
    return [(room, key) for room in modules for key, value in list(vars(room).items()) if value is function]
