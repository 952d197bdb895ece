"""Epsilon: bounded, falling with age, and no more than the king earned."""

from hypothesis import given
from hypothesis import strategies as st

from chain.types import BlockCount
from competitions.epsilon import earned, epsilon
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
