"""Weights as the chain keeps them: whole numbers up to 65,535, of which none that was above zero becomes zero.

Knows no node and no SDK. What comes out passes through the SDK's own normalisation unchanged.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise

from chain.types import Refused, Uid, WeightRules, Weights

U16_MAX = 65_535


class InvalidWeights(ValueError):
    """Weights that mean nothing to a chain: none above zero, or one negative, infinite, NaN or of no uid."""


def quantise(weights: Weights) -> dict[Uid, int]:
    """Weights above zero as u16 by uid, ascending; the largest becomes 65,535. Raises InvalidWeights.

    Order is kept, ratios to the largest to within half a step of 1/65,535; only what that would round to zero gets 1.
    """
    _check(weights)
    top = max(weights.values(), default=0.0)
    if top == 0:
        raise InvalidWeights(f"none of {len(weights)} weights is above zero: weigh at least one uid, burning included")
    positive = sorted((uid, weight) for uid, weight in weights.items() if weight > 0)
    return {uid: max(1, round(weight / top * U16_MAX)) for uid, weight in positive}


def fit(weights: Weights, rules: WeightRules, own: Uid | None = None) -> dict[Uid, int] | Refused:
    """Weights as u16 that a subnet's rules admit, or the refusal that the chain would answer, in its words.

    What exceeds the largest share is cut to it, and the others gain in proportion. A single weight of `own` on itself
    is exempt from the rules, as on the chain.
    """
    try:
        values = quantise(weights)
    except InvalidWeights as error:
        return Refused("InvalidWeights", str(error))
    if values.keys() == {own}:
        return values
    if len(values) < rules.min_weights:
        return Refused(
            "WeightVecLengthIsLow",
            f"the subnet asks for at least {rules.min_weights} weights above zero and there are {len(values)}: its "
            "owner must lower min_allowed_weights",
        )
    share = round(rules.max_share * U16_MAX)
    if _within(values, share):
        return values
    if len(values) * share < U16_MAX:
        return Refused(
            "MaxWeightExceeded",
            f"the subnet gives one uid at most {rules.max_share:.4f} of the whole, which {len(values)} weights cannot "
            "add up to: its owner must raise max_weight_limit",
        )
    return _cut({uid: Fraction(weights[uid]) for uid in values}, Fraction(share, U16_MAX))


def shares(values: Mapping[Uid, int]) -> dict[Uid, float]:
    """What u16 weights are of the whole, as `ChainReader.weights` shows them once they stand."""
    total = sum(values.values())
    return {uid: value / total for uid, value in values.items()}


def _check(weights: Weights) -> None:
    for uid, weight in weights.items():
        if not 0 <= uid <= U16_MAX:
            raise InvalidWeights(f"uid {uid} is none: weigh uids from 0 to {U16_MAX} of the subnet's metagraph")
        if not math.isfinite(weight) or weight < 0:
            raise InvalidWeights(f"the weight of uid {uid} is {weight}: give finite weights of at least zero")


def _within(values: Mapping[Uid, int], share: int) -> bool:
    """The chain's own comparison: max / sum <= share / 65,535."""
    return max(values.values()) * U16_MAX <= share * sum(values.values())


def _cut(weights: Mapping[Uid, Fraction], share: Fraction) -> dict[Uid, int]:
    """Cut the k largest to one height c that is `share` of the new whole: c = share (k c + rest).

    The smallest k that leaves nothing above c is taken; there is one below 1 / share. Rounding goes up, so that the
    whole never falls below what the share is measured against.
    """
    falling = sorted(weights.values(), reverse=True)
    height, rest = falling[0], sum(falling)
    for k, (largest, following) in enumerate(pairwise(falling), start=1):
        rest -= largest
        height = share * rest / (1 - share * k)
        if height >= following:
            break
    return {uid: math.ceil(min(weight, height) / height * U16_MAX) for uid, weight in weights.items()}
