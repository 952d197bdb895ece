"""The simulated chain's blocks: what each ended with, how a new one is made, and how the newest are given up."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chain.simulated import commitments, registration, weights
from chain.simulated.beacon import SimulatedBeacon
from chain.simulated.state import EMPTY, Change, Refusal, SubnetState, World
from chain.types import Block, BlockHash


@dataclass(frozen=True, slots=True)
class Made:
    """One block: its hash, its time in milliseconds, the state it ended with, and the writes it took in."""

    number: Block
    hash: BlockHash
    time_ms: int
    world: World
    changes: tuple[Change, ...] = ()


class History:
    """All blocks from genesis on. A hash follows from the number, the chain's name and how often it reorganised
    before: what is written changes none, so that two runs of one scene draw the same rounds. Not thread-safe."""

    def __init__(self, beacon: SimulatedBeacon, name: bytes, start_ms: int, block_ms: int) -> None:
        self._beacon = beacon
        self._name = name
        self._block_ms = block_ms
        self._forks = 0
        self._blocks = [Made(Block(0), self._hash(0), start_ms, EMPTY)]

    @property
    def head(self) -> Made:
        """The newest block."""
        return self._blocks[-1]

    def block(self, number: int) -> Made | None:
        """A block of the chain as it stands."""
        return self._blocks[number] if 0 <= number < len(self._blocks) else None

    def next(self) -> Made:
        """The block after the head before any write: timelocks opened, epochs turned."""
        head = self.head
        number, now_ms = Block(head.number + 1), head.time_ms + self._block_ms
        world = {netuid: self._begun(subnet, number, now_ms) for netuid, subnet in head.world.items()}
        same = all(world[netuid] is subnet for netuid, subnet in head.world.items())
        return Made(number, self._hash(number), now_ms, head.world if same else world)

    def append(self, made: Made) -> None:
        """Put a finished block on top."""
        self._blocks.append(made)

    def rewrite_genesis(self, change: Change) -> None:
        """Let an operator's change be part of block 0."""
        self._blocks[0] = replace(self._blocks[0], world=change(self._blocks[0].world, Block(0)))

    def drop(self, depth: int) -> tuple[Change, ...]:
        """Give up the newest blocks; what was written in them, in order. Blocks made from now on have other hashes."""
        dropped = self._blocks[len(self._blocks) - depth :]
        del self._blocks[len(self._blocks) - depth :]
        self._forks += 1
        return tuple(change for made in dropped for change in made.changes)

    def _begun(self, subnet: SubnetState, number: Block, now_ms: int) -> SubnetState:
        subnet = commitments.open_due(subnet, self._beacon, number, now_ms)
        tempo = subnet.rules.tempo
        turned = tempo > 0 and number - subnet.last_epoch >= tempo
        if not turned:
            return subnet
        subnet = weights.reveal_due(replace(subnet, epoch=subnet.epoch + 1, last_epoch=number))
        return registration.give_permits(subnet)

    def _hash(self, number: int) -> BlockHash:
        told = b"%s|%d|%d" % (self._name, self._forks, number)
        return BlockHash("0x" + hashlib.blake2b(told, digest_size=32).hexdigest())


def applied(made: Made, change: Change) -> Made:
    """The block with one more write. Raises Refusal."""
    return replace(made, world=change(made.world, made.number), changes=(*made.changes, change))


def with_all(made: Made, changes: Sequence[Change]) -> Made:
    """The block with all writes that it does not refuse."""
    for change in changes:
        try:
            made = applied(made, change)
        except Refusal:
            continue
    return made
