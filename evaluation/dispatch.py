"""A queue of requests before several workers: each free worker takes the next one, and one more is made ready. Knows
neither processes nor devices.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from evaluation.executor import Request
from evaluation.verdicts import Verdict

Worker = Callable[[Request], Verdict]


def dispatch(requests: Iterable[Request], workers: Sequence[Worker]) -> Iterator[tuple[Request, Verdict]]:
    """See Executor.judge. The iterable is asked in the caller's thread only, each worker runs in one of its own.

    Where the iterable raises, what is under way is finished and given away first.
    """
    source, idle = _Source(requests), deque(workers)
    running: dict[Future[Verdict], tuple[Request, Worker]] = {}
    finished: tuple[Request, Verdict] | None = None
    with ThreadPoolExecutor(len(workers), thread_name_prefix="judging") as threads:

        def start() -> None:
            while idle and (request := source.give()) is not None:
                worker = idle.popleft()
                running[threads.submit(worker, request)] = request, worker

        while True:
            if source.waiting is not None:
                start()
            if finished is not None:  # after the next was started, and before the source takes its time for another
                yield finished
            start()
            source.prepare()
            if not running:
                break
            future = next(iter(wait(running, return_when=FIRST_COMPLETED).done))
            request, worker = running.pop(future)
            idle.append(worker)
            finished = request, future.result()
    source.complain()


class _Source:
    """An iterable of requests of which one is taken ahead; what it raises is kept until it is asked for."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self._requests = iter(requests)
        self._failure: Exception | None = None
        self.waiting: Request | None = None

    def give(self) -> Request | None:
        """The next request; None where there is none."""
        if self.waiting is None:
            self.waiting = self._next()
        given, self.waiting = self.waiting, None
        return given

    def prepare(self) -> None:
        """Take one ahead, unless that was done."""
        if self.waiting is None and (request := self._next()) is not None:
            self.waiting = request
            read_ahead(request.model)

    def complain(self) -> None:
        """Raise what the iterable raised."""
        if self._failure is not None:
            raise self._failure

    def _next(self) -> Request | None:
        if self._failure is not None:
            return None
        try:
            return next(self._requests, None)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again once nothing is under way
            self._failure = error
            return None


def read_ahead(model: Path) -> None:
    """Have the system read a model's files into memory while another is judged, so that loading does not wait for the
    disk. A hint: what is lost or unreadable is found by whoever loads it.
    """
    try:
        for path in model.iterdir():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
            finally:
                os.close(descriptor)
    except OSError:
        return
