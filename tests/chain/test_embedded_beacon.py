"""The beacon's rounds follow chain time, and no signature is served before its round."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chain.embedded.beacon import PULSES_KEPT, BeaconClock

clocks = st.builds(BeaconClock, st.integers(0, 2**41), st.integers(1, 12_000))


def test_rounds_of_drands_quicknet() -> None:
    quicknet = BeaconClock(1_692_803_367_000, 3_000)
    assert [quicknet.first_at(t) for t in (1_692_803_367_000, 1_692_803_367_001, 1_692_806_364_000)] == [1, 2, 1000]
    assert [quicknet.latest(t) for t in (1_692_803_366_999, 1_692_803_369_999, 1_692_803_370_000)] == [0, 1, 2]
    assert quicknet.published_ms(1000) == 1_692_806_364_000


@given(clocks, st.integers(1, 10**9))
def test_a_round_is_the_latest_and_the_first_at_its_own_moment(clock: BeaconClock, round_: int) -> None:
    moment = clock.published_ms(round_)
    assert (clock.latest(moment), clock.first_at(moment), clock.latest(moment - 1)) == (round_, round_, round_ - 1)


@given(clocks, st.integers(0, 2**42))
def test_first_round_after_a_moment_follows_the_latest_before_it(clock: BeaconClock, moment: int) -> None:
    first = clock.first_at(moment)
    assert clock.published_ms(first) >= moment or first == 1
    assert first == 1 or clock.published_ms(first - 1) < moment


@given(clocks, st.integers(1, 10**6))
def test_seconds_as_floats_give_the_same_rounds(clock: BeaconClock, round_: int) -> None:
    seconds = clock.published_ms(round_) / 1000
    assert (clock.latest(seconds * 1000), clock.first_at(seconds * 1000)) == (round_, round_)


def test_signature_is_served_from_its_round_on_and_stays_the_same(localnet: Any) -> None:
    beacon = localnet.node.beacon
    due = beacon.clock.published_ms(5)

    early, first, again = (beacon.signature(5, moment) for moment in (due - 1, due, due + 10**6))

    assert early is None
    assert first is not None
    assert first == again == localnet.node.file.pulse(5)


def test_signature_is_no_longer_served_after_seven_and_a_half_days_of_rounds(localnet: Any) -> None:
    beacon = localnet.node.beacon
    last_kept = beacon.clock.published_ms(PULSES_KEPT)
    assert beacon.signature(1, last_kept) is not None
    assert beacon.signature(1, beacon.clock.published_ms(PULSES_KEPT + 1)) is None
