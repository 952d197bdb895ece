"""The queue before the workers: who judges what, what is made ready, and when the queue is asked."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from evaluation.dispatch import dispatch
from evaluation.executor import Request
from evaluation.local_executor import LocalExecutor
from evaluation.verdicts import Abandoned, Verdict


def requests_named(names: Sequence[str], taken: list[str] | None = None) -> Iterator[Request]:
    """Requests that say in `taken` when they are asked for."""
    for name in names:
        if taken is not None:
            taken.append(name)
        yield Request(Path(name), Path("bundle"), (), 128, 60.0, name=name)


def echo(request: Request) -> Verdict:
    return Abandoned(request.name)


def test_one_worker_judges_in_the_queues_order() -> None:
    judged = [(request.name, verdict) for request, verdict in dispatch(requests_named("abcd"), [echo])]
    assert judged == [(name, Abandoned(name)) for name in "abcd"]


def test_an_empty_queue_gives_no_verdicts() -> None:
    assert list(dispatch([], [echo, echo])) == []


def test_while_one_is_judged_one_more_is_taken_and_no_other() -> None:
    taken: list[str] = []
    seen: list[list[str]] = []

    def worker(request: Request) -> Verdict:
        judging.wait(60)
        seen.append(list(taken))
        return echo(request)

    judging = threading.Event()

    def queue() -> Iterator[Request]:
        for request in requests_named("abcd", taken):
            if request.name == "b":
                judging.set()
            yield request

    queued = dispatch(queue(), [worker])
    next(queued)
    assert (seen[0], taken) == (["a", "b"], ["a", "b"])
    queued.close()


def test_two_workers_judge_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=60)

    def worker(request: Request) -> Verdict:
        meeting.wait()  # which a worker alone would wait for in vain
        return echo(request)

    judged = {request.name for request, _ in dispatch(requests_named("abcd"), [worker, worker])}
    assert judged == set("abcd")


def test_a_slow_worker_holds_up_its_own_model_only() -> None:
    others = threading.Semaphore(0)

    def slow(request: Request) -> Verdict:
        for _ in range(3):
            others.acquire(timeout=60)
        return echo(request)

    def quick(request: Request) -> Verdict:
        others.release()
        return echo(request)

    judged = [request.name for request, _ in dispatch(requests_named("abcd"), [slow, quick])]
    assert (judged[:2], sorted(judged)) == (["b", "c"], ["a", "b", "c", "d"])  # a and d end at the same time


def test_the_next_model_is_begun_before_a_verdict_is_given_away() -> None:
    begun = threading.Semaphore(0)

    def worker(request: Request) -> Verdict:
        begun.release()
        return echo(request)

    queued = dispatch(requests_named("ab"), [worker])
    next(queued)
    assert all(begun.acquire(timeout=60) for _ in range(2))
    queued.close()


def test_a_queue_that_fails_takes_no_verdict_with_it() -> None:
    def failing() -> Iterator[Request]:
        yield from requests_named("ab")
        raise OSError("the disk is full")

    judged: list[str] = []
    with pytest.raises(OSError, match="the disk is full"):
        judged.extend(request.name for request, _ in dispatch(failing(), [echo, echo, echo]))
    assert sorted(judged) == ["a", "b"]


def test_a_verdict_is_given_away_before_the_queue_takes_its_time_for_one_more() -> None:
    taken: list[str] = []
    queued = dispatch(requests_named("abcd", taken), [echo])
    assert (next(queued)[0].name, taken) == ("a", ["a", "b"])
    queued.close()


@pytest.mark.parametrize("devices", [[], ["cpu", "gpu"], ["cuda:"]], ids=["none", "unknown", "unnumbered"])
def test_an_executor_without_devices_to_judge_on_says_so(devices: list[str]) -> None:
    with pytest.raises(ValueError, match="no device to judge on"):
        LocalExecutor(devices)


def test_a_closed_executor_abandons_what_is_left_of_the_queue() -> None:
    executor = LocalExecutor(["cpu", "cpu"])
    executor.close()
    assert [verdict for _, verdict in executor.judge(requests_named("abc"))] == [
        Abandoned("the executor was closed", is_ours_alone=True)
    ] * 3
