"""A chain in memory behind the same two ports as the real one: deterministic, stepped, and as faulty as asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from chain.reader import ChainUnreachable, UnknownBlock, UnknownSubnet
from chain.signing import Wallet
from chain.simulated import commitments
from chain.simulated.faults import Effect, Halved, Lost, Spoiled
from chain.simulated.history import Made
from chain.simulated.stage import Stage
from chain.simulated.state import Field, Refusal, SubnetChange, SubnetState
from chain.simulated.weights import fitted, rules_of, set_weights
from chain.types import (
    BeaconRound,
    Block,
    BlockHash,
    Commitment,
    CommitmentRoom,
    Head,
    Hotkey,
    Included,
    NetUid,
    Neuron,
    Refused,
    Sealed,
    Subnet,
    Uid,
    Unreadable,
    WeightRules,
    Weights,
)


class SimulatedChain(Stage):
    """Reader and writer. Every call first meets the script of `faults`; a write makes its block, and as many after it
    as make it final."""

    def close(self) -> None:
        """Nothing is held open."""

    def head(self) -> Block:
        """See ChainReader."""
        with self._asked("head"):
            return self.advance(self.blocks_a_look)

    def finalized(self) -> Head:
        """See ChainReader."""
        with self._asked("finalized"):
            made = self._made(self._final())
            return Head(made.number, made.hash)

    def block_hash(self, block: Block) -> BlockHash:
        """See ChainReader. The hash of a block whose state is pruned stays known."""
        with self._asked("block_hash"):
            return self._made(block).hash

    def block_time(self) -> float:
        """See ChainReader."""
        with self._asked("block_time"):
            return self._block_ms / 1000

    def timestamp(self, block: Block) -> datetime:
        """See ChainReader."""
        with self._asked("timestamp"):
            return _moment(self._stored(block))

    def subnet(self, netuid: NetUid, at: Head) -> Subnet:
        """See ChainReader. Raises UnknownBlock too where a block of that number has another hash by now."""
        with self._asked("subnet") as effect:
            made = self._stored(at.number)
            if made.hash != at.hash:
                raise UnknownBlock(f"{self.name} has no block with hash {at.hash}")
            return Subnet(at, _moment(made), _neurons(self._subnet(netuid, made)), self._shown(netuid, made, effect))

    def neurons(self, netuid: NetUid, block: Block | None = None) -> tuple[Neuron, ...]:
        """See ChainReader."""
        with self._asked("neurons"):
            return _neurons(self._subnet(netuid, self._stored(block)))

    def subnet_owner(self, netuid: NetUid, block: Block | None = None) -> Hotkey | None:
        """See ChainReader."""
        with self._asked("subnet_owner"):
            return self._subnet(netuid, self._stored(block)).owner

    def commitments(self, netuid: NetUid, block: Block | None = None) -> tuple[Commitment | Unreadable, ...]:
        """See ChainReader."""
        with self._asked("commitments") as effect:
            if block is None:
                self.advance(self.blocks_a_look)
            return self._shown(netuid, self._stored(block), effect)

    def weights(self, netuid: NetUid, block: Block | None = None) -> dict[Uid, Weights]:
        """See ChainReader."""
        with self._asked("weights") as effect:
            subnet = self._stored(block).world.get(netuid)
            rows = sorted(subnet.weights.items()) if subnet else []
            kept = rows[::2] if isinstance(effect, Halved) else rows
            return {uid: {to: value / sum(row.values()) for to, value in row.items()} for uid, row in kept}

    def weight_rules(self, netuid: NetUid) -> WeightRules:
        """See ChainReader."""
        with self._asked("weight_rules"):
            return rules_of(self._subnet(netuid, self._stored(None)))

    def commitment_room(self, netuid: NetUid, hotkey: Hotkey) -> CommitmentRoom:
        """See ChainReader."""
        with self._asked("commitment_room"):
            return commitments.room(self._subnet(netuid, self._stored(None)), hotkey)

    def beacon_round(self, at: datetime) -> BeaconRound:
        """See ChainReader."""
        return BeaconRound(self._beacon.clock.first_at(at.timestamp() * 1000))

    def beacon_signature(self, round_: BeaconRound) -> bytes | None:
        """See ChainReader."""
        with self._asked("beacon_signature"):
            return self._beacon.signature(round_, self._history.head.time_ms)

    def seal(self, text: str, open_at: Block) -> Sealed:
        """See ChainWriter."""
        with self._asked("seal") as effect:
            sealed = self.sealed(text.encode(), open_at)
            return replace(sealed, ciphertext=sealed.ciphertext[:-1]) if isinstance(effect, Spoiled) else sealed

    def commit(self, netuid: NetUid, wallet: Wallet, *, raw: bytes, sealed: Sealed | None = None) -> Included | Refused:
        """See ChainWriter."""
        fields: tuple[Field, ...] = (raw,) if sealed is None else (sealed, raw)

        def change(subnet: SubnetState, block: Block) -> SubnetState:
            return commitments.commit(subnet, wallet.hotkey, fields, block)

        return self._write("commit", netuid, change)

    def set_weights(
        self, netuid: NetUid, wallet: Wallet, weights: Weights, *, version_key: int = 0
    ) -> Included | Refused:
        """See ChainWriter."""

        def change(subnet: SubnetState, block: Block) -> SubnetState:
            return set_weights(subnet, wallet.hotkey, fitted(subnet, wallet.hotkey, weights), version_key, block)

        return self._write("set_weights", netuid, change)

    def _write(self, method: str, netuid: NetUid, change: SubnetChange) -> Included | Refused:
        with self._asked(method) as effect:
            if isinstance(effect, Refused):
                return effect
            if effect != Lost(landed=False):
                answer = self._sent(netuid, change)
            if isinstance(effect, Lost):
                raise ChainUnreachable(f"whether it stands is unknown: {self.name} gave no answer to {method}")
            return answer

    def _sent(self, netuid: NetUid, change: SubnetChange) -> Included | Refused:
        try:
            block = self.on(netuid, change, genesis=False)
        except Refusal as refusal:
            return Refused(refusal.name, refusal.message)
        if self._open is None:
            self.advance(self._lag)
        return Included(block, f"{block}-{len(self._made(block).changes):04d}")

    def _shown(self, netuid: NetUid, made: Made, effect: Effect | None) -> tuple[Commitment | Unreadable, ...]:
        self.looks.append(made.number)
        subnet = made.world.get(netuid)
        entries = commitments.shown(subnet) if subnet else ()
        garbled = self.faults.garbled
        told = tuple(_garbled(e, garbled[e.hotkey]) if e.hotkey in garbled else e for e in entries)
        return told[::2] if isinstance(effect, Halved) else told

    def _subnet(self, netuid: NetUid, made: Made) -> SubnetState:
        subnet = made.world.get(netuid)
        if subnet is None:
            raise UnknownSubnet(f"netuid {netuid} does not exist on {self.name}: it has {sorted(made.world)}")
        return subnet

    def _stored(self, block: Block | None) -> Made:
        """A block whose state is still kept; the head for None."""
        made = self._history.head if block is None else self._made(block)
        if made.number < self._pruned:
            raise UnknownBlock(f"the state of block {made.number} is discarded on {self.name}; ask an archive node")
        return made

    def _made(self, block: Block) -> Made:
        made = self._history.block(block)
        if made is None:
            raise UnknownBlock(f"{self.name} has no block {block}; the head is {self._history.head.number}")
        return made

    @contextmanager
    def _asked(self, method: str) -> Iterator[Effect | None]:
        """The script has its say before the lock is taken, so that a call that hangs holds up no other thread."""
        effect = self.faults.meet(method)
        with self._lock:
            yield effect


def _garbled(entry: Commitment | Unreadable, why: str) -> Unreadable:
    return Unreadable(entry.hotkey, why, entry.block)


def _neurons(subnet: SubnetState) -> tuple[Neuron, ...]:
    return tuple(neuron for _, neuron in sorted(subnet.neurons.items()))


def _moment(made: Made) -> datetime:
    return datetime.fromtimestamp(made.time_ms / 1000, tz=UTC)
