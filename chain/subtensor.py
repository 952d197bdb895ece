"""Reader and writer over bittensor's substrate: the only code that talks to a chain, live or embedded alike."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import bittensor as bt

from chain import decoding
from chain.connection import Ask, Substrate
from chain.embedded.beacon import BeaconClock
from chain.failover import Lines
from chain.intents import SetCommitment, SetWeights
from chain.reader import ChainFault, UnknownSubnet
from chain.signing import Wallet
from chain.submission import Submitted, submit
from chain.types import (
    BeaconRound,
    Block,
    BlockCount,
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
from chain.u16 import InvalidWeights, quantise

_COMMITMENTS = bt.storage.Commitments
_MAPS = (_COMMITMENTS.CommitmentOf, _COMMITMENTS.RevealedCommitments, _COMMITMENTS.LastCommitment)
_SUBTENSOR = bt.storage.SubtensorModule
_FULL_SHARE = 65_535


class SubtensorChain:
    """One chain. Threads may share it: each gets a connection of its own."""

    def __init__(self, lines: Lines, beacon: BeaconClock, name: str) -> None:
        self._lines = lines
        self._beacon = beacon
        self.name = name
        self.head()  # a network that nobody serves is a fault of the start, not of the first loop

    def close(self) -> None:
        """End all connections."""
        self._lines.close()

    def head(self) -> Block:
        """Number of the newest block."""
        return Block(int(self._lines.read("reading the head", lambda s: s.block_number())))

    def finalized(self) -> Head:
        """The newest block that cannot be reverted."""

        async def ask(substrate: Substrate) -> Head:
            number = Block(int(await substrate.finalized_block_number()))
            return Head(number, await _hash(substrate, number))

        return self._lines.read("reading the finalized head", ask)

    def block_hash(self, block: Block) -> BlockHash:
        """Hash of a block. Raises UnknownBlock."""
        return self._lines.read(f"reading the hash of block {block}", lambda s: _hash(s, block))

    def block_time(self) -> float:
        """Seconds between two blocks."""
        return float(self._lines.read("reading the block time", lambda s: s.block_time()))

    def timestamp(self, block: Block) -> datetime:
        """The block's own time, UTC."""

        async def ask(substrate: Substrate) -> datetime:
            return await _time(substrate, await _hash(substrate, block))

        return self._lines.read(f"reading the time of block {block}", ask)

    def subnet(self, netuid: NetUid, at: Head) -> Subnet:
        """Everything of one block, all of it asked at once."""

        async def ask(substrate: Substrate) -> Subnet:
            time, graph, maps = await asyncio.gather(
                _time(substrate, at.hash), _metagraph(substrate, netuid, at.hash), _maps(substrate, netuid, at.hash)
            )
            return Subnet(at, time, self._neurons(netuid, graph), decoding.commitments(*maps))

        return self._lines.read(f"reading netuid {netuid} at block {at.number}", ask)

    def neurons(self, netuid: NetUid, block: Block | None = None) -> tuple[Neuron, ...]:
        """The metagraph by uid. Raises UnknownSubnet."""

        async def ask(substrate: Substrate) -> tuple[Neuron, ...]:
            return self._neurons(netuid, await _metagraph(substrate, netuid, await _hash(substrate, block)))

        return self._lines.read(f"reading the metagraph of netuid {netuid}", ask)

    def subnet_owner(self, netuid: NetUid, block: Block | None = None) -> Hotkey | None:
        """The hotkey that speaks for the subnet."""
        items = (_SUBTENSOR.SubnetOwnerHotkey, _SUBTENSOR.NetworksAdded)

        async def ask(substrate: Substrate) -> Hotkey | None:
            hash_ = await _hash(substrate, block)
            owner, exists = await asyncio.gather(*(substrate.query(*item, [netuid], hash_) for item in items))
            if not exists:
                raise self._no_subnet(netuid)
            return Hotkey(str(owner)) if owner else None

        return self._lines.read(f"reading the owner of netuid {netuid}", ask)

    def commitments(self, netuid: NetUid, block: Block | None = None) -> tuple[Commitment | Unreadable, ...]:
        """Every hotkey's commitment, in three map reads however many there are."""

        async def ask(substrate: Substrate) -> tuple[Commitment | Unreadable, ...]:
            return decoding.commitments(*await _maps(substrate, netuid, await _hash(substrate, block)))

        return self._lines.read(f"reading the commitments of netuid {netuid}", ask)

    def weights(self, netuid: NetUid, block: Block | None = None) -> dict[Uid, Weights]:
        """Each setter's weights as the chain holds them."""

        async def ask(substrate: Substrate) -> dict[Uid, Weights]:
            held = await substrate.query_map(*_SUBTENSOR.Weights, [netuid], await _hash(substrate, block))
            return decoding.weights(held)

        return self._lines.read(f"reading the weights of netuid {netuid}", ask)

    def weight_rules(self, netuid: NetUid) -> WeightRules:
        """What the subnet asks of whoever sets weights."""
        items = (
            _SUBTENSOR.WeightsSetRateLimit,
            _SUBTENSOR.CommitRevealWeightsEnabled,
            _SUBTENSOR.MinAllowedWeights,
            _SUBTENSOR.MaxWeightsLimit,
            _SUBTENSOR.WeightsVersionKey,
            _SUBTENSOR.NetworksAdded,
        )

        async def ask(substrate: Substrate) -> WeightRules:
            hash_ = await _hash(substrate, None)
            rules = await asyncio.gather(*(substrate.query(*item, [netuid], hash_) for item in items))
            rate, sealed, least, most, version, exists = rules
            if not exists:
                raise self._no_subnet(netuid)
            share = _FULL_SHARE if most is None else int(most)
            return WeightRules(
                BlockCount(int(rate or 0)), bool(sealed), int(least or 0), share / _FULL_SHARE, int(version or 0)
            )

        return self._lines.read(f"reading the weight rules of netuid {netuid}", ask)

    def commitment_room(self, netuid: NetUid, hotkey: Hotkey) -> CommitmentRoom:
        """How many bytes a hotkey may still commit in this epoch. Raises UnknownSubnet."""
        items = (_SUBTENSOR.SubnetEpochIndex, _SUBTENSOR.Tempo, _SUBTENSOR.NetworksAdded)

        async def ask(substrate: Substrate) -> CommitmentRoom:
            hash_ = await _hash(substrate, None)
            (epoch, tempo, exists), usage, whole = await asyncio.gather(
                asyncio.gather(*(substrate.query(*item, [netuid], hash_) for item in items)),
                substrate.query(*_COMMITMENTS.UsedSpaceOf, [netuid, hotkey], hash_),
                substrate.query(*_COMMITMENTS.MaxSpace, [], hash_),
            )
            if not exists:
                raise self._no_subnet(netuid)
            used = int(usage["used_space"]) if usage and int(usage["last_epoch"]) == int(epoch or 0) else 0
            return CommitmentRoom(int(whole or 0) - used, int(whole or 0), BlockCount(int(tempo or 0)))

        return self._lines.read(f"reading the room for commitments of {hotkey} on netuid {netuid}", ask)

    def beacon_round(self, at: datetime) -> BeaconRound:
        """The first beacon round published at or after a moment."""
        return BeaconRound(self._beacon.first_at(at.timestamp() * 1000))

    def beacon_signature(self, round_: BeaconRound) -> bytes | None:
        """The pulse of a round as the chain stores it; None while it has none."""

        async def ask(substrate: Substrate) -> bytes | None:
            pulse = await substrate.query(*bt.storage.Drand.Pulses, [round_])
            return decoding.raw_bytes(pulse["signature"]) if pulse else None

        return self._lines.read(f"reading beacon round {round_}", ask)

    def seal(self, text: str, open_at: Block) -> Sealed:
        """Timelock-encrypt a text so that it opens at the first beacon round after a block's expected time."""
        head = self.head()
        ahead = timedelta(seconds=max(1, open_at - head) * self.block_time())
        round_ = self.beacon_round(self.timestamp(head) + ahead)
        try:
            sealed = bt.timelock.encrypt(text, reveal_round=int(round_))
        except (bt.BittensorError, ValueError) as error:
            raise ChainFault(f"sealing {len(text)} characters to beacon round {round_} failed: {error}") from error
        return Sealed(bytes(sealed.encrypted), BeaconRound(int(sealed.reveal_round)))

    def commit(self, netuid: NetUid, wallet: Wallet, *, raw: bytes, sealed: Sealed | None = None) -> Included | Refused:
        """Commit for the wallet's hotkey, replacing what stood."""
        intent = SetCommitment(
            netuid=netuid,
            raw_hex=raw.hex(),
            encrypted_hex=sealed.ciphertext.hex() if sealed else "",
            reveal_round=int(sealed.reveal_round) if sealed else 0,
        )
        return self._lines.write(f"committing on netuid {netuid}", _sending(intent, wallet))

    def set_weights(
        self, netuid: NetUid, wallet: Wallet, weights: Weights, *, version_key: int = 0
    ) -> Included | Refused:
        """Set (or, where the subnet asks for it, commit) weights for the wallet's hotkey."""
        try:
            values = quantise(weights)
        except InvalidWeights as error:
            return Refused("InvalidWeights", str(error))
        intent = SetWeights(netuid=netuid, weights=values, version_key=version_key)
        return self._lines.write(f"setting weights on netuid {netuid}", _sending(intent, wallet))

    def _neurons(self, netuid: NetUid, graph: Any) -> tuple[Neuron, ...]:
        if not graph:
            raise self._no_subnet(netuid)
        return decoding.neurons(graph)

    def _no_subnet(self, netuid: NetUid) -> UnknownSubnet:
        return UnknownSubnet(f"netuid {netuid} does not exist on {self.name}: name another with --netuid")


def _sending(intent: Any, wallet: Wallet) -> Ask[Submitted]:
    return lambda substrate: submit(substrate, intent, wallet)


async def _hash(substrate: Substrate, block: Block | None) -> BlockHash:
    """Every read is pinned to a hash, the newest one where no block is given, so that none mixes two blocks."""
    return BlockHash(str(await substrate.block_hash(block)))


async def _time(substrate: Substrate, hash_: BlockHash) -> datetime:
    milliseconds = await substrate.query(*bt.storage.Timestamp.Now, [], hash_)
    return datetime.fromtimestamp(int(milliseconds) / 1000, tz=UTC)


async def _metagraph(substrate: Substrate, netuid: NetUid, hash_: BlockHash) -> Any:
    return await substrate.runtime_call(*bt.runtime_api.SubnetInfoRuntimeApi.get_metagraph, [netuid], hash_)


async def _maps(substrate: Substrate, netuid: NetUid, hash_: BlockHash) -> Sequence[Any]:
    return await asyncio.gather(*(substrate.query_map(*name, [netuid], hash_) for name in _MAPS))
