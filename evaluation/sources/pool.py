"""What a source gives a round: the samples that may be drawn, who made them, and what was left out."""

from collections.abc import Mapping
from dataclasses import dataclass

from chain.types import Coldkey, Hotkey
from evaluation.sources.merkle import root_of_ids
from evaluation.sources.sample import Sample


@dataclass(frozen=True, slots=True)
class Producer:
    """A qualified producer that had committed a batch by the seed block."""

    hotkey: Hotkey
    coldkey: Coldkey
    root: str
    """Root of the batch it had committed."""
    samples: int
    """How many of its samples are in the pool."""
    fault: str | None = None
    """Why all of its batch was left out; None where it was read."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Samples sorted by id, the producers they come from, and the number dropped under each rule (`filters.Drop`)."""

    samples: tuple[Sample, ...]
    producers: tuple[Producer, ...]
    counts: Mapping[str, int]
    min_producers: int
    """The fewest producers (coldkeys) that every task's samples must come from."""
    final: bool = True
    """Whether asking again would give the same: every batch was read, or is worthless for good."""

    @property
    def root(self) -> str:
        """Merkle root over the ids: validators whose pools differ see it here."""
        return root_of_ids(sample.id for sample in self.samples)
