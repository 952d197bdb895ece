"""What the house may ask of a chain, and everything that can go wrong while asking.

ChainError
├── ChainUnreachable    no node answers: the endpoint, the socket or the time-out is named
├── UnknownBlock        the node has no such block, or no longer its state
├── UnknownSubnet       the netuid does not exist on this network
├── WalletError         a wallet or key file is missing, locked or malformed
└── InvalidNetwork      the name of a network means nothing here
"""

from datetime import datetime
from typing import Protocol

from chain.types import (
    BeaconRound,
    Block,
    BlockHash,
    Commitment,
    Head,
    NetUid,
    Neuron,
    Uid,
    Unreadable,
    WeightRules,
    Weights,
)


class ChainError(Exception):
    """Root of what a chain can raise; never a miner's fault."""


class ChainUnreachable(ChainError):
    """No node answers."""


class UnknownBlock(ChainError):
    """The block, or its state, cannot be had."""


class UnknownSubnet(ChainError):
    """The netuid does not exist."""


class WalletError(ChainError):
    """A key cannot be used."""


class InvalidNetwork(ChainError):
    """A network's name is not understood."""


class ChainReader(Protocol):
    """Reads of one network. `block=None` means the head; any other block means the state after that block."""

    def head(self) -> Head:
        """The newest block."""
        ...

    def finalized(self) -> Head:
        """The newest block that cannot be reverted."""
        ...

    def block_hash(self, block: Block) -> BlockHash:
        """Hash of a block. Raises UnknownBlock."""
        ...

    def block_time(self) -> float:
        """Seconds between two blocks."""
        ...

    def timestamp(self, block: Block) -> datetime:
        """The block's own time, UTC."""
        ...

    def neurons(self, netuid: NetUid, block: Block | None = None) -> tuple[Neuron, ...]:
        """The metagraph by uid. Raises UnknownSubnet."""
        ...

    def commitments(self, netuid: NetUid, block: Block | None = None) -> tuple[Commitment | Unreadable, ...]:
        """Every hotkey's commitment on the subnet, in a fixed number of calls however many there are."""
        ...

    def weights(self, netuid: NetUid, block: Block | None = None) -> dict[Uid, Weights]:
        """Each setter's weights as the chain holds them, normalised to sum to 1."""
        ...

    def weight_rules(self, netuid: NetUid) -> WeightRules:
        """What the subnet asks of whoever sets weights."""
        ...

    def beacon_round(self, at: datetime) -> BeaconRound:
        """The first beacon round published at or after a moment."""
        ...

    def beacon_signature(self, round_: BeaconRound) -> bytes | None:
        """The pulse of a round as the chain stores it; None while it has none."""
        ...
