"""Judges on the machines of a Ray cluster, each with the very worker process that judges locally. Imports no Ray: a
process of its own drives the cluster.
"""

import importlib.util
import os
import secrets
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from evaluation.dispatch import dispatch
from evaluation.executor import Request
from evaluation.ray_node import NodeOptions
from evaluation.ray_process import RayProcess
from evaluation.verdicts import Abandoned, Verdict
from evaluation.worker_process import PROGRAM

CACHE = "~/.cache/crucible/judged"
CACHE_BYTES = 200_000_000_000

_DRIVER = ("-P", "-m", "evaluation.ray_driver")
_INHERITED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "HOME", "TMPDIR")
"""What the driving process gets of our environment, beside all that begins with RAY_: no token but Ray's own."""

_OWN = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    # where memory runs out, Linux ends the model's process first, and Ray would end the one that watches it
    "RAY_memory_monitor_refresh_ms": "0",
    # a lost machine is noticed within seconds
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}
"""Settings of a cluster of our own. It listens on all addresses of this machine, to those who have its token."""


class RayExecutor:
    """An Executor with a worker on as many machines, or GPUs of machines, as a cluster has."""

    def __init__(
        self,
        address: str | None = None,
        *,
        workers: int | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        threads: int | None = None,
        memory_bytes: int | None = None,
        start_s: float = 120.0,
        cache: str = CACHE,
        cache_bytes: int = CACHE_BYTES,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        """`address` is host:port of a cluster's head; without it Ray is started on this machine, and ended by `close`.

        There are `workers` at a time, or as many as there is room for: each takes a GPU where `device` is cuda, and as
        many CPUs as `threads` otherwise. A worker may take `start_s` to start, and the cluster as long to be reached.
        What a machine does not have at the same path is kept there below `cache`, at most `cache_bytes` of it. Raises
        ValueError where Ray is not installed.
        """
        if importlib.util.find_spec("ray") is None:
            raise ValueError("ray is not installed: run CRUCIBLE_EXTRAS=dev,ray ./scripts/install, or judge locally")
        self._address = address
        self._start_s = start_s
        self._command = [sys.executable, *_DRIVER]
        self._command += [] if address is None else ["--address", address]
        self._command += [] if workers is None else ["--workers", str(workers)]
        node = NodeOptions(device, dtype, threads or 1, memory_bytes, start_s, list(program), cache, cache_bytes)
        self._command += ["--node", node.encode().decode()]
        self._change = threading.Lock()
        self._process: RayProcess | None = None
        self._folder: str | None = None
        self._closed = False

    def judge(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Verdict]]:
        """See Executor.judge."""
        try:
            process = self._running()
        except OSError:  # each request will try again, and be abandoned where it fails again
            process = None
        yield from dispatch(requests, [self._ask] * (process.workers() if process else 1))

    def close(self) -> None:
        """See Executor.close."""
        with self._change:
            self._closed = True
            process, self._process = self._process, None
        if process is not None:
            process.end("the executor was closed")
        self._sweep()

    def _ask(self, request: Request) -> Verdict:
        try:
            process = self._running()
        except OSError as error:
            cause = f"no process to drive the cluster can be started: {type(error).__name__}: {error}"
            return Abandoned(cause, is_ours_alone=True)
        return process.ask(request) if process else Abandoned("the executor was closed", is_ours_alone=True)

    def _running(self) -> RayProcess | None:
        """The driving process, a new one where the last one ended; None once we are closed."""
        with self._change:
            if self._closed:
                return None
            if self._process is not None and not self._process.is_running():
                self._process.end("it was ended")
                self._process = None
            if self._process is None:
                self._sweep()
                self._process = self._started()
            return self._process

    def _started(self) -> RayProcess:
        if self._address is not None:
            return RayProcess(self._command, _environment(), self._start_s)
        # sockets lie in it, whose paths may have 107 letters: a folder of the user's own choice is often too deep
        self._folder = tempfile.mkdtemp(prefix="crucible-ray-", dir="/tmp")
        own = _OWN | {"RAY_AUTH_TOKEN": secrets.token_hex(32)}
        return RayProcess([*self._command, "--folder", self._folder], _environment() | own, self._start_s)

    def _sweep(self) -> None:
        """Remove what a cluster of our own has left."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith("RAY_")}
    return {**inherited, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
