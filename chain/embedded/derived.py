"""Storage items that follow from a block's number, time and hash: answered when read instead of written every block."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chain.embedded.beacon import Beacon
from chain.embedded.state import SUBTENSOR, State


@dataclass(frozen=True, slots=True)
class View:
    """A sealed block to read from: its state and the beacon as of its time."""

    state: State
    beacon: Beacon

    def raw(self, pallet: str, name: str, key: Sequence[object]) -> bytes | None:
        """An item's SCALE bytes, derived or stored."""
        derive = DERIVED.get((pallet, name))
        if derive is None:
            return self.state.raw(pallet, name, *key)
        value = derive(self, *key)
        if value is None or isinstance(value, bytes):
            return value
        return self.state.metadata.encode(self.state.metadata.item(pallet, name).value_type, value)

    def get(self, pallet: str, name: str, *key: object) -> Any:
        """An item's plain value."""
        return self.state.metadata.value(self.state.metadata.item(pallet, name), self.raw(pallet, name, key))


def _number(view: View) -> int:
    return view.state.number


def _now(view: View) -> int:
    return view.state.time_ms


def _block_hash(view: View, number: Any) -> bytes | None:
    header = view.state.file.block(int(number)) if int(number) < view.state.number else None
    return header.hash if header else None


def _parent_hash(view: View) -> bytes | None:
    return _block_hash(view, view.state.number - 1)


def _events(view: View) -> bytes | None:
    return view.state.file.events(view.state.number)


def _blocks_since_last_step(view: View, netuid: Any) -> int:
    last = int(view.state.get(SUBTENSOR, "LastMechansimStepBlock", netuid))
    tempo = int(view.state.get(SUBTENSOR, "Tempo", netuid))
    return min(view.state.number - last, tempo + 1)


def _pulse(view: View, round_: Any) -> dict[str, object] | None:
    signature = view.beacon.signature(int(round_), view.state.time_ms)
    if signature is None:
        return None
    return {"round": int(round_), "randomness": view.beacon.randomness(signature), "signature": bytes(signature)}


def _last_round(view: View) -> int:
    return view.beacon.clock.latest(view.state.time_ms)


def _oldest_round(view: View) -> int:
    return view.beacon.oldest(view.state.time_ms)


DERIVED: dict[tuple[str, str], Callable[..., Any]] = {
    ("System", "Number"): _number,
    ("System", "BlockHash"): _block_hash,
    ("System", "ParentHash"): _parent_hash,
    ("System", "Events"): _events,
    ("Timestamp", "Now"): _now,
    ("Drand", "Pulses"): _pulse,
    ("Drand", "LastStoredRound"): _last_round,
    ("Drand", "OldestStoredRound"): _oldest_round,
    (SUBTENSOR, "BlocksSinceLastStep"): _blocks_since_last_step,
}
