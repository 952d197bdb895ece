"""The table's records: competitions, and from which block which of them pays what share. Pure data."""

from dataclasses import dataclass
from typing import Literal

from chain.types import Block, BlockCount, Uid
from evaluation.sources.spec import NamedSource, SourceSpec
from evaluation.tasks.spec import TaskSpec
from models.bases import BaseRef
from models.limits import ModelLimits
from models.lineage import Kind


@dataclass(frozen=True, slots=True)
class EpsilonSpec:
    """The improvement a challenger needs: `start` falling to `end` over `decay_blocks` of the king's age."""

    start: float
    end: float
    decay_blocks: BlockCount


@dataclass(frozen=True, slots=True)
class TitleSpec:
    """What a title fight asks of a challenger besides epsilon: see docs/mechanism.md, Winning."""

    significance: float = 0.001
    """α: an improvement counts where chance alone would bring it, or more, less often than that. Never divided by the
    number of entrants, or junk would protect a king."""
    pooled_rounds: int = 3
    """W: so many of its latest full rounds against the incumbent are taken together, at most."""
    fewest_rounds: int = 2
    """Full rounds against the incumbent without which nobody is crowned."""
    producers_removed: int = 1
    """f: the improvement must stand without the samples of so many producers, those that favour it most."""
    significance_without: float = 0.001
    """α of the test without them. The most favourable of honest producers is missed too, so a table of noisy tasks may
    give more here, and trusts its producers more."""


@dataclass(frozen=True, slots=True)
class EntrantsSpec:
    """How much work one round may bring, the incumbent's judging aside."""

    most: int = 24
    """Challengers judged in one round."""
    per_coldkey: int = 2
    """Of these, how many may belong to one coldkey while others wait."""


@dataclass(frozen=True, slots=True)
class LineageSpec:
    """Which kinds of descent from another's model make a submission a copy; the others are only shown."""

    refused: tuple[Kind, ...] = (Kind.COPY, Kind.SCALED, Kind.PERMUTED, Kind.NOISE)


@dataclass(frozen=True, slots=True)
class Competition:
    """One contest. Delays are in blocks: see docs/mechanism.md for what each protects against."""

    name: str
    first_block: Block
    round_blocks: BlockCount
    eval_delay_blocks: BlockCount
    fetch_blocks: BlockCount
    max_seal_blocks: BlockCount
    beacon_delay_s: float
    """The round's seed takes the first beacon round at least this long after the seed block's time."""
    limits: ModelLimits
    tasks: tuple[TaskSpec, ...]
    sources: tuple[NamedSource, ...]
    """Where samples come from; each task names one of them."""
    epsilon: EpsilonSpec
    deadline_s: float
    """Seconds after which one model's judging is killed and abandoned (never rejected)."""
    title: TitleSpec = TitleSpec()
    entrants: EntrantsSpec = EntrantsSpec()
    absent_rounds: int = 3
    """Rounds running in which a healthy Hub does not have the king's repository any more, after which the throne is
    vacant."""
    lineage: LineageSpec = LineageSpec()
    base: BaseRef | None = None
    """The one model that adapters may be entered for; without it only whole models are taken."""

    def source(self, name: str) -> SourceSpec:
        """The source of that name. Raises KeyError."""
        return {source.name: source.spec for source in self.sources}[name]


@dataclass(frozen=True, slots=True)
class Phase:
    """From `from_block` on, each active competition's share of emission; shares sum to at most 1."""

    from_block: Block
    shares: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """All competitions and their schedule; what no competition is given goes to `burn_uid`."""

    competitions: tuple[Competition, ...]
    schedule: tuple[Phase, ...]
    settle_blocks: BlockCount
    """A round pays from this many blocks after its seed block on, so that every validator has judged it."""
    burn_uid: Uid
    fingerprint: str
    """sha256 of the canonical table: validators with the same fingerprint play by the same rules."""
    without_king: Literal["burn", "others"] = "burn"
    """Where the share of a competition without a king goes: to `burn_uid`, or to the others in their proportion."""
