# ruff: noqa: ARG002 - a fake has the parameters of its port
"""A subnet's life block by block, as the chain rules it: seals open first, then hotkeys commit or take over uids.

Small enough to be made by the hundred; what it shows of each block is all that a reader ever gets.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from chain.reader import UnknownBlock
from chain.types import (
    BeaconRound,
    Block,
    Coldkey,
    Commitment,
    Head,
    Hotkey,
    NetUid,
    Neuron,
    Opened,
    Sealed,
    Subnet,
    Uid,
)
from models.ref import CLEAR, WITHDRAWN, ModelRef, encode_hashed, encode_sealed
from tests.neurons.past_chain import PastChain

Kind = Literal["sealed", "bare", "hashed", "withdraw", "foreign", "malformed"]

_REVEALS_KEPT = 10


@dataclass(frozen=True, slots=True)
class Commit:
    """Somebody commits; a seal opens so many blocks later."""

    who: int
    kind: Kind
    opens_after: int = 1


@dataclass(frozen=True, slots=True)
class Register:
    """A hotkey takes a uid over from whoever held it, whose commitments go."""

    who: int
    uid: int


@dataclass
class Life(PastChain):
    """A chain of the past whose blocks are lived one by one with `live`."""

    looks: list[Subnet] = field(default_factory=list)

    def live(self, *events: Commit | Register) -> None:
        """One more block."""
        block = Block(len(self.looks))
        holders = {n.uid: n for n in self.looks[-1].neurons} if self.looks else {}
        entries = {e.hotkey: _opened(e, block) for e in self._last()}
        for event in events:
            if isinstance(event, Register):
                if any(n.hotkey == _hot(event.who) for n in holders.values()):
                    continue
                if event.uid in holders:
                    entries.pop(holders[Uid(event.uid)].hotkey, None)
                holders[Uid(event.uid)] = _neuron(event, block)
            elif any(n.hotkey == _hot(event.who) for n in holders.values()):
                before = entries.get(_hot(event.who))
                entries[_hot(event.who)] = _entry(event, block, before.opened if before else ())
        shown = tuple(entry for _, entry in sorted(entries.items()) if entry.raw or entry.sealed or entry.opened)
        at, neurons = Head(block, self.block_hash(block)), tuple(n for _, n in sorted(holders.items()))
        self.looks.append(Subnet(at, self.timestamp(block), neurons, shown))
        self.number = self.final = block

    def subnet(self, netuid: NetUid, at: Head) -> Subnet:
        self.read.append(at.number)
        if at.number < self.pruned:
            raise UnknownBlock(f"the state of block {at.number} is gone")
        return self.looks[at.number]

    def _last(self) -> list[Commitment]:
        return [e for e in self.looks[-1].commitments if isinstance(e, Commitment)] if self.looks else []


def _entry(event: Commit, block: Block, opened: tuple[Opened, ...]) -> Commitment:
    hotkey, ref = _hot(event.who), ModelRef("answers", f"user{event.who}/model", f"{block:040x}", f"{block:064x}")
    sealed = Sealed(encode_sealed(ref, hotkey).encode(), BeaconRound(block + event.opens_after))
    raw: dict[Kind, bytes | None] = {
        "sealed": CLEAR,
        "bare": None,
        "hashed": encode_hashed(ref, hotkey).encode(),
        "withdraw": WITHDRAWN,
        "foreign": b"hello",
        "malformed": b"crucible/9",
    }
    return Commitment(hotkey, block, sealed if event.kind in ("sealed", "bare") else None, raw[event.kind], opened)


def _opened(entry: Commitment, block: Block) -> Commitment:
    """The entry after the openings of a block; its "ciphertext" is its text."""
    if entry.sealed is None or entry.sealed.reveal_round > block:
        return entry
    texts = (*entry.opened, Opened(entry.sealed.ciphertext, block))
    return replace(entry, sealed=None, opened=texts[-_REVEALS_KEPT:])


def _neuron(event: Register, block: Block) -> Neuron:
    return Neuron(
        Uid(event.uid), _hot(event.who), Coldkey(f"cold{event.who}-{block}"), 0.0, False, Block(block), Block(block)
    )


def _hot(who: int) -> Hotkey:
    return Hotkey(f"hot{who}")
