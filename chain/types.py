"""The chain's vocabulary: numbers with names, and frozen records of what one poll of a subnet tells.

Knows nothing of the SDK, of sockets or of what commitments mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

NetUid = NewType("NetUid", int)
Uid = NewType("Uid", int)
Block = NewType("Block", int)
"""A block number."""
BlockCount = NewType("BlockCount", int)
"""A distance between two blocks."""
BlockHash = NewType("BlockHash", str)
"""0x and 64 lower-case hex digits."""
Hotkey = NewType("Hotkey", str)
"""ss58 address of a hotkey."""
Coldkey = NewType("Coldkey", str)
"""ss58 address of a coldkey."""
BeaconRound = NewType("BeaconRound", int)
"""A round of the randomness beacon that opens timelocks."""


@dataclass(frozen=True, slots=True)
class Head:
    """One block: its number and its hash."""

    number: Block
    hash: BlockHash


@dataclass(frozen=True, slots=True)
class Neuron:
    """One uid of a subnet's metagraph; stake is the chain's total stake in TAO."""

    uid: Uid
    hotkey: Hotkey
    coldkey: Coldkey
    stake: float
    permit: bool
    registered_at: Block
    last_update: Block


@dataclass(frozen=True, slots=True)
class Sealed:
    """A timelock ciphertext and the beacon round that opens it."""

    ciphertext: bytes
    reveal_round: BeaconRound


@dataclass(frozen=True, slots=True)
class Opened:
    """A plaintext the chain opened by itself, and the block in which it did."""

    data: bytes
    block: Block


@dataclass(frozen=True, slots=True)
class Commitment:
    """What the chain holds for one hotkey.

    `block` is the block of its newest commitment, whether the entry still stands or was dropped at its opening (None
    where the chain no longer says), `sealed` the entry's still closed field, `raw` its first clear field, `opened` the
    chain's reveal history, newest last, `failed` whether a timelocked field of the entry could not be opened, `surplus`
    whether it holds a second sealed or a second clear field, so that it is not one pointer.
    """

    hotkey: Hotkey
    block: Block | None
    sealed: Sealed | None
    raw: bytes | None
    opened: tuple[Opened, ...]
    failed: bool = False
    surplus: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A commitment that could not be read as one; the rest of the poll stands. `block` is as for a Commitment."""

    hotkey: Hotkey
    reason: str
    block: Block | None = None


@dataclass(frozen=True, slots=True)
class Subnet:
    """One look at a subnet: everything of the same block."""

    at: Head
    time: datetime
    """The block's own time, UTC."""
    neurons: tuple[Neuron, ...]
    commitments: tuple[Commitment | Unreadable, ...]


@dataclass(frozen=True, slots=True)
class Included:
    """A write that stands in a block."""

    block: Block
    extrinsic: str
    """Hash or identifier of the extrinsic, as the node gives it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A write that the chain, or the SDK's preflight, refused; `name` is the chain's own error name."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Registration:
    """When and where a hotkey holds a uid."""

    uid: Uid
    since: Block


@dataclass(frozen=True, slots=True)
class CommitmentRoom:
    """What a hotkey may still commit in a subnet's running epoch; epochs can end early, so ask anew."""

    free: int
    """Bytes left in this epoch."""
    whole: int
    """Bytes of a whole epoch."""
    tempo: BlockCount
    """Blocks of an epoch that nobody ends early."""

    def times(self, size: int) -> int:
        """How many commitments of so many bytes fit into a whole epoch."""
        return self.whole // space_of(size)


LEAST_SPACE = 100
"""Bytes that the smallest commitment counts for (a fact of the Commitments pallet: `max(100, bytes)`)."""


def space_of(size: int) -> int:
    """What a commitment of so many bytes counts for."""
    return max(LEAST_SPACE, size)


@dataclass(frozen=True, slots=True)
class WeightRules:
    """What a subnet asks of whoever sets weights."""

    rate_limit: BlockCount
    """Blocks between two settings, counted from the registration too."""
    commit_reveal: bool
    """Whether weights are sealed first and opened by the chain an epoch later."""
    min_weights: int = 1
    """Fewest uids a setting must weigh."""
    max_share: float = 1.0
    """Largest part of the whole that one uid may get."""
    version_key: int = 0
    """Smallest version key the subnet's owner accepts."""


Weights = Mapping[Uid, float]
"""Weights by uid, non-negative, summing to 1 unless empty."""
