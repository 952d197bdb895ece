"""In which portions a challenger is judged, and when to stop: as soon as it cannot reach what it needs any more. Pure.

A race only ever ends in a loss. Whoever is crowned was judged on every sample.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.executor import Race
from evaluation.paired import Incomparable, at_best, compare
from evaluation.sources.bundle import Bundle
from evaluation.strata import stratum
from evaluation.tasks.spec import TaskSpec

Rung = tuple[tuple[int, ...], ...]
"""For each task the places in its samples that are new in this rung, ascending."""

PARTS = (8, 4, 2)
"""After an eighth of the samples, a quarter and a half there is a look, where the rungs are long enough."""

FEWEST = 32
"""New samples in every rung of a race that has more than one."""

FEWEST_OF_A_TASK = 16
"""A first rung has so many of each task (or all): with 8, a small task's skew goes unseen twice as often."""

ERROR = 0.001
"""Chance, over all looks of a race and if nothing is skewed, of losing a challenger that improves by just what it
needs. With skewed differences it is more: benchmarks/racing.py holds the whole to 0.5 %."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The race is lost after so many rungs: the improvement so far, and the most that it can come to."""

    rung: int
    improvement: float
    at_best: float


def rungs(bundle: Bundle, tasks: Sequence[TaskSpec]) -> tuple[Rung, ...]:
    """The portions in which a bundle is judged: together each sample of the tasks once. A bundle too small for two
    rungs is one. Raises KeyError for a task the bundle was not drawn for.
    """
    orders = [in_turn([sample.producer for sample in bundle.of(task.name)]) for task in tasks]
    made, before = [], (0,) * len(orders)
    for counts in counted(tuple(len(order) for order in orders)):
        parts = zip(orders, before, counts, strict=True)
        made.append(tuple(tuple(sorted(order[start:end])) for order, start, end in parts))
        before = counts
    return tuple(made)


def counted(totals: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """How many samples of each task are judged after each rung, given how many there are.

    Of each task an eighth, a quarter and a half, rounded down, at least 16; then all. Who would bring fewer than 32 new
    samples, or leave fewer than 32 for the end, is no rung.
    """
    made: list[tuple[int, ...]] = []
    for part in PARTS:
        counts = tuple(max(total // part, min(FEWEST_OF_A_TASK, total)) for total in totals)
        new = sum(counts) - (sum(made[-1]) if made else 0)
        if new >= FEWEST and sum(totals) - sum(counts) >= FEWEST:
            made.append(counts)
    return (*made, totals)


def in_turn(producers: Sequence[object]) -> list[int]:
    """The places of samples in the order in which a race takes them, given who made each.

    A producer's i-th of n samples stands at (i − ½)/n of the way; what stands together keeps the bundle's order. So any
    beginning holds the same part of every producer's samples, to within one of them where producers give equally many.
    """
    total, seen = Counter(producers), defaultdict[object, int](int)
    keys = []
    for place, producer in enumerate(producers):
        keys.append(((2 * seen[producer] + 1) / (2 * total[producer]), place))
        seen[producer] += 1
    return [place for _, place in sorted(keys)]


def look(
    tasks: Sequence[TaskSpec], race: Race, values: Sequence[Mapping[int, float]], rung: int, of: int
) -> Stop | None:
    """Whether the race is lost after rung `rung` of `of`, counted from 1; None goes on.

    `values` has for each task the challenger's values so far by the sample's place, in any order. No race is lost after
    the last rung, nor where the incumbent's values so far are all 0 or a task has fewer than three.
    """
    if rung == of:
        return None
    strata = [
        stratum(task, [known[place] for place in own], list(own.values()), task.sd_floor)
        for task, known, own in zip(tasks, race.incumbent, values, strict=True)
    ]
    paired = compare(strata, race.needed)
    if isinstance(paired, Incomparable):
        return None
    bound = at_best(paired, error_of(rung, of - 1))
    return Stop(rung, paired.improvement, bound) if bound < race.needed else None


def error_of(look: int, looks: int) -> float:
    """The part of ERROR that a look may spend: as rungs double, each twice that of the one before, all of it together.

    A late look knows more, and an early one is deceived more easily by what is skewed.
    """
    return ERROR * 2.0 ** (look - 1) / (2.0**looks - 1)
