"""What the table says of where samples come from."""

from dataclasses import dataclass
from typing import Literal

from chain.types import BlockCount, NetUid

SourceName = Literal["signed_batches"]


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Samples signed by producers registered on `netuid`, with permit and at least `min_stake` TAO, committed there.

    A sample counts when its anchor block lies in (seed block − max_age_blocks, seed block].
    """

    name: SourceName
    netuid: NetUid
    min_stake: float
    min_producers: int
    max_age_blocks: BlockCount
    phrases: tuple[str, ...] = ()
    """Undesirable phrases, compared case-insensitively; a sample that holds one is dropped."""
    max_bytes: int = 20_000
    """Longest prompt, reference or text in UTF-8 bytes; longer samples are dropped."""
