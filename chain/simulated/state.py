"""What the simulated chain holds at one block: frozen records, so that every block keeps the state it ended with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

from chain.embedded.hyperparameters import Hyperparameters
from chain.types import Block, Hotkey, NetUid, Neuron, Opened, Sealed, Uid

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Failed:
    """A timelocked field that could not be opened at its round."""


Field = bytes | Sealed | Failed
"""One field of a commitment: clear, still closed, or lost."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A standing commitment."""

    block: Block
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Pledge:
    """Weights that were committed and wait for the epoch of their reveal."""

    hotkey: Hotkey
    weights: Mapping[Uid, int]
    version_key: int
    epoch: int
    """Epoch in which they were committed."""


@dataclass(frozen=True, slots=True)
class SubnetState:
    """One subnet. Mappings are never changed, only replaced."""

    rules: Hyperparameters
    owner: Hotkey | None
    last_epoch: Block
    epoch: int = 0
    neurons: Mapping[Uid, Neuron] = field(default_factory=dict)
    stakes: Mapping[Hotkey, float] = field(default_factory=dict)
    """Stake stays behind a hotkey that has lost its uid."""
    permits: Mapping[Hotkey, bool] = field(default_factory=dict)
    """Permits that the operator has fixed; epochs leave them alone."""
    entries: Mapping[Hotkey, Entry] = field(default_factory=dict)
    opened: Mapping[Hotkey, tuple[Opened, ...]] = field(default_factory=dict)
    last: Mapping[Hotkey, Block] = field(default_factory=dict)
    """Block of each hotkey's newest commitment, whether its entry still stands or not."""
    used: Mapping[Hotkey, tuple[int, int]] = field(default_factory=dict)
    """Epoch, and bytes committed in it."""
    weights: Mapping[Uid, Mapping[Uid, int]] = field(default_factory=dict)
    pledges: tuple[Pledge, ...] = ()

    def neuron(self, hotkey: Hotkey) -> Neuron | None:
        """The uid of a hotkey."""
        return next((neuron for neuron in self.neurons.values() if neuron.hotkey == hotkey), None)

    def with_neuron(self, neuron: Neuron) -> "SubnetState":
        """The same with another neuron at its uid."""
        return replace(self, neurons=put(self.neurons, neuron.uid, neuron))


World = Mapping[NetUid, SubnetState]
Change = Callable[[World, Block], World]
"""What a write does in the block that takes it in. Raises Refusal."""

SubnetChange = Callable[[SubnetState, Block], SubnetState]
"""The same for one subnet."""

EMPTY: World = MappingProxyType({})


class Refusal(Exception):
    """A write that the chain refuses under its own name for the reason."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


def require(condition: bool, name: str, message: str) -> None:
    """Refuse the running write unless the condition holds."""
    if not condition:
        raise Refusal(name, message)


def put(mapping: Mapping[Key, Value], key: Key, value: Value) -> Mapping[Key, Value]:
    """A copy with one more value."""
    return {**mapping, key: value}


def without(mapping: Mapping[Key, Value], key: Key) -> Mapping[Key, Value]:
    """A copy with one key less."""
    return {kept: value for kept, value in mapping.items() if kept != key}
