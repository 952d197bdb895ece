"""What a source is, and every source by the name a table calls it."""

from collections.abc import Callable, Mapping
from typing import Protocol

from chain.reader import ChainReader
from chain.types import Block
from evaluation.sources.held import Held
from evaluation.sources.pool import Pool
from evaluation.sources.signed_batches import SignedBatches
from evaluation.sources.spec import SourceName, SourceSpec
from hub.port import Hub


class Source(Protocol):
    """Where a competition's samples come from."""

    def pool(self, spec: SourceSpec, *, seed_block: Block, after: Block) -> Pool | Held:
        """The pool of the round with this seed block; only samples anchored later than block `after` count.

        The same for every validator, whatever it fetched when. Raises ChainError where the chain does not answer.
        """
        ...


SOURCES: Mapping[SourceName, Callable[[ChainReader, Hub], Source]] = {"signed_batches": SignedBatches}


class UnknownSource(LookupError):
    """A table names a source that this version does not have."""


def open_source(name: str, chain: ChainReader, hub: Hub) -> Source:
    """The source of that name. Raises UnknownSource, which lists the known."""
    for known, make in SOURCES.items():
        if known == name:
            return make(chain, hub)
    raise UnknownSource(f"no source is called {name!r}; known are {', '.join(sorted(SOURCES))}")
