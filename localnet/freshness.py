"""Whether a round was judged on samples younger than every model in it, read off the validator's own ledger and
bundles: what nobody can have had before committing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chain.types import Block
from evaluation.sources.bundle import read_bundle
from ledger import rounds, submissions
from ledger.database import Ledger, open_ledger


@dataclass(frozen=True, slots=True)
class Freshness:
    """One closed round in which a model got a score."""

    competition: str
    round: int
    youngest_commit: Block
    """The newest commit of a model with a score."""
    oldest_sample: Block
    """The oldest anchor of the samples it was judged on."""

    @property
    def is_fresh(self) -> bool:
        """Whether no judged model can have known a sample."""
        return self.oldest_sample > self.youngest_commit


def freshness(ledger_file: Path, bundles: Path, competitions: Iterable[str]) -> tuple[Freshness, ...]:
    """Every scored round whose bundle is still on disk. Raises LedgerUnavailable and BundleCorrupt."""
    ledger = open_ledger(ledger_file, read_only=True)
    try:
        return tuple(found for name in competitions for found in _of(ledger, bundles, name))
    finally:
        ledger.close()


def _of(ledger: Ledger, bundles: Path, competition: str) -> Iterator[Freshness]:
    for closed in rounds.closed(ledger, competition):
        scored = [place for place in rounds.standings(ledger, closed.id) if place.score is not None]
        file = bundles / f"{closed.bundle_root}.jsonl"
        if not scored or not file.is_file():
            continue
        commits = [submissions.get(ledger, place.submission_id).commit_block for place in scored]
        samples = [sample for task in read_bundle(file, closed.bundle_root).tasks for sample in task.samples]
        oldest = min(Block(0) if sample.anchor_block is None else sample.anchor_block for sample in samples)
        yield Freshness(competition, closed.number, max(commits), oldest)
