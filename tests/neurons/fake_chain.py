# ruff: noqa: ARG002 - a fake has the parameters of its port
"""A chain in memory on which every look at it makes a block; timelocks open at their block. For tests of miners and
producers only: no signatures, no weights."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from chain.signing import Wallet
from chain.types import (
    BeaconRound,
    Block,
    BlockHash,
    Commitment,
    Head,
    Hotkey,
    Included,
    NetUid,
    Neuron,
    Opened,
    Refused,
    Sealed,
    Subnet,
    Uid,
    Unreadable,
    Weights,
)

START = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class FakeChain:
    """Reader and writer at once; one subnet's neurons serve all netuids."""

    registered: tuple[Neuron, ...] = ()
    number: int = 100
    blocks_a_look: int = 1
    block_time_s: float = 0.001
    commits: list[tuple[int, bytes]] = field(default_factory=list)
    """Every commitment that ever stood: its block and its clear field."""
    refusals: list[Refused] = field(default_factory=list)
    """Answers to the next commitments."""
    opens: bool = True
    """Whether timelocks can be opened at all."""
    entries: dict[Hotkey, Commitment] = field(default_factory=dict)
    texts: dict[bytes, bytes] = field(default_factory=dict)

    def head(self) -> Block:
        self._advance()
        return Block(self.number)

    def finalized(self) -> Head:
        return Head(Block(self.number), self.block_hash(Block(self.number)))

    def block_hash(self, block: Block) -> BlockHash:
        return BlockHash(f"0x{block:064x}")

    def block_time(self) -> float:
        return self.block_time_s

    def timestamp(self, block: Block) -> datetime:
        return START + timedelta(seconds=block)

    def subnet(self, netuid: NetUid, at: Head) -> Subnet:
        return Subnet(
            at, self.timestamp(at.number), self.neurons(netuid, at.number), self.commitments(netuid, at.number)
        )

    def neurons(self, netuid: NetUid, block: Block | None = None) -> tuple[Neuron, ...]:
        return self.registered

    def commitments(self, netuid: NetUid, block: Block | None = None) -> tuple[Commitment | Unreadable, ...]:
        self._advance()
        return tuple(self.entries.values())

    def weights(self, netuid: NetUid, block: Block | None = None) -> dict[Uid, Weights]:
        return {}

    def beacon_round(self, at: datetime) -> BeaconRound:
        return BeaconRound(int((at - START).total_seconds()))

    def beacon_signature(self, round_: BeaconRound) -> bytes | None:
        return None

    def seal(self, text: str, open_at: Block) -> Sealed:
        ciphertext = f"{len(self.texts)} sealed".encode()
        self.texts[ciphertext] = text.encode()
        return Sealed(ciphertext, BeaconRound(open_at))

    def commit(self, netuid: NetUid, wallet: Wallet, *, raw: bytes, sealed: Sealed | None = None) -> Included | Refused:
        if self.refusals:
            return self.refusals.pop(0)
        self.number += 1
        history = self.entries[wallet.hotkey].opened if wallet.hotkey in self.entries else ()
        self.entries[wallet.hotkey] = Commitment(wallet.hotkey, Block(self.number), sealed, raw, history)
        self.commits.append((self.number, raw))
        return Included(Block(self.number), f"{self.number}-1")

    def set_weights(
        self, netuid: NetUid, wallet: Wallet, weights: Weights, *, version_key: int = 0
    ) -> Included | Refused:
        return Refused("NotHere", "this chain has no weights")

    def register(self, wallet: Wallet, *, stake: float = 0.0, permit: bool = False) -> None:
        """Give the wallet's hotkey the next uid."""
        uid = Uid(len(self.registered))
        neuron = Neuron(uid, wallet.hotkey, wallet.coldkey, stake, permit, Block(1), Block(1))
        self.registered = (*self.registered, neuron)

    def _advance(self) -> None:
        self.number += self.blocks_a_look
        for hotkey, entry in self.entries.items():
            if entry.sealed and entry.sealed.reveal_round <= self.number:
                self.entries[hotkey] = self._opened(entry, entry.sealed)

    def _opened(self, entry: Commitment, sealed: Sealed) -> Commitment:
        if not self.opens:
            return replace(entry, sealed=None, failed=True)
        opened = Opened(self.texts[sealed.ciphertext], Block(self.number))
        return replace(entry, sealed=None, opened=(*entry.opened, opened))
