"""Judges on the devices of this machine, each with a warm worker process of its own. Reaches no torch: that is the
workers'.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from evaluation.dispatch import dispatch
from evaluation.executor import Request
from evaluation.verdicts import Verdict
from evaluation.worker_process import PROGRAM, WorkerProcess

_DEVICE = re.compile(r"cpu|cuda(:\d+)?", re.ASCII)


class LocalExecutor:
    """An Executor with one worker for each device."""

    def __init__(
        self,
        devices: Sequence[str] = ("cpu",),
        *,
        dtype: str = "float32",
        threads: int | None = None,
        memory_bytes: int | None = None,
        start_s: float = 120.0,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        """One WorkerProcess for each device; a device may be named twice. Raises ValueError without one."""
        if not devices:
            raise ValueError("no device to judge on: name at least one, such as cpu or cuda:0")
        if odd := [device for device in devices if not _DEVICE.fullmatch(device)]:
            raise ValueError(f"{odd[0]!r} is no device to judge on: name cpu, cuda or cuda:N")
        self._workers = [
            WorkerProcess(
                device=device, dtype=dtype, threads=threads, memory_bytes=memory_bytes, start_s=start_s, program=program
            )
            for device in devices
        ]

    def judge(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Verdict]]:
        """See Executor.judge."""
        return dispatch(requests, [worker.judge for worker in self._workers])

    def close(self) -> None:
        """See Executor.close."""
        for worker in self._workers:
            worker.close()
