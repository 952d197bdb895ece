"""What the house may ask of a chain, and everything that can go wrong while asking.

ChainError
├── ChainUnreachable    no node answers; each endpoint that was tried is named with its fault
│   ├── ChainTimeout    an endpoint took the request and gave no answer in time
│   └── ChainThrottled  an endpoint refuses our traffic under its policy
├── UnknownBlock        the node has no such block, or no longer its state
├── UnknownSubnet       the netuid does not exist on this network
├── ChainFault          a node answered what cannot be: undecodable, or of a runtime this version does not know
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
    CommitmentRoom,
    Head,
    Hotkey,
    NetUid,
    Neuron,
    Subnet,
    Uid,
    Unreadable,
    WeightRules,
    Weights,
)


class ChainError(Exception):
    """Root of what a chain can raise; never a miner's fault."""


class ChainUnreachable(ChainError):
    """No node answers."""


class ChainTimeout(ChainUnreachable):
    """No answer within the time-out."""


class ChainThrottled(ChainUnreachable):
    """The endpoint refuses our traffic for now."""


class UnknownBlock(ChainError):
    """The block, or its state, cannot be had."""


class UnknownSubnet(ChainError):
    """The netuid does not exist."""


class ChainFault(ChainError):
    """What a node answered cannot be used."""


class WalletError(ChainError):
    """A key cannot be used."""


class InvalidNetwork(ChainError):
    """A network's name is not understood."""


class ChainReader(Protocol):
    """Reads of one network. `block=None` means the head; any other block means the state after that block."""

    def head(self) -> Block:
        """Number of the newest block."""
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

    def subnet(self, netuid: NetUid, at: Head) -> Subnet:
        """Everything a poll needs of one block, in a fixed number of calls however many hotkeys there are.

        Raises UnknownSubnet, UnknownBlock.
        """
        ...

    def neurons(self, netuid: NetUid, block: Block | None = None) -> tuple[Neuron, ...]:
        """The metagraph by uid. Raises UnknownSubnet."""
        ...

    def subnet_owner(self, netuid: NetUid, block: Block | None = None) -> Hotkey | None:
        """The hotkey that speaks for the subnet; None where it has none. Raises UnknownSubnet, UnknownBlock."""
        ...

    def commitments(self, netuid: NetUid, block: Block | None = None) -> tuple[Commitment | Unreadable, ...]:
        """Every hotkey's commitment on the subnet, in a fixed number of calls however many there are.

        One entry that cannot be read is an Unreadable among the others; it never costs the rest.
        """
        ...

    def weights(self, netuid: NetUid, block: Block | None = None) -> dict[Uid, Weights]:
        """Each setter's weights as the chain holds them, normalised to sum to 1."""
        ...

    def weight_rules(self, netuid: NetUid) -> WeightRules:
        """What the subnet asks of whoever sets weights."""
        ...

    def commitment_room(self, netuid: NetUid, hotkey: Hotkey) -> CommitmentRoom:
        """How many bytes a hotkey may still commit in this epoch. Raises UnknownSubnet."""
        ...

    def beacon_round(self, at: datetime) -> BeaconRound:
        """The first beacon round published at or after a moment."""
        ...

    def beacon_signature(self, round_: BeaconRound) -> bytes | None:
        """The pulse of a round as the chain stores it; None while it has none."""
        ...
