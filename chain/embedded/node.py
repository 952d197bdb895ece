"""One process's handle on a chain file: its fixed parameters, its head, and the state of any block."""

from dataclasses import asdict, dataclass
from pathlib import Path

from chain.embedded.beacon import Beacon, BeaconClock
from chain.embedded.derived import View
from chain.embedded.errors import ChainFileError
from chain.embedded.metadata import Metadata, metadata
from chain.embedded.state import State
from chain.embedded.storage import ChainFile, Header
from chain.embedded.tlock import PublicKey

SEALING = "sealing"
"""Entry of the file: how blocks come about, one of the two below."""
SEALING_INSTANT = b"instant"
"""A waiting submission seals a block of its own: for stepped chains, where nobody else would."""
SEALING_CLOCK = b"clock"
"""Blocks come from a running author; submissions wait for the next one."""

FORK = "fork"
"""Entry of the file: what the hashes of further blocks are mixed with, since blocks were dropped."""
FINAL = "final"
"""Entry of the file: the newest final block at that moment, which stays final."""

_POLLS_PER_BLOCK = 4
_LONGEST_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a chain is created with and never changes."""

    block_time_ms: int
    """Chain time between two blocks."""
    round_period_ms: int
    """Chain time between two beacon rounds."""
    start_ms: int
    """Time of block 0 and of beacon round 1, milliseconds since 1970."""
    finality_lag: int
    """Blocks by which finality trails the head."""

    @property
    def poll_s(self) -> float:
        """How long to wait before looking for a new block again."""
        return min(_LONGEST_POLL_S, self.block_time_ms / 1000 / _POLLS_PER_BLOCK)

    def as_meta(self) -> dict[str, bytes]:
        """The parameters as they stand in the chain file."""
        return {name: str(value).encode() for name, value in asdict(self).items()}

    @classmethod
    def from_file(cls, file: ChainFile) -> "Parameters":
        """The parameters of a chain file."""
        return cls(**{name: int(file.meta(name)) for name in cls.__dataclass_fields__})


class Node:
    """An open chain file."""

    def __init__(self, file: ChainFile) -> None:
        self.file = file
        self.metadata: Metadata = metadata()
        self.parameters = Parameters.from_file(file)
        clock = BeaconClock(self.parameters.start_ms, self.parameters.round_period_ms)
        self.beacon = Beacon(file, clock, PublicKey(file.meta("beacon_key")))
        genesis = file.block(0)
        if genesis is None:
            raise ChainFileError(
                f"{file.path} holds no block 0, its creation was interrupted; remove it and start over"
            )
        self.genesis_hash = genesis.hash

    @classmethod
    def open(cls, path: Path) -> "Node":
        """Open a chain file. Raises ChainFileError."""
        return cls(ChainFile(path))

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def head(self) -> Header:
        """The newest block."""
        return self.file.head()

    def finalized(self) -> Header:
        """The newest final block: the head, or the one `finality_lag` blocks below the highest head there has been."""
        head = self.head()
        lag = self.parameters.finality_lag
        if lag == 0:
            return head
        before = self.file.find_meta(FINAL)
        return self.file.block(max(head.number - lag, int(before or 0), 0)) or head

    def fork(self) -> bytes:
        """What tells this chain's blocks from those it dropped; empty while it never did."""
        return self.file.find_meta(FORK) or b""

    def view(self, header: Header) -> View:
        """What a sealed block holds."""
        return View(self.state(header.number, header.time_ms), self.beacon)

    def state(self, number: int, time_ms: int) -> State:
        """The storage of a block, sealed or being built."""
        return State(self.file, self.metadata, number, time_ms)

    @property
    def instant(self) -> bool:
        """Whether a waiting submission seals its own block."""
        return self.file.meta(SEALING) == SEALING_INSTANT
