"""Which producers' samples tell another tale of the entrants than everybody else's: to be looked at, not removed. Pure.

A title fight stands without its favourite producer in any case; this names, for people, who may be one.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from scipy.special import ndtri, stdtr

from competitions.records import Flag
from competitions.title_fight import NOBODY, Bout, Pairing
from evaluation.paired import FEWEST
from evaluation.strata import normalisation_of
from evaluation.tasks.spec import TaskSpec

LIMIT = 4.0
"""Beyond so many standard errors a producer is flagged: by chance one in sixteen thousand."""

_LEAST = 1e-300
"""No probability counts as less: its z, 37, is beyond all doubt."""


def flagged(tasks: Sequence[TaskSpec], entrants: Sequence[Sequence[Bout]]) -> tuple[Flag, ...]:
    """The producers on whose samples entrants' improvements on the incumbent differ significantly from those on the
    others' samples, the most striking first.

    Of each entrant, given by its bouts: what the improvement's part is on a producer's samples less that on all others,
    over its standard error, after Welch; as a z of the same probability, since a producer has few samples. The largest
    counts, its probability times the number of entrants, or whoever enters junk could have anybody flagged. What a
    flagged producer made is left out of the others' samples, or it would throw suspicion on them.
    """
    rest = {maker for bouts in entrants for pairing in _pairings(bouts) for maker in pairing.makers} - {NOBODY}
    found: list[Flag] = []
    while rest:
        out = {flag.maker for flag in found}
        flags = [Flag(maker, _strongest(tasks, entrants, maker, out)) for maker in rest]
        worst = min(flags, key=lambda flag: (-abs(flag.z), flag.maker))
        if abs(worst.z) <= LIMIT:
            break
        found.append(worst)
        rest.remove(worst.maker)
    return tuple(found)


def _pairings(bouts: Sequence[Bout]) -> list[Pairing]:
    return [pairing for bout in bouts for pairing in bout.pairings]


def _strongest(
    tasks: Sequence[TaskSpec], entrants: Sequence[Sequence[Bout]], maker: str, out: Collection[str]
) -> float:
    """The z of the entrant that stands out most; 0 where none does, or too few samples tell."""
    tests = [test for bouts in entrants if (test := _apart(tasks, bouts, maker, out))]
    if not tests:
        return 0.0
    p, sign = min((float(stdtr(freedom, -abs(t))), math.copysign(1.0, t)) for t, freedom in tests)
    return -sign * float(ndtri(min(0.5, max(_LEAST, p * len(tests)))))


def _apart(
    tasks: Sequence[TaskSpec], bouts: Sequence[Bout], maker: str, out: Collection[str]
) -> tuple[float, float] | None:
    """An entrant's (T, ν) between a producer's samples and the others'; None where they cannot be told apart."""
    sides: list[_Side] = []
    for bout in bouts:
        for task, pairing in zip(tasks, bout.pairings, strict=True):
            gains = list(zip(_gains(task, pairing), pairing.makers, strict=True))
            its = [gain for gain, made_by in gains if made_by == maker]
            others = [gain for gain, made_by in gains if made_by != maker and made_by not in out]
            if min(len(its), len(others)) >= FEWEST:
                sides += [_Side.of(its, 1.0), _Side.of(others, -1.0)]
    variance = math.fsum(side.variance for side in sides)
    if variance <= 0:
        return None
    freedom = variance**2 / math.fsum(side.variance**2 / (side.number - 1) for side in sides)
    return math.fsum(side.mean for side in sides) / math.sqrt(variance), freedom


@dataclass(frozen=True, slots=True)
class _Side:
    """Gains of one task in one round, on a producer's samples or (with a minus) on the others'."""

    number: int
    mean: float
    variance: float
    """Of the mean."""

    @staticmethod
    def of(gains: Sequence[float], sign: float) -> "_Side":
        n, mean = len(gains), _mean(gains)
        return _Side(n, sign * mean, math.fsum((gain - mean) ** 2 for gain in gains) / (n * (n - 1)))


def _gains(task: TaskSpec, pairing: Pairing) -> list[float]:
    """What each sample adds to the improvement, in units of the weighted score."""
    shape, a, b = normalisation_of(task), _mean(pairing.incumbent), _mean(pairing.challenger)
    if a <= 0 and task.normalisation == "by_incumbent":
        return [0.0] * len(pairing.makers)
    for_a, for_b = task.weight * shape.slope(a, a), task.weight * shape.slope(b, a)
    both = zip(pairing.incumbent, pairing.challenger, strict=True)
    return [for_a * one - for_b * other for one, other in both]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
