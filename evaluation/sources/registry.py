"""What a source is, and every source by the kind a table calls it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from evaluation.sources.doors import Doors
from evaluation.sources.feed import Feed
from evaluation.sources.generated import Generated
from evaluation.sources.held import Held
from evaluation.sources.hub_text import HubText
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool
from evaluation.sources.signed_batches import SignedBatches
from evaluation.sources.spec import FeedSpec, GeneratedSpec, HubTextSpec, SignedBatchesSpec, SourceSpec, WandbRunsSpec
from evaluation.sources.wandb_runs import WandbRuns

Spec = TypeVar("Spec", contravariant=True)


class Source(Protocol[Spec]):
    """Where a competition's samples come from."""

    def pool(self, spec: Spec, occasion: Occasion) -> Pool | Held:
        """The pool of a round; the same for every validator, whatever it fetched when.

        Raises ChainError where the chain does not answer.
        """
        ...


SOURCES: Mapping[type[SourceSpec], Callable[[Doors], Source[Any]]] = {
    SignedBatchesSpec: SignedBatches,
    FeedSpec: Feed,
    GeneratedSpec: Generated,
    WandbRunsSpec: WandbRuns,
    HubTextSpec: HubText,
}


class PoolReader(Protocol):
    """Whatever gives a round its pools."""

    def pool(self, spec: SourceSpec, occasion: Occasion) -> Pool | Held:
        """See Source.pool."""
        ...


class Sources:
    """All sources of one validator, by the table's records."""

    def __init__(self, doors: Doors) -> None:
        self._sources = {kind: make(doors) for kind, make in SOURCES.items()}

    def pool(self, spec: SourceSpec, occasion: Occasion) -> Pool | Held:
        """See Source.pool."""
        return self._sources[type(spec)].pool(spec, occasion)
