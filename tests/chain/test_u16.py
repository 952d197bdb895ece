"""Weights as u16: order and proportions kept, no winner rounded away, and sent by the SDK exactly as they are."""

import math

import pytest
from bittensor.intents.weights import _conform, _Preflight, normalize
from hypothesis import given
from hypothesis import strategies as st

from chain.types import BlockCount, Refused, Uid, WeightRules
from chain.u16 import U16_MAX, InvalidWeights, fit, quantise, shares

UIDS = st.integers(0, U16_MAX).map(Uid)
POSITIVE = st.floats(0, 1e300, exclude_min=True)
WEIGHTS = st.dictionaries(UIDS, st.one_of(st.just(0.0), POSITIVE, st.floats(1e-6, 1)), min_size=1, max_size=40)
SOME = WEIGHTS.filter(lambda weights: any(weights.values()))


def rules(max_share: float = 1.0, min_weights: int = 1) -> WeightRules:
    return WeightRules(BlockCount(100), True, min_weights, max_share)


@given(SOME)
def test_what_is_above_zero_stays_above_zero_and_the_largest_is_the_largest_u16(weights: dict[Uid, float]) -> None:
    values = quantise(weights)
    assert list(values) == sorted(uid for uid, weight in weights.items() if weight > 0)
    assert (min(values.values()) >= 1, max(values.values())) == (True, U16_MAX)


@given(SOME)
def test_order_is_kept(weights: dict[Uid, float]) -> None:
    values = quantise(weights)
    rising = sorted(values, key=lambda uid: weights[uid])
    assert [values[uid] for uid in rising] == sorted(values.values())


@given(SOME)
def test_proportions_are_kept_to_half_a_step_but_for_what_is_saved_from_zero(weights: dict[Uid, float]) -> None:
    top = max(weights.values())
    for uid, value in quantise(weights).items():
        exact = weights[uid] / top * U16_MAX
        assert abs(value - exact) <= 0.5 + 1e-9 or (value, exact < 0.5) == (1, True)


@given(SOME)
def test_the_sdk_sends_exactly_these(weights: dict[Uid, float]) -> None:
    values = quantise(weights)
    uids, sent = normalize(list(values), [float(value) for value in values.values()])
    assert dict(zip(uids, sent, strict=True)) == values == quantise({uid: float(v) for uid, v in values.items()})


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({1: 0.5, 2: -0.1}, "the weight of uid 2 is -0.1: give finite weights of at least zero"),
        ({1: math.nan}, "the weight of uid 1 is nan: give finite weights of at least zero"),
        ({1: math.inf, 2: 1.0}, "the weight of uid 1 is inf: give finite weights of at least zero"),
        ({-1: 1.0}, "uid -1 is none: weigh uids from 0 to 65535 of the subnet's metagraph"),
        ({65_536: 1.0}, "uid 65536 is none: weigh uids from 0 to 65535 of the subnet's metagraph"),
        ({1: 0.0, 2: 0.0}, "none of 2 weights is above zero: weigh at least one uid, burning included"),
        ({}, "none of 0 weights is above zero: weigh at least one uid, burning included"),
    ],
    ids=["negative", "nan", "infinite", "uid-below", "uid-above", "all-zero", "empty"],
)
def test_what_means_nothing_is_named(weights: dict[int, float], message: str) -> None:
    by_uid = {Uid(uid): weight for uid, weight in weights.items()}
    with pytest.raises(InvalidWeights) as caught:
        quantise(by_uid)
    assert (str(caught.value), fit(by_uid, rules())) == (message, Refused("InvalidWeights", message))


@given(SOME, st.integers(1, U16_MAX))
def test_cut_weights_meet_the_largest_share_and_the_sdk_sends_them_as_they_are(
    weights: dict[Uid, float], limit: int
) -> None:
    fitted = fit(weights, rules(limit / U16_MAX))
    if isinstance(fitted, Refused):
        assert (fitted.name, len(quantise(weights)) * limit < U16_MAX) == ("MaxWeightExceeded", True)
        return
    assert fitted.keys() == quantise(weights).keys()
    assert max(fitted.values()) * U16_MAX <= limit * sum(fitted.values())
    rising = sorted(fitted, key=lambda uid: weights[uid])
    assert [fitted[uid] for uid in rising] == sorted(fitted.values())
    preflight = _Preflight(uid=-1, commit_reveal=False, min_allowed_weights=1, max_weight_limit=limit)
    uids, sent = _conform(list(fitted), [float(value) for value in fitted.values()], preflight, 1)
    assert dict(zip(uids, sent, strict=True)) == fitted


def test_what_lies_within_the_largest_share_is_left_as_it_is() -> None:
    weights = {Uid(1): 0.5, Uid(2): 0.3, Uid(3): 0.2}
    assert fit(weights, rules(0.6)) == quantise(weights)


def test_what_exceeds_the_largest_share_is_cut_to_it_and_the_others_keep_their_proportion() -> None:
    fitted = fit({Uid(1): 0.8, Uid(2): 0.15, Uid(3): 0.05}, rules(0.5))
    assert isinstance(fitted, dict)
    assert shares(fitted) == {
        1: pytest.approx(0.5, abs=1e-4),
        2: pytest.approx(0.375, abs=1e-4),
        3: pytest.approx(0.125, abs=1e-4),
    }


def test_rules_that_cannot_be_met_are_refusals_known_beforehand() -> None:
    pair = {Uid(1): 0.7, Uid(2): 0.3}
    assert [fit(pair, rules(min_weights=3)), fit(pair, rules(0.25))] == [
        Refused(
            "WeightVecLengthIsLow",
            "the subnet asks for at least 3 weights above zero and there are 2: its owner must lower "
            "min_allowed_weights",
        ),
        Refused(
            "MaxWeightExceeded",
            "the subnet gives one uid at most 0.2500 of the whole, which 2 weights cannot add up to: its owner must "
            "raise max_weight_limit",
        ),
    ]


def test_a_single_weight_on_oneself_is_exempt_from_the_rules() -> None:
    strict = rules(0.1, min_weights=8)
    single = {Uid(4): 0.2}
    assert (fit(single, strict, Uid(4)), isinstance(fit(single, strict, Uid(5)), Refused)) == ({4: U16_MAX}, True)
