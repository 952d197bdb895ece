"""Many races at once: the arithmetic of `evaluation.paired` and `evaluation.racing` over arrays with a race a row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmarks.races.shapes import CAP, Shape, Values, challengers, gain_before_clipping, incumbents
from evaluation.paired import hall
from evaluation.racing import counted, error_of

CALIBRATION = 150
"""Draws for each race from which the effect of clipping is known."""


@dataclass(frozen=True)
class Field:
    """The tasks of a competition: samples, weights, and how large an incumbent's values are."""

    samples: tuple[int, ...]
    weights: tuple[float, ...]
    means: tuple[float, ...]


@dataclass(frozen=True)
class Races:
    """For each task both models' values, a race a row, samples in the order of judging."""

    field: Field
    incumbents: tuple[Values, ...]
    challengers: tuple[Values, ...]
    sd_floors: tuple[float, ...]


def races_of(rng: np.random.Generator, field: Field, shape: Shape, gain: float, error: float, races: int) -> Races:
    """Races of challengers with a true relative improvement of `gain`, whose mean over all samples has a standard error
    of `error` (before clipping)."""
    score = np.dot(field.weights, field.means)
    terms = zip(field.samples, field.weights, field.means, strict=True)
    noise = error * score / np.sqrt(sum((weight * mean) ** 2 / samples for samples, weight, mean in terms))
    asked = gain_before_clipping(rng, shape, gain, noise, CALIBRATION * races)
    kings, others = [], []
    for samples, mean in zip(field.samples, field.means, strict=True):
        drawn = incumbents(rng, races, samples)
        others.append(mean * challengers(rng, shape, drawn, asked, noise))
        kings.append(mean * (np.minimum(drawn, CAP) if shape.clipped else drawn))
    floors = tuple(noise * mean if shape.floored else 0.0 for mean in field.means)
    return Races(field, tuple(kings), tuple(others), floors)


def improvements(races: Races, counts: Sequence[int]) -> Values:
    """Each challenger's improvement on the first so many samples of each task."""
    king, other = (
        sum(
            weight * values[:, :n].mean(axis=1)
            for weight, values, n in zip(races.field.weights, side, counts, strict=True)
        )
        for side in (races.incumbents, races.challengers)
    )
    return (king - other) / king


def crowned(races: Races, lost: NDArray[np.int64], needed: float) -> NDArray[np.bool_]:
    """Who is crowned after a race: who lost none, and improved by what is needed on whatever was judged."""
    return (lost == 0) & (improvements(races, counted(races.field.samples)[-1]) >= needed)


def lost_after(races: Races, needed: float) -> NDArray[np.int64]:
    """The rung after which each race is lost, counted from 1; 0 where it never is."""
    plan = counted(races.field.samples)
    lost = np.zeros(len(races.incumbents[0]), dtype=np.int64)
    for rung, counts in enumerate(plan[:-1], start=1):
        t, t_hall, freedom = _tests(races, needed, counts)
        quantile = stdtrit(freedom, error_of(rung, len(plan) - 1))
        lost[(lost == 0) & (np.maximum(t, t_hall) < quantile)] = rung
    return lost


def saved(races: Races, lost: NDArray[np.int64]) -> float:
    """The part of all samples that need no judging."""
    judged = [sum(counts) for counts in counted(races.field.samples)]
    ends = np.array([judged[-1], *judged[:-1]])
    return float(1 - ends[lost].mean() / judged[-1])


def _tests(races: Races, needed: float, counts: Sequence[int]) -> tuple[Values, Values, Values]:
    """T, T_H and ν of each race after so many samples of each task."""
    surplus, variance, cubes, welch = (np.zeros(len(races.incumbents[0])) for _ in range(4))
    terms = zip(races.field.weights, races.sd_floors, races.incumbents, races.challengers, counts, strict=True)
    for weight, floor, king, other, n in terms:
        ahead = weight * ((1 - needed) * king[:, :n] - other[:, :n])
        mean = ahead.mean(axis=1)
        deviations = ahead - mean[:, None]
        squares = np.square(deviations)
        own = np.maximum(squares.sum(axis=1) / (n - 1), (weight * floor) ** 2) / n
        surplus += mean
        variance += own
        cubes += np.einsum("ij,ij->i", squares, deviations) / (n * (n - 1) * (n - 2))
        welch += own * own / (n - 1)
    error = np.sqrt(variance)
    t, skew = surplus / error, cubes / error**3
    return t, hall(t, skew), variance * variance / welch
