"""One warm worker process on this machine, which judges one model after another. It is killed at a deadline and
replaced after a crash. Reaches no torch: that is the worker's.
"""

import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from evaluation.child import Child, Died, Late
from evaluation.executor import Request
from evaluation.verdicts import Abandoned, Verdict
from evaluation.wire import READY, Garbled, decode_verdict, encode_request

_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
"""All that a worker gets of our environment: no token, no endpoint, no proxy."""

PROGRAM = ("-P", "-m", "evaluation.worker")
"""What Python is asked to run."""


class WorkerProcess:
    """Judges on one device, in a process that holds no secrets.

    `threads` pins its arithmetic, to one thread on every machine unless asked for otherwise: another number can move a
    score in its last bits, and on a busy machine more threads mostly wait for one another.
    """

    def __init__(
        self,
        *,
        device: str = "cpu",
        dtype: str = "float32",
        threads: int | None = None,
        memory_bytes: int | None = None,
        start_s: float = 120.0,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        """`memory_bytes` bounds the worker's private memory, `start_s` its start, which no request's deadline pays for.
        `program` is what Python is asked to run.
        """
        self._threads = threads or 1
        options = ["--device", device, "--dtype", dtype, "--threads", str(self._threads)]
        options += [] if memory_bytes is None else ["--memory-bytes", str(memory_bytes)]
        self._command = [sys.executable, *program, *options]
        self._start_s = start_s
        self._child: Child | None = None
        self._turn = threading.Lock()
        """Held for the length of a request: one at a time."""
        self._change = threading.Lock()
        """Held while the child is exchanged, so that `close` kills the one that is there, or none will be."""
        self._closed = False

    def judge(self, request: Request) -> Verdict:
        """The verdict on one request, at most about `deadline_s` seconds later; whatever fails is one. Never raises."""
        with self._turn:
            try:
                verdict = self._ask(request)
            except Late:
                verdict = Abandoned(f"no verdict within {request.deadline_s:g} s; the worker was killed")
            except (Died, Garbled, OSError) as error:
                verdict = self._failed(error)
            if isinstance(verdict, Abandoned):
                self._discard()  # whatever went wrong in it stays in it
            return verdict

    def warm(self) -> Abandoned | None:
        """Have the process started, so that no request waits for it; why it is not there."""
        with self._turn:
            try:
                self._warm()
            except (Died, Garbled, OSError) as error:
                self._discard()
                return self._failed(error)
        return None

    def close(self) -> None:
        """End the process at once; a request under way is answered with Abandoned. May be called from any thread."""
        with self._change:
            self._closed = True
            if self._child is not None:
                self._child.kill()
        with self._turn:
            self._discard()

    def _failed(self, error: Exception) -> Abandoned:
        if self._closed:
            return Abandoned("the executor was closed", is_ours_alone=True)
        return Abandoned(f"the worker {error}")

    def _ask(self, request: Request) -> Verdict:
        child = self._warm()
        until = time.monotonic() + request.deadline_s
        child.send(encode_request(request), until)
        return decode_verdict(child.receive(until))

    def _warm(self) -> Child:
        """The worker, started if there is none. Raises Died where it does not start, in time or at all."""
        if self._child is not None and self._child.is_running():
            return self._child
        self._discard()
        with self._change:
            if self._closed:
                raise Died("is gone")
            self._child = Child(self._command, self._environment())
        try:
            greeting = self._child.receive(time.monotonic() + self._start_s)
        except Late as error:
            raise Died(f"did not start within {self._start_s:g} s") from error
        if greeting != READY:
            raise Garbled(f"greeted with {greeting[:20]!r}")
        return self._child

    def _discard(self) -> None:
        with self._change:
            child, self._child = self._child, None
        if child is not None:
            child.discard()

    def _environment(self) -> dict[str, str]:
        """No home to read settings from or to leave files in: below the null device nothing can be made."""
        threads = str(self._threads)
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
            "HOME": os.devnull,
            "HF_HOME": os.devnull,
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "DISABLE_SAFETENSORS_CONVERSION": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "OMP_WAIT_POLICY": "PASSIVE",
            "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        }
