"""A round's samples: drawn once from the pools of its tasks' sources, kept as a file, and drawn again where that is
lost. Knows nothing of models.
"""

from dataclasses import dataclass
from pathlib import Path

from chain.types import Block
from competitions.spec import Competition
from evaluation.sources.bundle import BundleCorrupt, draw, read_bundle, write_bundle
from evaluation.sources.held import Cause, Held
from evaluation.sources.occasion import Occasion, needs_of
from evaluation.sources.pool import Pool
from evaluation.sources.registry import PoolReader
from ledger import rounds
from ledger.database import Ledger


@dataclass(frozen=True, slots=True)
class RoundSamples:
    """Where a round's samples come from, and the folder in which they are kept."""

    ledger: Ledger
    sources: PoolReader
    folder: Path

    def bundle(self, competition: Competition, round_: rounds.Round) -> Path | Held:
        """The round's samples as a file; a damaged or lost one is drawn again to the same root, or the round ends."""
        if round_.bundle_root and _is_whole(self._file(round_.bundle_root), round_.bundle_root):
            return self._file(round_.bundle_root)
        pools = self._pools(competition, round_)
        if isinstance(pools, Held):
            return pools
        drawn = draw(pools, competition.tasks, round_.seed)
        if isinstance(drawn, Held):
            return drawn
        bundle = drawn.bundle
        if round_.bundle_root not in (None, bundle.root):
            lost = f"its samples, {round_.bundle_root}, were lost on this disk and are no more to be had"
            return Held(Cause.TOO_FEW, lost)
        write_bundle(bundle, self._file(bundle.root))  # first, since what is recorded may be impossible to draw again
        rounds.set_bundle(self.ledger, round_.id, bundle.root, pools, drawn.near_duplicates, drawn.makers)
        return self._file(bundle.root)

    def _pools(self, competition: Competition, round_: rounds.Round) -> dict[str, Pool] | Held:
        """What each source that a task names gives for this round."""
        pools: dict[str, Pool] = {}
        newest = Block(round_.seed_block - competition.eval_delay_blocks)
        for source in competition.sources:
            if needs := needs_of(competition.tasks, source.name):
                answer = self.sources.pool(source.spec, Occasion(round_.seed_block, round_.seed, newest, needs))
                if isinstance(answer, Held):
                    return answer
                pools[source.name] = answer
        return pools

    def _file(self, root: str) -> Path:
        return self.folder / f"{root}.jsonl"


def _is_whole(path: Path, root: str) -> bool:
    try:
        read_bundle(path, root)
    except (FileNotFoundError, BundleCorrupt):
        return False
    return True
