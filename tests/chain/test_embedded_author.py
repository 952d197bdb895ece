"""An author by the clock: one block per block time, whatever the clock, the machine or other writers do."""

from datetime import UTC, datetime
from typing import Any

from chain.embedded.author import Author

START_MS = round(datetime(2030, 1, 1, tzinfo=UTC).timestamp() * 1000)


class FakeClock:
    """A clock and a stop signal in one: waiting moves the time, once by more than asked, and ends after some waits."""

    def __init__(self, now_ms: int, waits: int, hiccup_ms: int = 0) -> None:
        self.now_ms = now_ms
        self.waits = waits
        self.hiccup_ms = hiccup_ms

    def wait(self, timeout: float) -> bool:
        self.now_ms += round(timeout * 1000) + self.hiccup_ms
        self.hiccup_ms = 0
        self.waits -= 1
        return self.waits < 0


def run(localnet: Any, clock: FakeClock) -> list[int]:
    """Run an author by a fake clock; milliseconds from the chain's start to each of its blocks."""
    Author(localnet.node, lambda: clock.now_ms).run(clock)
    head = localnet.node.head().number
    return [localnet.node.file.block(n).time_ms - localnet.node.parameters.start_ms for n in range(1, head + 1)]


def test_author_makes_one_block_per_block_time(localnet: Any) -> None:
    assert run(localnet, FakeClock(START_MS, waits=3)) == [1_000, 2_000, 3_000]


def test_author_that_starts_late_begins_with_the_present(localnet: Any) -> None:
    assert run(localnet, FakeClock(START_MS + 60_500, waits=2)) == [60_500, 61_500, 62_500]


def test_author_of_a_chain_ahead_of_the_clock_keeps_its_lead_and_cadence(localnet: Any) -> None:
    localnet.author.advance(5)
    clock = FakeClock(START_MS, waits=2)
    assert run(localnet, clock)[5:] == [6_000, 7_000]
    assert clock.now_ms - START_MS == 3_000


def test_author_that_was_held_up_makes_up_for_every_block(localnet: Any) -> None:
    clock = FakeClock(START_MS, waits=5, hiccup_ms=3_200)
    assert run(localnet, clock) == [1_000, 2_000, 3_000, 4_000, 5_000]
    assert clock.now_ms - START_MS == 6_000


def test_author_goes_on_at_its_cadence_after_somebody_travelled(localnet: Any) -> None:
    class Travelled(FakeClock):
        def wait(self, timeout: float) -> bool:
            stopped = super().wait(timeout)
            if self.waits == 1:
                Author(localnet.node).travel(100)
            return stopped

    clock = Travelled(START_MS, waits=4)
    times = run(localnet, clock)
    assert times == [1_000 * number for number in range(1, len(times) + 1)]
    assert (len(times), clock.now_ms - START_MS) == (103, 5_000)
