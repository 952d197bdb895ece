"""What a source gives a round: the samples that may be drawn, who made them, and what was left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from chain.types import Coldkey, Hotkey
from evaluation.sources.merkle import root_of_ids
from evaluation.sources.sample import Sample

Proof = Literal["sample", "mirrors", "run", "seed"]
"""What stands behind a sample: its producer's signature over it and its anchor, and its batch's root on chain; the
same signature, but the word of mirrors alone that it belonged to the round; a signature over the run it came in, which
proves neither its time nor its content; or the round's seed, which chose it from what is public."""


@dataclass(frozen=True, slots=True)
class Producer:
    """A qualified producer that had committed samples by the seed block."""

    hotkey: Hotkey
    coldkey: Coldkey
    root: str
    """Root of the batch it had committed; empty where its source knows none."""
    samples: int
    """How many of its samples are in the pool."""
    fault: str | None = None
    """Why all of its samples were left out; None where they were read."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Samples sorted by id, the producers they come from, and the numbers dropped under each rule (`filters.Drop`)."""

    samples: tuple[Sample, ...]
    producers: tuple[Producer, ...]
    counts: Mapping[str, int]
    proof: Proof = "sample"
    min_producers: int = 1
    """The fewest producers (coldkeys) that every task's samples must come from."""
    near_duplicate: float | None = None
    """Two samples this similar are never drawn into one task; None where no two are alike by their making."""

    @property
    def root(self) -> str:
        """Merkle root over the ids: validators whose pools differ see it here."""
        return root_of_ids(sample.id for sample in self.samples)
