"""Loops run in named threads, wake one another, fail alone, and stop when told."""

import threading
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from neurons.supervisor import Beat, Scheduled, Supervisor, Wakes, back_off

PATIENCE_S = 60.0


@dataclass
class Counting:
    """Counts its steps, says so, and fails where it is told to."""

    name: str
    fails: bool = False
    more: int = 0
    steps: int = 0
    thread: str = ""
    stepped: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def step(self) -> bool:
        self.steps += 1
        self.thread = threading.current_thread().name
        self.stepped.release()
        if self.fails:
            raise OSError("no space left on device")
        return self.steps <= self.more

    def seen(self) -> bool:
        return self.stepped.acquire(timeout=PATIENCE_S)


def supervised(*loops: Counting, interval_s: float = 3600.0) -> tuple[Supervisor, list[Beat], Wakes]:
    beats: list[Beat] = []
    wakes = Wakes()
    supervisor = Supervisor([Scheduled(loop, interval_s) for loop in loops], wakes, beats.append)
    supervisor.start()
    return supervisor, beats, wakes


def test_a_loop_runs_in_a_thread_of_its_name_and_again_when_woken() -> None:
    loop = Counting("watch")
    supervisor, beats, wakes = supervised(loop)
    assert loop.seen()
    wakes.poke("watch")
    assert loop.seen()
    assert supervisor.stop(PATIENCE_S) == ()
    assert (loop.thread, set(beats)) == ("watch", {Beat("watch", "")})


def test_a_loop_with_more_to_do_does_not_rest() -> None:
    loop = Counting("fetch", more=3)
    supervisor, _, _ = supervised(loop)
    assert [loop.seen() for _ in range(4)] == [True] * 4
    supervisor.stop(PATIENCE_S)
    assert loop.steps == 4


def test_a_failing_loop_is_reported_and_fails_alone() -> None:
    bad, good = Counting("bad", fails=True), Counting("good")
    supervisor, beats, wakes = supervised(bad, good)
    assert bad.seen()
    assert good.seen()
    wakes.poke("good")
    assert good.seen()
    assert bad.seen(), "a failed loop is tried again"
    supervisor.stop(PATIENCE_S)
    assert Beat("bad", "OSError: no space left on device") in beats


def test_a_poke_does_not_shorten_the_wait_after_a_failure() -> None:
    wakes = Wakes()

    @dataclass
    class Poked(Counting):
        def step(self) -> bool:
            wakes.poke(self.name)
            return super().step()

    loop = Poked("rounds", fails=True)
    supervisor = Supervisor([Scheduled(loop, 3600.0)], wakes, lambda _beat: None)
    supervisor.start()
    assert loop.seen()
    assert loop.stepped.acquire(timeout=back_off(1, 0) / 2) is False
    assert supervisor.stop(PATIENCE_S) == ()


def test_a_heartbeat_that_cannot_be_recorded_does_not_stop_the_loop() -> None:
    def broken(_beat: Beat) -> None:
        raise OSError("ledger is locked")

    loop, wakes = Counting("watch"), Wakes()
    supervisor = Supervisor([Scheduled(loop, 3600.0)], wakes, broken)
    supervisor.start()
    assert loop.seen()
    wakes.poke("watch")
    assert loop.seen()
    supervisor.stop(PATIENCE_S)


def test_stop_names_the_loops_that_are_still_busy() -> None:
    hold = threading.Event()

    @dataclass
    class Stuck(Counting):
        def step(self) -> bool:
            super().step()
            return hold.wait(PATIENCE_S) and False

    loop = Stuck("stuck")
    supervisor, _, _ = supervised(loop)
    assert loop.seen()
    assert supervisor.stop(0.01) == ("stuck",)
    hold.set()


@given(st.integers(1, 1_000), st.floats(0, 0.999))
def test_back_off_is_bounded_and_never_shrinks_below_half_of_its_step(failures: int, jitter: float) -> None:
    assert 0.25 <= back_off(failures, jitter) <= 60.0
    assert back_off(failures + 1, jitter) >= back_off(failures, jitter)
