"""Epsilon: bounded, falling with age, and no more than the king earned."""

from hypothesis import given
from hypothesis import strategies as st

from chain.types import BlockCount
from competitions.epsilon import age_for, earned, epsilon
from competitions.spec import EpsilonSpec

SPEC = EpsilonSpec(start=0.05, end=0.01, decay_blocks=BlockCount(1_000))
ages = st.integers(0, 10_000).map(BlockCount)
gains = st.floats(0, 1)


def test_golden_values() -> None:
    cases = [(0.05, 0), (0.05, 500), (0.05, 1_000), (0.05, 9_999), (0.02, 0), (0.02, 500), (0.001, 0), (0.9, 0)]
    assert [round(epsilon(SPEC, gain, BlockCount(age)), 9) for gain, age in cases] == [
        0.05, 0.03, 0.01, 0.01, 0.02, 0.015, 0.01, 0.05,
    ]  # fmt: skip


@given(gains, ages, ages)
def test_epsilon_never_rises_with_age_and_stays_between_its_ends(gain: float, one: BlockCount, two: BlockCount) -> None:
    younger, older = sorted((one, two))
    assert SPEC.start >= epsilon(SPEC, gain, younger) >= epsilon(SPEC, gain, older) >= SPEC.end


@given(gains)
def test_earned_is_the_gain_rounded_down_to_a_tenth_of_a_percent(gain: float) -> None:
    assert 0 <= gain - earned(gain) + 1e-9 < 0.001 + 2e-9


shapes = st.builds(
    lambda end, more, decay: EpsilonSpec(end + more, end, BlockCount(decay)),
    st.floats(0.001, 0.1),
    st.sampled_from([0.0, 1e-17, 1e-12, 0.001, 0.04]),
    st.integers(1, 40_000),
)


@given(shapes, gains, gains)
def test_the_age_for_an_improvement_is_the_first_at_which_epsilon_asks_no_more(
    spec: EpsilonSpec, gain: float, improvement: float
) -> None:
    age = age_for(spec, gain, improvement)
    if age is None:
        assert epsilon(spec, gain, spec.decay_blocks) > improvement
    else:
        assert epsilon(spec, gain, age) <= improvement
        assert age == 0 or epsilon(spec, gain, BlockCount(age - 1)) > improvement


@given(shapes, gains, st.integers(0, 40_000).map(BlockCount))
def test_the_age_for_what_epsilon_asks_at_an_age_is_no_later(spec: EpsilonSpec, gain: float, age: BlockCount) -> None:
    found = age_for(spec, gain, epsilon(spec, gain, age))
    assert found is not None
    assert found <= age


def test_what_epsilon_never_falls_to_has_no_age() -> None:
    asked = [(0.05, 0.0099), (0.05, 0.01), (0.05, 0.03), (0.05, 0.05), (0.02, 0.0199), (0.001, 0.01)]
    assert [age_for(SPEC, earned_, improvement) for earned_, improvement in asked] == [None, 1_000, 500, 0, 10, 0]
