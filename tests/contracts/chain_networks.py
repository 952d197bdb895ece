"""The networks that the chain's contract is asked of, each behind the same few wishes of an operator and a stranger."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import bittensor as bt

from chain.embedded import tlock
from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.node import Node
from chain.embedded.root import Root
from chain.embedded.substrate import EmbeddedSubstrate
from chain.reader import ChainReader
from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.types import BeaconRound, Block, NetUid, Sealed
from chain.writer import ChainWriter

START = datetime(2030, 1, 1, tzinfo=UTC)
BLOCK_S = 1.0


class Chain(ChainReader, ChainWriter, Protocol):
    """Both ports at once."""


class Network(Protocol):
    """A network under test."""

    @property
    def chain(self) -> Chain:
        """What is tested."""
        ...

    def create_subnet(self, netuid: NetUid, owner: Wallet, rules: Hyperparameters) -> None:
        """Add a subnet on which its owner holds uid 0."""
        ...

    def set_rules(self, netuid: NetUid, rules: Hyperparameters) -> None:
        """Replace a subnet's hyperparameters."""
        ...

    def register(self, netuid: NetUid, wallet: Wallet) -> None:
        """Give a hotkey a uid."""
        ...

    def hand_over(self, netuid: NetUid, wallet: Wallet) -> None:
        """Make a hotkey the subnet's owner."""
        ...

    def stake(self, netuid: NetUid, wallet: Wallet, tao: float) -> None:
        """Put stake behind a hotkey."""
        ...

    def put(self, netuid: NetUid, wallet: Wallet, *fields: bytes | Sealed) -> None:
        """Commit fields that our own writer never would."""
        ...

    def seal(self, data: bytes, open_at: Block) -> Sealed:
        """Bytes that are no text, sealed until a block."""
        ...

    def advance(self, blocks: int = 1) -> None:
        """Make blocks."""
        ...

    def reorganise(self, depth: int) -> None:
        """Replace the newest blocks by others, and one more."""
        ...


class Simulated:
    """The chain in memory."""

    def __init__(self, finality_lag: int = 0) -> None:
        self.chain = SimulatedChain(block_time_s=BLOCK_S, start=START, finality_lag=finality_lag)

    def create_subnet(self, netuid: NetUid, owner: Wallet, rules: Hyperparameters) -> None:
        self.chain.create_subnet(netuid, rules)
        self.register(netuid, owner)

    def set_rules(self, netuid: NetUid, rules: Hyperparameters) -> None:
        self.chain.set_rules(netuid, rules)

    def register(self, netuid: NetUid, wallet: Wallet) -> None:
        self.chain.register(netuid, wallet.hotkey, wallet.coldkey)

    def hand_over(self, netuid: NetUid, wallet: Wallet) -> None:
        self.chain.hand_over(netuid, wallet.hotkey)

    def stake(self, netuid: NetUid, wallet: Wallet, tao: float) -> None:
        self.chain.stake(netuid, wallet.hotkey, tao)

    def put(self, netuid: NetUid, wallet: Wallet, *fields: bytes | Sealed) -> None:
        self.chain.put(netuid, wallet.hotkey, *fields)

    def seal(self, data: bytes, open_at: Block) -> Sealed:
        return self.chain.sealed(data, open_at)

    def advance(self, blocks: int = 1) -> None:
        self.chain.advance(blocks)

    def reorganise(self, depth: int) -> None:
        self.chain.reorganise(depth)


@dataclass(frozen=True)
class Embedded:
    """A chain file and our adapter on it, or on a node's front before it."""

    node: Node
    chain: Chain

    @property
    def _root(self) -> Root:
        return Root(self.node)

    def create_subnet(self, netuid: NetUid, owner: Wallet, rules: Hyperparameters) -> None:
        self._root.create_subnet(netuid, owner.coldkey, owner.hotkey, rules)

    def set_rules(self, netuid: NetUid, rules: Hyperparameters) -> None:
        self._root.set_hyperparameters(netuid, rules)

    def register(self, netuid: NetUid, wallet: Wallet) -> None:
        self._root.register(netuid, wallet.hotkey, wallet.coldkey)

    def hand_over(self, netuid: NetUid, wallet: Wallet) -> None:
        self._root.hand_over(netuid, wallet.hotkey, wallet.coldkey)

    def stake(self, netuid: NetUid, wallet: Wallet, tao: float) -> None:
        self._root.stake(netuid, wallet.hotkey, tao)

    def put(self, netuid: NetUid, wallet: Wallet, *fields: bytes | Sealed) -> None:
        call = bt.calls.Commitments.set_commitment(netuid=netuid, info={"fields": [_field(field) for field in fields]})
        with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(self.node.file.path)) as client:
            result = client.submit_call(call, wallet.sdk, signer="hotkey")
        assert result.success, result.message

    def seal(self, data: bytes, open_at: Block) -> Sealed:
        round_ = self.node.beacon.clock.first_at((START.timestamp() + open_at * BLOCK_S) * 1000)
        return Sealed(tlock.seal(self.node.beacon.key, round_, data), BeaconRound(round_))

    def advance(self, blocks: int = 1) -> None:
        Author(self.node).travel(blocks)

    def reorganise(self, depth: int) -> None:
        Author(self.node).reorganise(depth)
        self.advance(depth + 1)


def new_chain_file(path: Path, finality_lag: int = 0) -> Node:
    """A chain of which everything is known beforehand."""
    return genesis(path, block_time_s=BLOCK_S, start=START, beacon_secret=b"contract", finality_lag=finality_lag)


def _field(field: bytes | Sealed) -> dict[str, object]:
    if isinstance(field, Sealed):
        return {"TimelockEncrypted": {"encrypted": field.ciphertext, "reveal_round": int(field.reveal_round)}}
    return {f"Raw{len(field)}": field}
