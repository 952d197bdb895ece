"""Who takes part in the round being decided, with what came of their judging, and the round itself. Pure data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chain.types import Block, BlockCount
from competitions.descent import Disguise
from competitions.epsilon import epsilon
from competitions.ownership import Claim
from competitions.records import FightState, Reign, Submission, TaskScore
from competitions.spec import Competition
from competitions.title_fight import Bout
from evaluation.verdicts import Outraced
from models.rejections import Rejection

Result = tuple[TaskScore, ...] | Outraced | Claim | Disguise | Rejection | str
"""A submission's scores in a round, or why it has none: out of the incumbent's reach on some of the samples already, a
copy, plain or in disguise, a rejection, or our own fault."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A submission in a round, with the first commit block of its digest."""

    submission: Submission
    digest_block: Block
    result: Result
    earlier: tuple[Bout, ...] = ()
    """Its full rounds against the same incumbent before this one."""
    past: tuple[FightState, ...] = ()
    """How its title fight against the same incumbent stood after each round before this one, the newest first."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The round being decided."""

    competition: Competition
    number: int
    seed_block: Block
    seed: bytes
    makers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By task, the coldkey of each sample's producer in bundle order; what nobody made has "", and so has a task that
    is not here."""


def scored(entrants: Sequence[Entrant]) -> list[Entrant]:
    """Those judged on every sample."""
    return [entrant for entrant in entrants if isinstance(entrant.result, tuple)]


def needed(setting: Setting, incumbent: Reign) -> float:
    """Epsilon against this incumbent at the round's seed block."""
    age = BlockCount(max(0, setting.seed_block - incumbent.digest_block))
    return epsilon(setting.competition.epsilon, incumbent.earned, age)
