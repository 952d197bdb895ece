"""Epsilon: the improvement a challenger needs, falling with the age of the king's model. Pure arithmetic."""

import math
from bisect import bisect_left

from chain.types import BlockCount
from competitions.spec import EpsilonSpec


def epsilon(spec: EpsilonSpec, earned: float, age: BlockCount) -> float:
    """Relative improvement needed against a king whose digest was first committed `age` blocks ago.

    eps_end + max(0, min(eps_start, earned) − eps_end) · max(0, 1 − age/decay): a king can demand at first no more than
    what it brought itself.
    """
    height = max(0.0, min(spec.start, earned) - spec.end)
    return spec.end + height * max(0.0, 1.0 - age / spec.decay_blocks)


def earned(improvement: float) -> float:
    """What a crowning earns: the improvement rounded down to 0.1 %, so that float noise cannot move an epsilon."""
    return math.floor(round(improvement * 1000, 9)) / 1000


def age_for(spec: EpsilonSpec, earned: float, improvement: float) -> BlockCount | None:
    """Blocks of age from which epsilon is at most `improvement`; None where it never falls so far."""
    if improvement < spec.end:
        return None
    ages = range(spec.decay_blocks + 1)  # epsilon never rises with age, not even by rounding
    return BlockCount(bisect_left(ages, True, key=lambda age: epsilon(spec, earned, BlockCount(age)) <= improvement))
