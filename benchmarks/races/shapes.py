"""How a challenger's values can differ from an incumbent's: normally, lopsided, with heavy tails, clipped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Draw = Callable[[np.random.Generator, Values], Values]
"""(generator, the incumbent's values over their mean) → noise for each of them, mean 0, variance 1."""

SPREAD = 0.4
"""Of the logarithm of an incumbent's values."""

CAP = 1.9
"""Of clipped values, over their mean: some 4 % of the incumbent's are there."""


@dataclass(frozen=True)
class Shape:
    """A kind of noise; positive noise is a gain of the challenger's."""

    name: str
    draw: Draw
    promised: bool = True
    """Whether the error of a race is promised for it."""
    clipped: bool = False
    floored: bool = False
    """Whether the table knows how far differences spread, and takes no less for granted (`TaskSpec.sd_floor`)."""


def _lognormal(rng: np.random.Generator, beside: Values) -> Values:
    drawn = np.exp(0.8 * rng.standard_normal(beside.shape))
    mean = np.exp(0.32)
    return (drawn - mean) / (mean * np.sqrt(np.exp(0.64) - 1))


def _sparse(rng: np.random.Generator, beside: Values) -> Values:
    """A tenth of the samples bring all of the gain: three standard deviations each, among noise of a third of one."""
    gains = (rng.random(beside.shape) < 0.1) - 0.1
    return (gains / 0.3 + 0.3 * rng.standard_normal(beside.shape)) / np.sqrt(1.09)


def _tails(rng: np.random.Generator, beside: Values) -> Values:
    return rng.standard_t(3, beside.shape) / np.sqrt(3)


def _uneven(rng: np.random.Generator, beside: Values) -> Values:
    return rng.standard_normal(beside.shape) * beside / np.exp(SPREAD**2 / 2)


SHAPES = (
    Shape("normal", lambda rng, beside: rng.standard_normal(beside.shape)),
    Shape("uneven", _uneven),
    Shape("gains lopsided", lambda rng, beside: rng.exponential(size=beside.shape) - 1),
    Shape("losses lopsided", lambda rng, beside: 1 - rng.exponential(size=beside.shape)),
    Shape("heavy tails", _tails),
    Shape("clipped", _tails, clipped=True),
    Shape("gains very lopsided", _lognormal, promised=False),
    Shape("gains sparse", _sparse, promised=False),
    Shape("gains sparse, floor", _sparse, floored=True),
)
NAMED: Mapping[str, Shape] = {shape.name: shape for shape in SHAPES}


def incumbents(rng: np.random.Generator, races: int, samples: int) -> Values:
    """An incumbent's values for each race and sample, mean 1."""
    return np.exp(SPREAD * rng.standard_normal((races, samples)) - SPREAD**2 / 2)


def challengers(rng: np.random.Generator, shape: Shape, incumbent: Values, gain: float, noise: float) -> Values:
    """Values that are better than the incumbent's by `gain` times their mean on average, scattered by `noise`."""
    values = (1 - gain) * incumbent - noise * shape.draw(rng, incumbent)
    return np.clip(values, 0.0, CAP) if shape.clipped else values


def gain_before_clipping(rng: np.random.Generator, shape: Shape, gain: float, noise: float, draws: int) -> float:
    """The gain to ask of `challengers` for a true one of `gain`; where values are clipped, measured over many draws."""
    if not shape.clipped:
        return gain
    incumbent = incumbents(rng, 1, draws)
    scattered = incumbent - noise * shape.draw(rng, incumbent)
    aim, asked = (1 - gain) * np.minimum(incumbent, CAP).mean(), gain
    for _ in range(6):
        asked += np.clip(scattered - asked * incumbent, 0.0, CAP).mean() - aim
    return float(asked)
