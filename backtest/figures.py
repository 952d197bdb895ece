"""What stories come to, in figures: false crowns, better models crowned, agreement, income, cost. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, pstdev

from backtest.rules.port import Turn
from backtest.simulation import Story


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
    wrongly_paid: float
    """Pay that went to a model when one better by more than epsilon's end was among the live."""
    volatility: float
    """Pay that changes hands from one round to the next."""
    cost: float
    """Models judged per round, each counted by the part of the samples that it took."""


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
        wrongly_paid=0.0,
        volatility=fmean(_moved(story.turns)),
        cost=fmean(turn.judged for turns in story.turns for turn in turns),
    )


def _is_false(story: Story, turn: Turn) -> bool:
    if turn.reign is None or turn.before is None or turn.reign.submission_id == turn.before.submission_id:
        return False
    new, old = (story.models[one.submission_id].loss for one in (turn.reign, turn.before))
    return new >= old * (1 - 1e-9)


def _waits(story: Story) -> Iterable[int | None]:
    """For every better model and validator the rounds it took, its first one counted as 1."""
    last = len(story.turns) - story.scene.level.limit_rounds + 1
    for model in story.models.values():
        group = next((its for its in story.scene.field.arrivals if its.name == model.name), None)
        if group is None or group.improvement <= story.scene.competition.epsilon.end or model.arrived > last:
            continue
        for at in range(story.scene.field.validators):
            yield next((n for n, turns in enumerate(story.turns[model.arrived - 1 :], start=1) if _holds(story, turns[at], model.loss)), None)


def _holds(story: Story, turn: Turn, loss: float) -> bool:
    return turn.reign is not None and story.models[turn.reign.submission_id].loss <= loss * (1 + 1e-9)


def _agree(turns: Sequence[Turn]) -> float:
    kings = [turn.reign.submission_id if turn.reign else None for turn in turns]
    pairs = list(combinations(kings, 2))
    return fmean(one == other for one, other in pairs) if pairs else 1.0


def _moved(turns: Sequence[tuple[Turn, ...]]) -> Iterable[float]:
    for before, after in zip(turns, turns[1:], strict=False):
        for one, other in zip(before, after, strict=True):
            ids = {*one.paid, *other.paid}
            yield sum(abs(one.paid.get(id_, 0.0) - other.paid.get(id_, 0.0)) for id_ in ids) / 2
