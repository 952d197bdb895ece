"""The title fight: has a challenger improved on the incumbent by enough, and is that proven? Pure.

Knows two models at a time: no third one's values, and no number of entrants, can move what it finds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from scipy.special import stdtr, stdtrit

from competitions.spec import Competition, TitleSpec
from evaluation.paired import FEWEST, Incomparable, Paired, Stratum, at_best, compare, unskewed
from evaluation.strata import normalisation_of, stratum
from evaluation.tasks.spec import TaskSpec

NOBODY = ""
"""Stands for the maker of a sample that nobody made, such as one of public text; its samples are never removed."""

_NOISE = 0.05
"""A loss is within the noise where an improvement as large as needed would lose by as much in one case of twenty."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Both models' values for the same samples of one task in one round, and who made each sample (a coldkey)."""

    incumbent: tuple[float, ...]
    challenger: tuple[float, ...]
    makers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bout:
    """A round in which both were judged on every sample: a pairing for each of the table's tasks, in its order."""

    number: int
    pairings: tuple[Pairing, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """The improvement that is left without the producers that favour the challenger most, and its p.

    Both are None where without them too little is left of a task to compare anything.
    """

    makers: tuple[str, ...]
    improvement: float | None
    p: float | None


@dataclass(frozen=True, slots=True)
class Fight:
    """What a challenger's bouts come to, taken together."""

    rounds: int
    samples: int
    improvement: float
    """D: relative to the incumbent."""
    needed: float
    p: float
    """Chance of min(T, T_H) or more for a model that is no better."""
    rho: float
    """Standard error of one round's D, in units of eps_end."""
    enough: float
    """The improvement that would pass with the noise of these samples."""
    without: Without | None
    """The test without the most favourable producers; None where it was not needed, or no producer can be removed."""
    passes: bool
    is_within_noise: bool
    """Whether it falls short of what is needed by no more than noise can account for."""


def fight(competition: Competition, bouts: Sequence[Bout], needed: float) -> Fight | Incomparable:
    """The title fight over a challenger's latest full rounds against one incumbent: the newest `pooled_rounds` of them.

    Rounds × tasks are the strata. It passes with D ≥ needed and min(T, T_H) ≥ t(1 − α, ν) over at least `fewest_rounds`
    rounds, and again without the samples of the `producers_removed` producers that favour the challenger most. A round
    counts once, however often it is told: the first telling.
    """
    title = competition.title
    pooled = _newest(bouts, title.pooled_rounds)
    paired = compare(_strata(competition.tasks, pooled))
    if isinstance(paired, Incomparable):
        return paired
    relative = paired.error / paired.incumbent
    passes = len(pooled) >= title.fewest_rounds and _is_proven(paired, needed, title.significance)
    removed = favourites(competition.tasks, pooled, title.producers_removed) if passes else ()
    without = _without(competition, pooled, removed) if removed else None
    return Fight(
        rounds=len(pooled),
        samples=sum(len(pairing.incumbent) for bout in pooled for pairing in bout.pairings),
        improvement=paired.improvement,
        needed=needed,
        p=_p(paired),
        rho=relative * math.sqrt(len(pooled)) / competition.epsilon.end,
        enough=max(needed, _least(paired, title.significance) * relative),
        without=_told(removed, without) if without is not None else None,
        passes=passes and (not removed or _stands(without, needed, title)),
        is_within_noise=at_best(paired, _NOISE) >= needed,
    )


def favourites(tasks: Sequence[TaskSpec], bouts: Sequence[Bout], number: int) -> tuple[str, ...]:
    """The producers without whose samples the improvement is least, so many of them; of equals the first by name.

    Before all others come those without whom nothing can be compared, such as the maker of all samples of a task.
    """
    made = sorted({maker for bout in bouts for pairing in bout.pairings for maker in pairing.makers} - {NOBODY})
    sums = [(task, _Sums.of(pairing)) for bout in bouts for task, pairing in zip(tasks, bout.pairings, strict=True)]
    return tuple(sorted(made, key=lambda maker: (_left(sums, maker), maker))[:number])


@dataclass(frozen=True, slots=True)
class _Sums:
    """A pairing's values added up by maker: (how many, the incumbent's, the challenger's)."""

    whole: tuple[int, float, float]
    parts: Mapping[str, tuple[int, float, float]]

    @staticmethod
    def of(pairing: Pairing) -> "_Sums":
        members: dict[str, list[int]] = {}
        for place, maker in enumerate(pairing.makers):
            members.setdefault(maker, []).append(place)
        added = {
            maker: (
                len(places),
                math.fsum(pairing.incumbent[place] for place in places),
                math.fsum(pairing.challenger[place] for place in places),
            )
            for maker, places in members.items()
        }
        whole = len(pairing.makers), math.fsum(pairing.incumbent), math.fsum(pairing.challenger)
        return _Sums(whole, added)

    def means_without(self, maker: str) -> tuple[float, float] | None:
        n, a, b = (all_ - its for all_, its in zip(self.whole, self.parts.get(maker, (0, 0.0, 0.0)), strict=True))
        return (max(0.0, a / n), max(0.0, b / n)) if n >= FEWEST else None


def _left(sums: Sequence[tuple[TaskSpec, _Sums]], maker: str) -> float:
    """The improvement without a maker's samples; less than any where too few are left of a task."""
    scores = []
    for task, one in sums:
        means = one.means_without(maker)
        if means is None:
            return -math.inf
        a, b = means
        shape = normalisation_of(task)
        if a <= 0 and task.normalisation == "by_incumbent":
            return -math.inf
        scores.append((task.weight * shape.at(a, a), task.weight * shape.at(b, a)))
    king = math.fsum(score for score, _ in scores)
    return (king - math.fsum(score for _, score in scores)) / king if king > 0 else -math.inf


def _newest(bouts: Sequence[Bout], number: int) -> list[Bout]:
    told: dict[int, Bout] = {}
    for one in bouts:
        told.setdefault(one.number, one)
    return [told[round_] for round_ in sorted(told, reverse=True)[:number]]


def _strata(tasks: Sequence[TaskSpec], bouts: Sequence[Bout], removed: tuple[str, ...] = ()) -> list[Stratum]:
    made = []
    for bout in bouts:
        for task, pairing in zip(tasks, bout.pairings, strict=True):
            kept = [maker not in removed for maker in pairing.makers]
            king, challenger = (list(compress(its, kept)) for its in (pairing.incumbent, pairing.challenger))
            made.append(stratum(task, king, challenger))
    return made


def _without(competition: Competition, bouts: Sequence[Bout], removed: tuple[str, ...]) -> Paired | Incomparable:
    return compare(_strata(competition.tasks, bouts, removed))


def _told(removed: tuple[str, ...], paired: Paired | Incomparable) -> Without:
    if isinstance(paired, Incomparable):
        return Without(removed, None, None)
    return Without(removed, paired.improvement, _p(paired))


def _stands(without: Paired | Incomparable | None, needed: float, title: TitleSpec) -> bool:
    return isinstance(without, Paired) and _is_proven(without, needed, title.significance_without)


def _is_proven(paired: Paired, needed: float, significance: float) -> bool:
    return paired.improvement >= needed and min(paired.t, paired.hall) >= _quantile(paired, significance)


def _quantile(paired: Paired, significance: float) -> float:
    return float(stdtrit(paired.freedom, 1 - significance))


def _least(paired: Paired, significance: float) -> float:
    """The least T for which T and T_H both reach the quantile."""
    quantile = _quantile(paired, significance)
    return max(quantile, unskewed(quantile, paired.skew))


def _p(paired: Paired) -> float:
    return float(stdtr(paired.freedom, -min(paired.t, paired.hall)))
