"""What a simulated judging finds: every model's value on every sample, made from the seed, so that pairs are pairs.

A value is the true mean × (the sample's hardness, the same for all models + what this one strays by). The first
king's mean is at most half of a task's cap.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from backtest.field import Field
from backtest.population import Model, Population
from competitions.records import TaskScore
from competitions.spec import Competition

Values = NDArray[np.float64]

SHARED = 0
"""The draw of samples that all validators judge on; a validator's own is its number, from 1 on."""


class Judgings:
    """Values by round, draw and model; the newest are kept."""

    def __init__(self, field: Field, competition: Competition, population: Population, rho: float, seed: int) -> None:
        self._field, self._tasks, self._population, self._seed = field, competition.tasks, population, seed
        self._sd = paired_sd(competition, rho) / math.sqrt(2)
        self._errors = lru_cache(maxsize=512)(self._strays)
        self._exact = lru_cache(maxsize=512)(self._drawn)

    def makers(self) -> dict[str, tuple[str, ...]]:
        """The coldkey of each sample's producer, by task."""
        names = [f"producer{number}" for number in range(self._field.producers)]
        return {task.name: tuple(names[at % len(names)] for at in range(task.samples)) for task in self._tasks}

    def scores(self, number: int, draw: int, validator: int, model: Model) -> tuple[TaskScore, ...]:
        """What a validator finds of a model on all samples of a draw in a round."""
        found = self._exact(number, draw, model.submission.id)
        if draw == SHARED and self._field.float_noise:
            chances = self._chances(number, draw, model.submission.id, 1 + validator)
            found = [its * (1 + self._field.float_noise * chances.uniform(-1, 1, its.size)) for its in found]
        return tuple(TaskScore(task.name, tuple(its.tolist())) for task, its in zip(self._tasks, found, strict=True))

    def _drawn(self, number: int, draw: int, id_: int) -> list[Values]:
        model = self._population.models[id_]
        drawn = zip(self._tasks, self._hardness(number, draw), self._errors(number, draw, id_), strict=True)
        made = []
        for task, hard, strays in drawn:
            its = min(1.0, task.cap / (2 * self._field.loss)) * model.loss * (hard + strays)
            its[:: self._field.producers] *= 1 - model.favour
            made.append(np.clip(its, 0.0, task.cap))
        return made

    def _hardness(self, number: int, draw: int) -> list[Values]:
        chances = self._chances(number, draw, 0, 0)
        return [1 + self._field.hardness_sd * chances.standard_normal(task.samples) for task in self._tasks]

    def _strays(self, number: int, draw: int, id_: int) -> list[Values]:
        model = self._population.models[id_]
        own = self._own(number, draw, id_)
        if model.parent is None:
            return own
        above = self._errors(number, draw, model.parent)
        return [its + model.own_noise * mine for its, mine in zip(above, own, strict=True)]

    def _own(self, number: int, draw: int, id_: int) -> list[Values]:
        chances, part = self._chances(number, draw, id_, 0), self._field.producer_part
        made = []
        for task in self._tasks:
            its = math.sqrt(1 - part) * _shaped(chances, self._field.shape, task.samples)
            if part:
                common = chances.standard_normal(self._field.producers)
                its = its + math.sqrt(part) * np.resize(common, task.samples)
            made.append(self._sd * its)
        return made

    def _chances(self, number: int, draw: int, id_: int, about: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, 2, number, draw, id_, about])


def paired_sd(competition: Competition, rho: float) -> float:
    """How far two models' values stray from one another on a sample, in units of their mean, for one
    round's improvement to have the standard error ρ · eps_end."""
    weights = math.fsum(task.weight for task in competition.tasks)
    spread = math.sqrt(math.fsum(task.weight**2 / task.samples for task in competition.tasks))
    return rho * competition.epsilon.end * weights / spread


def _shaped(chances: np.random.Generator, shape: str, size: int) -> Values:
    """Deviates of mean 0 and variance 1."""
    match shape:
        case "heavy":
            return chances.standard_t(5, size) / math.sqrt(5 / 3)
        case "skewed":
            return chances.standard_exponential(size) - 1
    return chances.standard_normal(size)
