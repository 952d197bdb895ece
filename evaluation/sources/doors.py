"""What a source may use of the outside: the chain, the Hub, a folder to keep things in."""

from dataclasses import dataclass
from pathlib import Path

from chain.reader import ChainReader
from evaluation.sources.batch_store import BatchStore
from hub.port import Hub


@dataclass(frozen=True, slots=True)
class Doors:
    """One validator's own; no source shares anything else with another."""

    chain: ChainReader
    hub: Hub
    folder: Path
    """Where sources keep what they fetched; all of it can be had again."""

    @property
    def batches(self) -> BatchStore:
        """Batches under their roots, whichever source fetched them."""
        return BatchStore(self.folder / "batches")
