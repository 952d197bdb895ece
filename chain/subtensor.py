"""Reader and writer over bittensor's SyncClient: the only code that talks to a chain, live or embedded alike."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bittensor as bt

from chain import decoding
from chain.embedded.beacon import BeaconClock
from chain.embedded.errors import ChainFileError
from chain.embedded.rekey import rekey
from chain.embedded.substrate import EmbeddedSubstrate
from chain.intents import SetCommitment
from chain.reader import ChainError, ChainUnreachable, InvalidNetwork, UnknownBlock, UnknownSubnet
from chain.signing import Wallet
from chain.types import (
    BeaconRound,
    Block,
    BlockCount,
    BlockHash,
    Commitment,
    Head,
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

_STORAGE = bt.storage


NETWORKS = ("finney", "test", "archive", "local")
"""Live networks by the SDK's names; `local` is a node on this machine."""

QUICKNET = BeaconClock(bt.timelock.QUICKNET_GENESIS * 1000, bt.timelock.QUICKNET_PERIOD * 1000)
"""When drand's quicknet, the live chain's beacon, publishes its rounds."""


class SubtensorChain:
    """One connection. Threads may share it: calls are marshalled to the client's own loop."""

    def __init__(self, client: Any, beacon: BeaconClock, name: str) -> None:
        self._client = client
        self._beacon = beacon
        self.name = name
        with self._translated("connecting"):
            client.connect()  # once, before threads share the client: its lazy start has no lock

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def head(self) -> Block:
        """Number of the newest block."""
        with self._translated("reading the head"):
            return Block(int(self._client.block))

    def finalized(self) -> Head:
        """The newest block that cannot be reverted."""
        with self._translated("reading the finalized head"):
            return self._head(self._client.finalized_block)

    def block_hash(self, block: Block) -> BlockHash:
        """Hash of a block. Raises UnknownBlock."""
        with self._translated(f"reading the hash of block {block}"):
            return BlockHash(self._hash(block))

    def block_time(self) -> float:
        """Seconds between two blocks."""
        with self._translated("reading the block time"):
            return float(self._client.block_time())

    def timestamp(self, block: Block) -> datetime:
        """The block's own time, UTC."""
        with self._translated(f"reading the time of block {block}"):
            moment: datetime = self._client.timestamp(block=block)
            return moment.astimezone(UTC)

    def subnet(self, netuid: NetUid, at: Head) -> Subnet:
        """Everything of one block."""
        return Subnet(
            at, self.timestamp(at.number), self.neurons(netuid, at.number), self.commitments(netuid, at.number)
        )

    def neurons(self, netuid: NetUid, block: Block | None = None) -> tuple[Neuron, ...]:
        """The metagraph by uid. Raises UnknownSubnet."""
        with self._translated(f"reading the metagraph of netuid {netuid}"):
            graph = self._at(block).runtime(bt.runtime_api.SubnetInfoRuntimeApi.get_metagraph, [netuid])
        if not graph:
            raise UnknownSubnet(f"netuid {netuid} does not exist on {self.name}: name another with --netuid")
        return decoding.neurons(graph)

    def commitments(self, netuid: NetUid, block: Block | None = None) -> tuple[Commitment | Unreadable, ...]:
        """Every hotkey's commitment, in two map reads however many there are."""
        with self._translated(f"reading the commitments of netuid {netuid}"):
            view = self._at(block)
            maps = _STORAGE.Commitments
            names = (maps.CommitmentOf, maps.RevealedCommitments, maps.LastCommitment)
            entries, revealed, last = (view.query_map(name, [netuid]) for name in names)
        return decoding.commitments(entries, revealed, last)

    def weights(self, netuid: NetUid, block: Block | None = None) -> dict[Uid, Weights]:
        """Each setter's weights as the chain holds them."""
        with self._translated(f"reading the weights of netuid {netuid}"):
            rows = self._at(block).query_map(_STORAGE.SubtensorModule.Weights, [netuid])
        return decoding.weights(rows)

    def weight_rules(self, netuid: NetUid) -> WeightRules:
        """What the subnet asks of whoever sets weights."""
        items = _STORAGE.SubtensorModule
        with self._translated(f"reading the weight rules of netuid {netuid}"):
            return WeightRules(
                BlockCount(int(self._client.query(items.WeightsSetRateLimit, [netuid]) or 0)),
                bool(self._client.query(items.CommitRevealWeightsEnabled, [netuid])),
                int(self._client.query(items.MinAllowedWeights, [netuid]) or 0),
                int(self._client.query(items.MaxWeightsLimit, [netuid]) or 65_535) / 65_535,
                int(self._client.query(items.WeightsVersionKey, [netuid]) or 0),
            )

    def beacon_round(self, at: datetime) -> BeaconRound:
        """The first beacon round published at or after a moment."""
        return BeaconRound(self._beacon.first_at(at.timestamp() * 1000))

    def beacon_signature(self, round_: BeaconRound) -> bytes | None:
        """The pulse of a round as the chain stores it; None while it has none."""
        with self._translated(f"reading beacon round {round_}"):
            pulse = self._client.query(_STORAGE.Drand.Pulses, [round_])
        return decoding.raw_bytes(pulse["signature"]) if pulse else None

    def seal(self, text: str, open_at: Block) -> Sealed:
        """Timelock-encrypt a text so that it opens at the first beacon round after a block's expected time."""
        head = self.head()
        ahead = timedelta(seconds=max(1, open_at - head) * self.block_time())
        round_ = self.beacon_round(self.timestamp(head) + ahead)
        with self._translated(f"sealing to beacon round {round_}"):
            sealed = bt.timelock.encrypt(text, reveal_round=int(round_))
            return Sealed(bytes(sealed.encrypted), BeaconRound(int(sealed.reveal_round)))

    def commit(self, netuid: NetUid, wallet: Wallet, *, raw: bytes, sealed: Sealed | None = None) -> Included | Refused:
        """Commit for the wallet's hotkey, replacing what stood."""
        intent = SetCommitment(
            netuid=netuid,
            raw_hex=raw.hex(),
            encrypted_hex=sealed.ciphertext.hex() if sealed else "",
            reveal_round=int(sealed.reveal_round) if sealed else 0,
        )
        return self._execute(intent, wallet, f"committing on netuid {netuid}")

    def set_weights(
        self, netuid: NetUid, wallet: Wallet, weights: Weights, *, version_key: int = 0
    ) -> Included | Refused:
        """Set (or, where the subnet asks for it, commit) weights for the wallet's hotkey."""
        pairs = {int(uid): float(weight) for uid, weight in weights.items() if weight > 0}
        intent = bt.SetWeights(netuid=netuid, weights=pairs, version_key=version_key)
        return self._execute(intent, wallet, f"setting weights on netuid {netuid}")

    def _execute(self, intent: Any, wallet: Wallet, doing: str) -> Included | Refused:
        """Submit an intent; what the chain or the preflight says no to is a value, what failed on the way is raised."""
        with self._translated(doing):
            try:
                result = self._client.execute(intent, wallet.sdk)
            except bt.ChainError as error:
                return Refused(error.name or error.code.value, error.message)
        if not result.success:
            reason = result.error or bt.ChainError(result.message or "the node gave no reason")
            return Refused(reason.name or reason.code.value, reason.message)
        block = int(str(result.extrinsic_id).partition("-")[0]) if result.extrinsic_id else self.head()
        return Included(Block(block), str(result.extrinsic_id or result.block_hash))

    def _head(self, number: int) -> Head:
        return Head(Block(int(number)), BlockHash(self._hash(number)))

    def _hash(self, block: int) -> str:
        hash_ = self._client.block_info(block).hash
        if not hash_:
            raise UnknownBlock(f"{self.name} has no block {block}; its head is {self._client.block}")
        return str(hash_)

    def _at(self, block: Block | None) -> Any:
        """The whole read surface pinned to one block, so that a poll never mixes two."""
        return self._client.at(block)

    @contextlib.contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Our errors for the SDK's: what was being done, on which network, and what the node said."""
        try:
            yield
        except (bt.RpcConnectionError, bt.ConnectionNotReady, ConnectionError, TimeoutError, OSError) as error:
            raise ChainUnreachable(f"{doing}: {self.name} does not answer ({error}); check --network") from error
        except bt.BittensorError as error:
            raise ChainError(f"{doing}: {self.name} answered {error}") from error


def public_name(network: str) -> str:
    """A network as strangers may see it: no path of this machine, and of an address no more than its host."""
    if network.startswith(("ws://", "wss://")):
        return urlsplit(network).hostname or "a node"
    return network if network in NETWORKS else "an embedded chain"


def connect(network: str) -> SubtensorChain:
    """Connect to a network: one of NETWORKS, a node's ws:// or wss:// address, or an embedded chain's file.

    Raises InvalidNetwork, ChainUnreachable.
    """
    if network in NETWORKS or network.startswith(("ws://", "wss://")):
        return SubtensorChain(bt.SyncClient(network), QUICKNET, network)
    path = Path(network).expanduser()
    if not path.is_file():
        raise InvalidNetwork(
            f"network {network!r} is neither one of {', '.join(NETWORKS)}, nor a ws:// address, nor the file of an "
            "embedded chain: check --network, or start one with `crucible localnet up`"
        )
    try:
        substrate = EmbeddedSubstrate(path)
    except ChainFileError as error:
        raise InvalidNetwork(str(error)) from error
    rekey(substrate)
    # "local", because an injected substrate's token symbols would otherwise go into the live network's cache file
    return SubtensorChain(bt.SyncClient("local", substrate=substrate), substrate.node.beacon.clock, str(path))
