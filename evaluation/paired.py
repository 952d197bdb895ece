"""How much better one model is than another on the same samples, and how sure that is: racing asks what is still
possible, a title fight what is proven. Pure arithmetic on values; knows no samples, no tasks and no rules.

Sums are `math.fsum`'s, which rounds once: neither the order of the values nor that of the strata can move a bit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from scipy.special import stdtrit

FEWEST = 3
"""Values a stratum needs: below it a skew has no estimate."""


class Normalisation(Protocol):
    """What becomes of a stratum's mean before it is weighted. Means are not negative."""

    def at(self, mean: float, incumbent: float) -> float:
        """The normalised mean, given the incumbent's."""
        ...

    def slope(self, mean: float, incumbent: float) -> float:
        """Its derivative by the mean."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """The mean itself."""

    def at(self, mean: float, incumbent: float) -> float:  # noqa: ARG002 - it needs no incumbent
        return mean

    def slope(self, mean: float, incumbent: float) -> float:  # noqa: ARG002
        return 1.0


@dataclass(frozen=True, slots=True)
class Saturating:
    """(1 − e^(−mean/ceiling)) / (1 − e^(−1)): from 0 to 1 at the ceiling, and 1 beyond."""

    ceiling: float

    def at(self, mean: float, incumbent: float) -> float:  # noqa: ARG002
        return math.expm1(-min(1.0, mean / self.ceiling)) / math.expm1(-1.0)

    def slope(self, mean: float, incumbent: float) -> float:  # noqa: ARG002
        beyond = mean >= self.ceiling
        return 0.0 if beyond else math.exp(-mean / self.ceiling) / (self.ceiling * -math.expm1(-1.0))


@dataclass(frozen=True, slots=True)
class ByIncumbent:
    """The mean in units of the incumbent's, which must not be 0."""

    def at(self, mean: float, incumbent: float) -> float:
        return mean / incumbent

    def slope(self, mean: float, incumbent: float) -> float:  # noqa: ARG002
        return 1.0 / incumbent


@dataclass(frozen=True, slots=True)
class Stratum:
    """Values of both models for the same samples of one task in one round, lower is better."""

    incumbent: Sequence[float]
    challenger: Sequence[float]
    weight: float = 1.0
    normalisation: Normalisation = field(default_factory=Plain)
    sd_floor: float = 0.0
    """The paired differences are taken to spread at least so much, in the values' unit."""


@dataclass(frozen=True, slots=True)
class Incomparable:
    """There is no improvement to speak of, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Paired:
    """A challenger beside an incumbent, as tested against an improvement of `against`; the letters are those of
    docs/mechanism.md."""

    improvement: float
    """D: (S_K − S_C) / S_K, whatever it is tested against."""
    incumbent: float
    """S_K: Σ w f(ā), more than 0."""
    against: float
    surplus: float
    """D_abs: (1 − against) · S_K − S_C, what is gained beyond `against`."""
    error: float
    """SE of the surplus."""
    freedom: float
    """ν, after Welch."""
    t: float
    """T: surplus / SE; without any spread 0, or infinite with the surplus' sign."""
    skew: float
    """g."""
    hall: float
    """T_H: T corrected for skew, after Hall; it rises with T."""


def compare(strata: Sequence[Stratum], against: float = 0.0) -> Paired | Incomparable:
    """Test whether the challenger improves on the incumbent by more than `against`, a relative improvement.

    Against none, a title fight's statistic: D_abs = Σ w [f(ā) − f(b̄)], u_i = w [f'(ā)(a_i − ā) − f'(b̄)(b_i − b̄)],
    v = Σu² / (n(n − 1)), SE = √Σv, ν = (Σv)² / Σ(v²/(n − 1)), g = Σ[Σu³ / (n(n − 1)(n − 2))] / SE³. Against more, the
    incumbent's part in all of this is (1 − against) times as large. Raises ValueError for values that are not paired.
    """
    if any(len(stratum.incumbent) < FEWEST for stratum in strata):
        sizes = ", ".join(str(len(stratum.incumbent)) for stratum in strata)
        return Incomparable(f"each stratum needs {FEWEST} values (they have {sizes})")
    if any(_mean(stratum.incumbent) <= 0 for stratum in strata if isinstance(stratum.normalisation, ByIncumbent)):
        return Incomparable("the incumbent's mean is 0, and nothing is measured in units of it")
    parts = [_part(stratum, against) for stratum in strata]
    incumbent = math.fsum(part.incumbent for part in parts)
    if incumbent <= 0:
        return Incomparable("the incumbent's score is 0, and nothing is relative to it")
    lead = math.fsum(score for part in parts for score in (part.incumbent, -part.challenger))
    surplus = math.fsum(score for part in parts for score in ((1 - against) * part.incumbent, -part.challenger))
    error = math.sqrt(math.fsum(part.variance for part in parts))
    if error == 0:
        t = math.copysign(math.inf, surplus) if surplus else 0.0
        freedom = float(sum(len(part.deviations) - 1 for part in parts))
        return Paired(lead / incumbent, incumbent, against, surplus, error, freedom, t, 0.0, t)
    t, skew = surplus / error, math.fsum(part.skew(error) for part in parts)
    freedom = 1 / math.fsum((part.variance / error**2) ** 2 / (len(part.deviations) - 1) for part in parts)
    return Paired(lead / incumbent, incumbent, against, surplus, error, freedom, t, skew, hall(t, skew))


def at_best(paired: Paired, alpha: float) -> float:
    """The improvement that the challenger reaches at best, but for a chance of `alpha`.

    It lies below `paired.against` exactly where both T and T_H lie below −t(1 − α, ν).
    """
    quantile = float(stdtrit(paired.freedom, alpha))
    lowest = min(quantile, unskewed(quantile, paired.skew))
    return paired.against + (paired.surplus - lowest * paired.error) / paired.incumbent


def hall(t: float, skew: float) -> float:
    """T_H = T + gT²/3 + g²T³/27 + g/6. Source: P. Hall, "On the removal of skewness by transformation", 1992."""
    return t + skew * t * t / 3 + skew * skew * t * t * t / 27 + skew / 6


def unskewed(corrected: float, skew: float) -> float:
    """The T of a T_H: 3 (∛(1 + gx) − 1) / g with x = T_H − g/6, written so that g may be 0."""
    x = corrected - skew / 6
    root = math.cbrt(1 + skew * x)
    return 3 * x / (root * root + root + 1)


@dataclass(frozen=True, slots=True)
class _Part:
    """What a stratum adds: both models' weighted scores, the deviations u, and their part of SE²."""

    incumbent: float
    challenger: float
    deviations: tuple[float, ...]
    variance: float

    def skew(self, error: float) -> float:
        n = len(self.deviations)
        return math.fsum((u / error) ** 3 for u in self.deviations) / (n * (n - 1) * (n - 2))


def _part(stratum: Stratum, against: float) -> _Part:
    a, b, shape, weight = _mean(stratum.incumbent), _mean(stratum.challenger), stratum.normalisation, stratum.weight
    for_a, for_b = weight * (1 - against) * shape.slope(a, a), weight * shape.slope(b, a)
    pairs = zip(stratum.incumbent, stratum.challenger, strict=True)
    deviations = tuple(for_a * (one - a) - for_b * (other - b) for one, other in pairs)
    n, floor = len(deviations), stratum.sd_floor * max(for_a, for_b)
    spread = max(math.fsum(u * u for u in deviations) / (n - 1), floor * floor)
    return _Part(weight * shape.at(a, a), weight * shape.at(b, a), deviations, spread / n)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
