"""What stories come to, in figures: false crowns, better models crowned, agreement, income, cost. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import fmean

from backtest.rules.port import Turn
from backtest.simulation import Story

_ROUNDING = 1e-9
"""Models whose true means differ by no more, relatively, are equally good."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A story's figures. Fractions are of validator-rounds, of arrivals as each validator sees them, or of pairs."""

    false_crowns: float
    """Crowns to a model that is no better than the one before it, per round."""
    crowned_in_time: float
    """Of the better models that arrived, those that reigned, or a model as good did, within the level's limit."""
    arrivals: int
    """Better models that arrived early enough to tell."""
    waits: tuple[int | None, ...]
    """Rounds from each of these arrivals, as each validator sees it, to the crown; None where another came first."""
    agreement: float
    """Of a round's pairs of validators, those with the same king afterwards."""
    moved: tuple[float, ...]
    """Part of the pay that went to another than in the round before, by round; the mean of all validators."""
    judged: float
    """Models that a validator judges per round, each counted by the part of the samples that it took."""

    @property
    def volatility(self) -> float:
        """Part of the pay that changes hands from one round to the next."""
        return fmean(self.moved) if self.moved else 0.0


def figures(story: Story) -> Figures:
    """The figures of one story."""
    waits = tuple(_waits(story))
    limit = story.scene.level.limit_rounds
    return Figures(
        false_crowns=fmean(_is_false(story, turn) for turns in story.turns for turn in turns),
        crowned_in_time=fmean(wait is not None and wait <= limit for wait in waits) if waits else 0.0,
        arrivals=len(waits) // story.scene.field.validators,
        waits=waits,
        agreement=fmean(_agree(turns) for turns in story.turns),
        moved=tuple(_moved(story.turns)),
        judged=fmean(turn.judged for turns in story.turns for turn in turns),
    )


def _is_false(story: Story, turn: Turn) -> bool:
    if turn.reign is None or turn.before is None or turn.reign.submission_id == turn.before.submission_id:
        return False
    new, old = (story.models[one.submission_id].loss for one in (turn.reign, turn.before))
    return new >= old * (1 - _ROUNDING)


def _waits(story: Story) -> Iterable[int | None]:
    """For every better model and validator the rounds it took, its first one counted as 1; None for never."""
    last = len(story.turns) - story.scene.level.limit_rounds + 1
    better = {
        group.name for group in story.scene.field.arrivals if group.improvement > story.scene.competition.epsilon.end
    }
    for model in story.models.values():
        if model.name in better and model.arrived <= last:
            since = story.turns[model.arrived - 1 :]
            for at in range(story.scene.field.validators):
                yield next((n for n, turns in enumerate(since, start=1) if _holds(story, turns[at], model.loss)), None)


def _holds(story: Story, turn: Turn, loss: float) -> bool:
    return turn.reign is not None and story.models[turn.reign.submission_id].loss <= loss * (1 + _ROUNDING)


def _agree(turns: Sequence[Turn]) -> float:
    kings = [turn.reign.submission_id if turn.reign else None for turn in turns]
    pairs = list(combinations(kings, 2))
    return fmean(one == other for one, other in pairs) if pairs else 1.0


def _moved(turns: Sequence[tuple[Turn, ...]]) -> Iterable[float]:
    for before, after in pairwise(turns):
        yield fmean(moved(one.paid, other.paid) for one, other in zip(before, after, strict=True))


def moved(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """The part of a round's pay that goes to another than in the round before."""
    return sum(max(0.0, share - before.get(id_, 0.0)) for id_, share in after.items())
