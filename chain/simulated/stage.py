"""The simulated chain as its operator sees it: subnets, uids and stake, blocks made and given up, state forgotten."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from chain.embedded.beacon import BeaconClock
from chain.embedded.hyperparameters import Hyperparameters
from chain.simulated import commitments, registration
from chain.simulated.beacon import SimulatedBeacon
from chain.simulated.faults import Faults
from chain.simulated.history import History, Made, applied, with_all
from chain.simulated.state import Change, Field, SubnetChange, SubnetState, World, put, require
from chain.types import BeaconRound, Block, Coldkey, Hotkey, NetUid, Sealed, Uid

START = datetime(2030, 1, 1, tzinfo=UTC)

NOBODY = SubnetState(Hyperparameters(), None, Block(0))
"""What a write finds where there is no subnet: nobody holds a uid, and that is what it is refused for."""

_ROUND_MS = 3_000
"""A beacon round takes quicknet's three seconds of chain time, or one block time where blocks are faster."""


class Stage:
    """Threads may share it. Changes at block 0 are part of genesis; later ones make a block of their own each, unless
    they stand in a `with chain.block():`."""

    def __init__(
        self,
        *,
        block_time_s: float = 12.0,
        start: datetime = START,
        finality_lag: int = 0,
        blocks_a_look: int = 0,
        name: str = "simulated",
    ) -> None:
        """`blocks_a_look` blocks are made whenever the head, or the commitments at the head, are asked for.

        Chains of different names have different block hashes and beacons.
        """
        block_ms, start_ms = round(block_time_s * 1000), round(start.timestamp() * 1000)
        self.name = name
        self.faults = Faults()
        self.blocks_a_look = blocks_a_look
        self.looks: list[Block] = []
        """Every block whose commitments were read through a port, in order."""
        self._block_ms = block_ms
        self._lag = finality_lag
        self._held_final: int | None = None
        self._beacon = SimulatedBeacon(BeaconClock(start_ms, min(_ROUND_MS, block_ms)), name.encode())
        self._history = History(self._beacon, name.encode(), start_ms, block_ms)
        self._pruned = 0
        self._seals = 0
        self._lock = threading.RLock()
        self._open: Made | None = None

    def create_subnet(self, netuid: NetUid, rules: Hyperparameters | None = None) -> None:
        """Add a subnet that nobody is on."""
        chosen = rules or Hyperparameters()
        self.change(lambda world, block: put(world, netuid, SubnetState(chosen, None, block)))

    def set_rules(self, netuid: NetUid, rules: Hyperparameters) -> None:
        """Replace all hyperparameters of a subnet."""
        self.on(netuid, lambda subnet, _: replace(subnet, rules=rules))

    def register(self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey) -> Uid:
        """Give a hotkey a uid; the first one's is the subnet's owner, who needs no permit and is never replaced.

        Raises Refusal.
        """

        def change(subnet: SubnetState, block: Block) -> SubnetState:
            return registration.register(replace(subnet, owner=subnet.owner or hotkey), hotkey, coldkey, block)

        self.on(netuid, change)
        return registration.held_by(self._world()[netuid], hotkey).uid

    def hand_over(self, netuid: NetUid, hotkey: Hotkey) -> None:
        """Make another hotkey the subnet's owner."""
        self.on(netuid, lambda subnet, _: replace(subnet, owner=hotkey))

    def deregister(self, netuid: NetUid, hotkey: Hotkey, *, purge: bool = True) -> None:
        """Take a hotkey's uid away, and as newer runtimes do its commitments. Raises Refusal."""
        self.on(netuid, lambda subnet, _: registration.deregister(subnet, hotkey, purging=purge))

    def stake(self, netuid: NetUid, hotkey: Hotkey, tao: float) -> None:
        """Put stake behind a hotkey; a permit follows at the subnet's next epoch, in genesis at once."""

        def change(subnet: SubnetState, block: Block) -> SubnetState:
            staked = registration.stake(subnet, hotkey, tao)
            return staked if block else registration.give_permits(staked)

        self.on(netuid, change)

    def permit(self, netuid: NetUid, hotkey: Hotkey, allowed: bool = True) -> None:
        """Give or take a permit for good, whatever the stake."""
        self.on(netuid, lambda subnet, _: registration.permit(subnet, hotkey, allowed))

    def put(self, netuid: NetUid, hotkey: Hotkey, *fields: Field) -> Block:
        """Commit whatever fields a stranger might, without a signature; the block it stands in. Raises Refusal."""
        return self.on(netuid, lambda subnet, block: commitments.commit(subnet, hotkey, fields, block), genesis=False)

    def sealed(self, text: bytes, open_at: Block) -> Sealed:
        """Any bytes, sealed so that they open in a block that is yet to come."""
        with self._lock:
            head = self._history.head
            opens_ms = head.time_ms + max(1, open_at - head.number) * self._block_ms
            self._seals += 1
            return self._beacon.seal(text, BeaconRound(self._beacon.clock.first_at(opens_ms)), self._seals)

    def advance(self, blocks: int = 1) -> Block:
        """Make blocks; the head afterwards."""
        with self._lock:
            for _ in range(blocks):
                self._history.append(self._history.next())
            return self._history.head.number

    def advance_to(self, block: int) -> Block:
        """Make blocks until the head is at least this one."""
        return self.advance(max(0, block - self._history.head.number))

    @contextmanager
    def block(self) -> Iterator[Block]:
        """Everything written by this thread within stands in one block: the next one. Reads show it afterwards."""
        with self._lock:
            self._open = self._history.next()
            try:
                yield self._open.number
                self._history.append(self._open)
            finally:
                self._open = None

    def prune(self, before: int) -> None:
        """Forget the state of all blocks before one, as nodes that are no archives do; their hashes stay known."""
        with self._lock:
            self._pruned = max(self._pruned, before)

    def hold_finality(self, at: int | None) -> None:
        """Let no block after this one become final, as on a chain whose voters are cut off; None lets them again."""
        with self._lock:
            self._held_final = at

    def reorganise(self, depth: int, *, lose_writes: bool = False) -> Block:
        """Give up the newest blocks for others, one more of them; the head afterwards.

        What was written in them is taken in again by the first new block, or lost. Raises ValueError for final blocks.
        """
        with self._lock:
            head = self._history.head.number
            if not 0 < depth <= head - self._final():
                raise ValueError(f"{depth} blocks cannot be given up at {head}: block {self._final()} is final")
            changes = self._history.drop(depth)
            self._history.append(with_all(self._history.next(), () if lose_writes else changes))
            return self.advance_to(head + 1)

    def on(self, netuid: NetUid, change: SubnetChange, *, genesis: bool = True) -> Block:
        """Change one subnet; the block it stands in. Raises Refusal."""

        def on_world(world: World, block: Block) -> World:
            changed = change(world.get(netuid, NOBODY), block)
            require(netuid in world, "SubnetNotExists", f"there is no netuid {netuid}")
            return put(world, netuid, changed)

        return self.change(on_world, genesis=genesis)

    def change(self, change: Change, *, genesis: bool = True) -> Block:
        """Change the state of the next block, or of genesis while it is the head; the block it stands in.

        Raises Refusal.
        """
        with self._lock:
            if self._open is not None:
                self._open = applied(self._open, change)
                return self._open.number
            if genesis and self._history.head.number == 0:
                self._history.rewrite_genesis(change)
                return Block(0)
            self._history.append(applied(self._history.next(), change))
            return self._history.head.number

    def _world(self) -> World:
        return (self._open or self._history.head).world

    def _final(self) -> Block:
        final = max(0, self._history.head.number - self._lag)
        return Block(final if self._held_final is None else min(final, self._held_final))
