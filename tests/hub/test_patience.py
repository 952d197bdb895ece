"""What a Hub asks for is waited for within bounds, and what comes too slowly is given up."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.bandwidth import Bandwidth
from hub.patience import Patience, paced
from hub.port import Denied, HubUnreachable, RateLimited


def failing(*errors: Exception):
    """A step that raises these in turn, then returns "done"."""
    left = list(errors)

    def step() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return step


def test_what_the_hub_asks_to_wait_is_waited():
    slept: list[float] = []
    patience = Patience(sleep=slept.append)
    step = failing(RateLimited("busy", 3.0), HubUnreachable("down", 0.5))
    assert (patience.repeat(step), slept) == ("done", [3.0, 0.5])


@pytest.mark.parametrize(
    "error",
    [RateLimited("busy", 20.1), HubUnreachable("down"), HubUnreachable("down", 99.0), Denied("no")],
    ids=["too long", "not asked", "down too long", "other"],
)
def test_nothing_else_is_waited_for(error):
    slept: list[float] = []
    with pytest.raises(type(error)) as caught:
        Patience(longest_wait_s=20.0, sleep=slept.append).repeat(failing(error))
    assert (caught.value, slept) == (error, [])


@given(st.integers(1, 6), st.lists(st.floats(0, 20), max_size=8))
def test_no_more_attempts_and_no_longer_waits_than_allowed(attempts, waits):
    slept: list[float] = []
    patience = Patience(attempts=attempts, longest_wait_s=20.0, sleep=slept.append)
    step = failing(*(RateLimited("busy", wait) for wait in waits))
    if len(waits) < attempts:
        assert patience.repeat(step) == "done"
    else:
        with pytest.raises(RateLimited):
            patience.repeat(step)
    assert slept == waits[: attempts - 1]


def test_a_trickle_is_given_up_though_no_read_ever_times_out():
    clock = count(step=5.0)
    chunks = paced(iter([b"x"] * 100), 60.0, 100, lambda: next(clock))
    with pytest.raises(HubUnreachable, match="only 12 bytes came in 60 s"):
        list(chunks)


def test_a_slow_reader_is_no_slow_hub():
    clock = [0.0]
    got = []
    for chunk in paced(iter([b"x"] * 10), 60.0, 100, lambda: clock[0]):
        clock[0] += 100.0
        got.append(chunk)
    assert got == [b"x"] * 10


@given(st.lists(st.tuples(st.integers(1, 1000), st.floats(0, 5)), min_size=1, max_size=20))
def test_never_more_than_the_bandwidth_goes_through(spent):
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    bandwidth = Bandwidth(100.0, clock=lambda: now, sleep=sleep)
    total = 0
    for size, idle in spent:
        begun, now = now, now + idle
        bandwidth.spend(size)
        total += size
        assert now - begun >= size / 100.0 - 1e-6
    assert total <= 100.0 * now + 1e-6


def test_a_bandwidth_of_nothing_is_refused():
    with pytest.raises(ValueError, match="let nothing through"):
        Bandwidth(0)
