"""A queue of requests before several workers: each free worker takes the next one, and one more is made ready. Knows
neither processes nor devices.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path

from evaluation.executor import Request
from evaluation.verdicts import Verdict

Worker = Callable[[Request], Verdict]


def dispatch(requests: Iterable[Request], workers: Sequence[Worker]) -> Iterator[tuple[Request, Verdict]]:
    """See Executor.judge. The iterable is asked in the caller's thread only, each worker runs in one of its own."""
    source, idle = iter(requests), deque(workers)
    waiting: deque[Request] = deque()
    running: dict[Future[Verdict], tuple[Request, Worker]] = {}
    finished: tuple[Request, Verdict] | None = None
    with ThreadPoolExecutor(len(workers), thread_name_prefix="judging") as threads:
        while True:
            while idle and (waiting or _take(source, waiting)):
                worker, request = idle.popleft(), waiting.popleft()
                running[threads.submit(worker, request)] = request, worker
            if not waiting and _take(source, waiting):
                read_ahead(waiting[0].model)
            if finished is not None:  # only now, since whoever gets it may take a while with it
                yield finished
            if not running:
                return
            future = next(iter(wait(running, return_when=FIRST_COMPLETED).done))
            request, worker = running.pop(future)
            idle.append(worker)
            finished = request, future.result()


def _take(source: Iterator[Request], waiting: "deque[Request]") -> bool:
    waiting.extend(islice(source, 1))
    return bool(waiting)


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
