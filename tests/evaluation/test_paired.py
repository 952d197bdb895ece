"""The paired comparison: its numbers are those of its formulas, whatever the order, and it answers where they end."""

import math
import random
from dataclasses import replace
from typing import Any

import mpmath
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from evaluation.paired import (
    ByIncumbent,
    Incomparable,
    Normalisation,
    Paired,
    Plain,
    Saturating,
    Stratum,
    at_best,
    compare,
    hall,
    unskewed,
)

values = st.floats(0, 16)
pairs = st.lists(st.tuples(values, values), min_size=3, max_size=20)
normalisations = st.sampled_from([Plain(), Saturating(4.0), ByIncumbent()])
strata = st.lists(
    st.builds(
        lambda both, weight, shape, floor: Stratum([a for a, _ in both], [b for _, b in both], weight, shape, floor),
        pairs,
        st.floats(0.1, 5),
        normalisations,
        st.sampled_from([0.0, 0.01, 3.0]),
    ),
    min_size=1,
    max_size=4,
)


def drawn(seed: int, number: int, gain: float) -> tuple[list[float], list[float]]:
    """Lopsided values of an incumbent and of a challenger that is better by about so much."""
    rng = random.Random(seed)
    incumbent = [rng.lognormvariate(0.5, 0.4) for _ in range(number)]
    return incumbent, [value * (1 - gain) - 0.05 * (rng.expovariate(1) - 1) for value in incumbent]


def by_the_formulas(given_: list[tuple[list[float], list[float], float, Normalisation]], against: float) -> list[Any]:
    """D, D_abs, SE, ν, T, g and T_H with fifty digits, written out from the rules."""
    mpmath.mp.dps = 50
    exp, one = mpmath.exp, mpmath.mpf(1)
    score_k = score_c = sum_v = sum_v2 = cubes = mpmath.mpf(0)
    for raw_a, raw_b, w, shape in given_:
        a, b, n = [mpmath.mpf(x) for x in raw_a], [mpmath.mpf(x) for x in raw_b], len(raw_a)
        mean_a, mean_b = mpmath.fsum(a) / n, mpmath.fsum(b) / n
        fa, fb, da, db = mean_a, mean_b, one, one
        if isinstance(shape, Saturating):
            c, whole = mpmath.mpf(shape.ceiling), 1 - exp(-1)
            fa, fb = ((1 - exp(-m / c)) / whole if m < c else one for m in (mean_a, mean_b))
            da, db = (exp(-m / c) / c / whole if m < c else 0 * one for m in (mean_a, mean_b))
        elif isinstance(shape, ByIncumbent):
            fa, fb, da, db = one, mean_b / mean_a, 1 / mean_a, 1 / mean_a
        keep = 1 - mpmath.mpf(against)
        u = [w * (keep * da * (x - mean_a) - db * (y - mean_b)) for x, y in zip(a, b, strict=True)]
        v = mpmath.fsum(x**2 for x in u) / (n * (n - 1))
        score_k, score_c, sum_v = score_k + w * fa, score_c + w * fb, sum_v + v
        sum_v2, cubes = sum_v2 + v**2 / (n - 1), cubes + mpmath.fsum(x**3 for x in u) / (n * (n - 1) * (n - 2))
    d_abs, se = (1 - mpmath.mpf(against)) * score_k - score_c, mpmath.sqrt(sum_v)
    t, g = d_abs / se, cubes / se**3
    return [
        (score_k - score_c) / score_k,
        d_abs,
        se,
        sum_v**2 / sum_v2,
        t,
        g,
        t + g * t**2 / 3 + g**2 * t**3 / 27 + g / 6,
    ]


def numbers(paired: Paired | Incomparable) -> list[float]:
    assert isinstance(paired, Paired), paired
    return [
        paired.improvement, paired.surplus, paired.error, paired.freedom, paired.t, paired.skew, paired.hall
    ]  # fmt: skip


SHAPES: list[Normalisation] = [Plain(), Saturating(20.0), Saturating(1.7), ByIncumbent()]


@pytest.mark.parametrize("against", [0.0, 0.03])
@pytest.mark.parametrize("shapes", [[shape] for shape in SHAPES[:2]] + [SHAPES], ids=["plain", "saturating", "all"])
def test_every_number_is_that_of_its_formula(shapes: list[Normalisation], against: float) -> None:
    given_ = [(*drawn(n, 64 + 10 * n, 0.02), 1.0 + n / 3, shape) for n, shape in enumerate(shapes)]
    paired = compare([Stratum(a, b, weight, shape) for a, b, weight, shape in given_], against)
    assert numbers(paired) == pytest.approx([float(x) for x in by_the_formulas(given_, against)], rel=1e-10)


def test_golden_numbers() -> None:
    strata = [Stratum([1.0, 2.0, 4.0, 3.0], [0.5, 2.0, 3.0, 3.5], 2.0), Stratum([1.0, 1.5, 1.0], [0.5, 1.5, 1.25], 1.0)]
    golden = [
        0.0945945945945946,
        0.5216666666666666,
        0.6798917397481585,
        3.6725412374700785,
        0.767279018362393,
        -0.012051667721737243,
        0.7629078293954803,
    ]
    assert numbers(compare(strata, 0.01)) == pytest.approx(golden, rel=1e-12)


def test_of_one_plain_stratum_it_is_the_paired_t_test() -> None:
    a, b = drawn(7, 80, 0.01)
    paired = compare([Stratum(a, b)])
    expected = stats.ttest_rel(a, b)
    assert isinstance(paired, Paired)
    assert (paired.t, paired.freedom) == pytest.approx((expected.statistic, 79), rel=1e-12)
    bound = at_best(replace(paired, skew=0.0), 0.025)
    assert bound == pytest.approx(expected.confidence_interval().high / (sum(a) / 80), rel=1e-9)


@given(strata, st.sampled_from([0.0, 0.01, 0.05]), st.randoms(use_true_random=False))
def test_no_order_moves_a_bit(strata: list[Stratum], against: float, rng: random.Random) -> None:
    shuffled = []
    for one in strata:
        both = list(zip(one.incumbent, one.challenger, strict=True))
        rng.shuffle(both)
        shuffled.append(Stratum(*zip(*both, strict=True), one.weight, one.normalisation, one.sd_floor))
    rng.shuffle(shuffled)
    assert compare(shuffled, against) == compare(strata, against)


@given(strata, st.sampled_from([0.0, 0.01, 0.05]), st.sampled_from([0.0001, 0.001, 0.02]))
def test_an_improvement_is_out_of_reach_exactly_where_both_statistics_say_so(
    strata: list[Stratum], against: float, alpha: float
) -> None:
    paired = compare(strata, against)
    assume(isinstance(paired, Paired) and paired.error > 0)
    assert isinstance(paired, Paired)
    highest, quantile = max(paired.t, paired.hall), stats.t.ppf(alpha, paired.freedom)
    assume(abs(highest - quantile) > 1e-6 * abs(quantile))
    assert (at_best(paired, alpha) < against) == (highest < quantile)


@given(st.floats(-12, 12), st.floats(-1, 1))
def test_hall_rises_and_is_undone(t: float, skew: float) -> None:
    assert hall(t, skew) <= hall(t + 0.01, skew)
    assert hall(unskewed(t, skew), skew) == pytest.approx(t, abs=1e-9)


@pytest.mark.parametrize(
    ("strata", "said"),
    [
        ([Stratum([1.0] * 5, [1.0] * 5), Stratum([1.0, 2.0], [1.0, 2.0])], "needs 3 values (they have 5, 2)"),
        ([Stratum([0.0] * 4, [1.0] * 4)], "the incumbent's score is 0"),
        ([Stratum([0.0] * 4, [1.0] * 4, normalisation=ByIncumbent()), Stratum([1.0] * 4, [1.0] * 4)], "mean is 0"),
        ([], "the incumbent's score is 0"),
    ],
)
def test_where_nothing_can_be_compared_it_says_why(strata: list[Stratum], said: str) -> None:
    compared = compare(strata)
    assert isinstance(compared, Incomparable)
    assert said in compared.reason


@pytest.mark.parametrize(("challenger", "t"), [(1.5, math.inf), (2.0, 0.0), (2.5, -math.inf)])
def test_without_spread_the_sign_decides_and_the_bound_is_the_improvement_itself(challenger: float, t: float) -> None:
    paired = compare([Stratum([2.0] * 4, [challenger] * 4)])
    assert isinstance(paired, Paired)
    told = (paired.t, paired.hall, paired.error, paired.freedom, at_best(paired, 0.001))
    assert told == (t, t, 0.0, 3.0, (2.0 - challenger) / 2.0)


def test_a_floor_takes_the_place_of_a_smaller_spread_only() -> None:
    a, b = drawn(3, 32, 0.0)
    plain, low, high = (compare([Stratum(a, b, 2.0, sd_floor=floor)]) for floor in (0.0, 1e-6, 0.8))
    assert plain == low
    assert isinstance(high, Paired)
    assert high.error == pytest.approx(2.0 * 0.8 / math.sqrt(32))
    assert isinstance(plain, Paired)
    assert at_best(high, 0.01) > at_best(plain, 0.01)


def test_values_that_are_not_paired_are_misuse() -> None:
    with pytest.raises(ValueError, match="zip"):
        compare([Stratum([1.0] * 4, [1.0] * 5)])


@given(st.floats(0.5, 40), st.floats(0, 100))
def test_a_saturating_task_ends_at_one_and_its_slope_is_its_own(ceiling: float, mean: float) -> None:
    shape, step = Saturating(ceiling), ceiling * 1e-6
    assume(abs(mean - ceiling) > 2 * step)
    assert (shape.at(0.0, 1.0), shape.at(ceiling, 1.0), shape.at(9e9, 1.0)) == (0.0, 1.0, 1.0)
    risen = shape.at(mean + step, 1.0) - shape.at(mean, 1.0)
    assert risen / step == pytest.approx(shape.slope(mean + step / 2, 1.0), rel=1e-4, abs=1e-8)
