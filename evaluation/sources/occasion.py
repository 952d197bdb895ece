"""The round for which samples are asked: all that a source may know of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.types import Block, BlockCount
from evaluation.tasks.spec import KIND_OF_TASK, SampleKind, TaskSpec


@dataclass(frozen=True, slots=True)
class Occasion:
    """A round by its seed block and seed, and what its tasks need of one source."""

    seed_block: Block
    seed: bytes
    youngest_commit: Block
    """No submission judged in the round was committed later; samples count only if they are younger than this."""
    needs: Mapping[SampleKind, int]
    """How many samples of each kind the round draws."""

    def has_waited(self, patience_blocks: BlockCount, head: Block) -> bool:
        """Whether the chain has gone on so long that the round waits for nobody's samples any more."""
        return head >= self.seed_block + patience_blocks


def needs_of(tasks: Sequence[TaskSpec], source: str) -> dict[SampleKind, int]:
    """What tasks need of the source they name; tasks of one kind draw from the same samples."""
    needs: dict[SampleKind, int] = {}
    for task in tasks:
        if task.source == source:
            kind = KIND_OF_TASK[task.name]
            needs[kind] = max(needs.get(kind, 0), task.samples)
    return needs
