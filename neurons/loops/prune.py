"""Prune: keep on disk the models that a coming round can need, and the bundles of recent rounds; remove the rest."""

import logging
from dataclasses import dataclass
from pathlib import Path

from models.cache import ModelCache
from neurons.needs import Needs

log = logging.getLogger(__name__)

_BUNDLES_KEPT = 50


@dataclass(frozen=True, slots=True)
class Prune:
    """Removes only what can be had again; a model that is wanted later is fetched anew."""

    needs: Needs
    cache: ModelCache
    bundles: Path
    name: str = "prune"

    def step(self) -> bool:
        """Remove models that no round to come may need, and the oldest bundles."""
        removed = self.cache.keep(self.needs.digests())
        for bundle in sorted(self.bundles.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)[:-_BUNDLES_KEPT]:
            bundle.unlink(missing_ok=True)
        if removed:
            log.info("removed %d models that no coming round can need", len(removed))
        return False
