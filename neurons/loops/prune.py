"""Prune: keep on disk the models that a coming round can need, and the bundles of recent rounds; remove the rest."""

import logging
from collections import defaultdict, deque
from dataclasses import dataclass
from pathlib import Path

from chain.types import Hotkey
from competitions.spec import Table
from ledger import rounds, submissions
from ledger.database import Ledger
from models.cache import ModelCache

log = logging.getLogger(__name__)

_BUNDLES_KEPT = 50


@dataclass(frozen=True, slots=True)
class Prune:
    """Removes only what can be had again; a model that is wanted later is fetched anew."""

    ledger: Ledger
    cache: ModelCache
    bundles: Path
    table: Table
    name: str = "prune"

    def step(self) -> bool:
        """Remove models of superseded submissions and the oldest bundles."""
        removed = self.cache.keep(self._wanted())
        for bundle in sorted(self.bundles.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)[:-_BUNDLES_KEPT]:
            bundle.unlink(missing_ok=True)
        if removed:
            log.info("removed %d models that no coming round can need", len(removed))
        return False

    def _wanted(self) -> set[str]:
        """Digests of every hotkey's two newest accepted submissions, of the reigning models, and of the bases."""
        wanted: set[str | None] = {rules.base.digest for rules in self.table.competitions if rules.base is not None}
        for competition in self.table.competitions:
            newest: defaultdict[Hotkey, deque[str | None]] = defaultdict(lambda: deque(maxlen=2))
            for submission in submissions.all_of(self.ledger, competition.name):
                if submission.intake == "accepted":
                    newest[submission.hotkey].append(submission.digest)
            wanted |= {digest for digests in newest.values() for digest in digests}
            wanted |= {
                submissions.get(self.ledger, reign.submission_id).digest
                for reign in rounds.reigns(self.ledger, competition.name)[:2]
            }
        return {digest for digest in wanted if digest is not None}
