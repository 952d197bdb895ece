"""A study: a field at all its noise levels, under the rules in question and those to compare with, by two processes.

Every part of it depends on its scene alone, so neither the number of processes nor their order can move a figure.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from multiprocessing.sharedctypes import SynchronizedArray
from typing import get_args

from backtest.field import Field, Level
from backtest.figures import Figures, figures
from backtest.rules.registry import COMPARISON
from backtest.simulation import Bundles, Scene, simulate
from competitions.spec import Competition

PROCESSES = 2

Advance = Callable[[float], None]
"""Told the share that is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Side:
    """One set of rules at one level, on shared and on independent bundles."""

    shared: Figures
    independent: Figures

    @property
    def both(self) -> tuple[Figures, Figures]:
        """For what does not depend on whether validators judge on the same samples."""
        return self.shared, self.independent

    def mean(self, of: Callable[[Figures], float]) -> float:
        """A figure's mean over both."""
        return sum(map(of, self.both)) / len(self.both)


@dataclass(frozen=True, slots=True)
class Found:
    """A level's figures under the rules in question and under those to compare with."""

    level: Level
    ours: Side
    comparison: Side


def study(
    field: Field, competition: Competition, rule: str, rounds: int, seed: int, advance: Advance = lambda _: None
) -> tuple[Found, ...]:
    """Simulate so many rounds at each level, under each of the rules, on shared and on independent bundles."""
    parts = list(product(field.levels, dict.fromkeys((rule, COMPARISON)), get_args(Bundles)))
    scenes = [Scene(field, level, competition, by, bundles, rounds, seed) for level, by, bundles in parts]
    found = dict(zip(parts, _played(scenes, advance), strict=True))

    def side(level: Level, by: str) -> Side:
        return Side(found[level, by, "shared"], found[level, by, "independent"])

    return tuple(Found(level, side(level, rule), side(level, COMPARISON)) for level in field.levels)


def _played(scenes: Sequence[Scene], advance: Advance) -> list[Figures]:
    context = get_context("spawn")
    done = context.Array("q", len(scenes))
    with ProcessPoolExecutor(PROCESSES, context, _begin, (done,)) as pool:
        parts = [pool.submit(_play, place, scene) for place, scene in enumerate(scenes)]
        for _ in _waiting(parts):
            advance(sum(done[:]) / sum(scene.rounds for scene in scenes))
        return [part.result() for part in parts]


def _waiting(parts: Sequence[Future[Figures]], every_s: float = 0.5) -> Iterator[None]:
    """Comes back now and then until all is done, or something has failed."""
    while any(not part.done() for part in parts) and not any(part.done() and part.exception() for part in parts):
        wait(parts, timeout=every_s, return_when="FIRST_EXCEPTION")
        yield


_done: "SynchronizedArray[int] | None" = None
"""In a worker process: rounds played, by scene."""


def _begin(done: "SynchronizedArray[int]") -> None:
    global _done
    _done = done


def _play(place: int, scene: Scene) -> Figures:
    def tick() -> None:
        if _done is not None:
            _done[place] += 1

    return figures(simulate(scene, tick))
