# ruff: noqa: ARG002 - a fake has the parameters of its port
"""A chain whose whole past is written down beforehand, for tests of what a validator reads from it and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chain.reader import UnknownBlock
from chain.types import (
    BeaconRound,
    Block,
    BlockCount,
    BlockHash,
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
    Unreadable,
    WeightRules,
    Weights,
)
from models.ref import CLEAR, ModelRef, encode_sealed

START = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class PastChain:
    """A reader alone. `states` holds a subnet's commitments from a block on; blocks before `pruned` have no state."""

    states: Mapping[int, tuple[Commitment | Unreadable, ...]]
    members: tuple[Neuron, ...]
    number: int = 1_000
    final: int = 1_000
    pruned: int = 0
    read: list[int] = field(default_factory=list)
    """Every block whose commitments were asked for."""

    def head(self) -> Block:
        return Block(self.number)

    def finalized(self) -> Head:
        return Head(Block(self.final), self.block_hash(Block(self.final)))

    def block_hash(self, block: Block) -> BlockHash:
        return BlockHash(f"0x{block:064x}")

    def block_time(self) -> float:
        return 1.0

    def timestamp(self, block: Block) -> datetime:
        return START + timedelta(seconds=block)

    def subnet(self, netuid: NetUid, at: Head) -> Subnet:
        return Subnet(
            at, self.timestamp(at.number), self.neurons(netuid, at.number), self.commitments(netuid, at.number)
        )

    def neurons(self, netuid: NetUid, block: Block | None = None) -> tuple[Neuron, ...]:
        at = self.number if block is None else block
        return tuple(neuron for neuron in self.members if neuron.registered_at <= at)

    def commitments(self, netuid: NetUid, block: Block | None = None) -> tuple[Commitment | Unreadable, ...]:
        at = self.number if block is None else block
        self.read.append(at)
        if at < self.pruned:
            raise UnknownBlock(f"the state of block {at} is gone")
        return self.states[max((since for since in self.states if since <= at), default=min(self.states))]

    def weights(self, netuid: NetUid, block: Block | None = None) -> dict[Uid, Weights]:
        return {}

    def weight_rules(self, netuid: NetUid) -> WeightRules:
        return WeightRules(BlockCount(0), commit_reveal=False)

    def beacon_round(self, at: datetime) -> BeaconRound:
        return BeaconRound(int((at - START).total_seconds()))

    def beacon_signature(self, round_: BeaconRound) -> bytes | None:
        return round_.to_bytes(48, "big")


def member(name: str, uid: int, since: int = 1) -> Neuron:
    """A hotkey of a coldkey of its own."""
    return Neuron(Uid(uid), Hotkey(name), Coldkey(f"cold-{name}"), 0.0, False, Block(since), Block(since))


def pointer(name: str, digest: str = "d", hotkey: str | None = None) -> bytes:
    """The line in which `name`, or another hotkey, enters `name`/model into the competition `answers`."""
    ref = ModelRef("answers", f"{name}/model", "a" * 40, (digest * 64)[:64])
    return encode_sealed(ref, Hotkey(hotkey or name)).encode()


def entry(name: str, block: int, *opened: tuple[bytes, int], closed: bool = False) -> Commitment:
    """A standing entry, `closed` while its own seal is, and all texts (data, block) that opened so far."""
    seal = Sealed(b"cipher", BeaconRound(1)) if closed else None
    texts = tuple(Opened(data, Block(at)) for data, at in opened)
    return Commitment(Hotkey(name), Block(block), seal, CLEAR, texts)
