"""One request on a cluster: files to where it is judged, another machine where that one is lost, and in any case a
verdict in time. Knows no Ray.
"""

import dataclasses
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from evaluation import parcels
from evaluation.executor import Request
from evaluation.ray_pool import Failed, Lost, Machine, NoMachine, Pool
from evaluation.verdicts import Abandoned, Verdict
from evaluation.wire import Garbled, decode_verdict, encode_request

_TRIES = 3
_PIECE_BYTES = 16 << 20
_PROMPT_S = 30.0
"""For what a machine does at once, such as taking a piece of a file; one that takes longer counts as lost."""
_GRACE_S = 2.0
"""A worker is killed at its deadline on its own machine; so much later nothing will come from there."""


class RayJudging:
    """Judges on the machines of a pool; called from as many threads as there are requests."""

    def __init__(self, pool: Pool, start_s: float) -> None:
        """`start_s` is what a worker may take to start."""
        self._pool = pool
        self._start_s = start_s
        self._bringing: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
        """By machine and parcel: what is wanted twice on one machine is brought once."""

    def judge(self, request: Request, began: Callable[[], None]) -> Verdict:
        """The verdict, at most `deadline_s` seconds and a few more after `began` was called. Never raises.

        The deadline begins when a worker and the files are ready for the first time, and covers what losses cost.
        """
        clock = Clock(request.deadline_s, began)
        lost: list[str] = []
        while len(lost) < _TRIES and not clock.is_over():
            try:
                machine = self._pool.take(clock.until)
            except NoMachine as error:
                return Abandoned("; ".join([str(error), *lost]), is_ours_alone=not lost)
            try:
                verdict = self._judged(machine, request, clock)
            except Lost as error:
                self._pool.lose(machine, str(error))
                lost.append(f"lost on {machine.name}: {error}")
                continue
            except (Failed, Garbled, OSError) as error:
                verdict = Abandoned(f"on {machine.name}: {error}")
            except BaseException as error:
                self._pool.lose(machine, f"{type(error).__name__}: {error}")
                raise
            self._pool.give_back(machine)
            return verdict
        late = [f"no verdict within {request.deadline_s:g} s"] if clock.is_over() else []
        return Abandoned("; ".join([*late, *lost]))

    def _judged(self, machine: Machine, request: Request, clock: "Clock") -> Verdict:
        if failed := machine.call("warm", within_s=clock.at_most(self._start_s + _PROMPT_S)):
            return decode_verdict(failed)
        model = self._bring(machine, request.model, clock)
        bundle = self._bring(machine, request.bundle, clock)
        deadline_s = clock.start()
        there = dataclasses.replace(request, model=model, bundle=bundle, deadline_s=deadline_s)
        return decode_verdict(machine.call("judge", encode_request(there), within_s=deadline_s + _GRACE_S))

    def _bring(self, machine: Machine, path: Path, clock: "Clock") -> Path:
        """Where a file or directory is on the machine, brought there if need be."""

        def call(method: str, *arguments: object) -> str:
            answer: str = machine.call(method, *arguments, within_s=clock.at_most(_PROMPT_S))
            return answer

        look = parcels.look(path)
        if not look or call("sees", str(path), look):  # what cannot be carried may be there, and is missed there if not
            return path
        parcel = parcels.pack(path)
        with self._bringing[machine.name, parcel.key]:
            if found := call("find", parcel.encode()):
                return Path(found)
            call("begin", parcel.encode())
            for place, data in parcels.pieces(path, parcel, _PIECE_BYTES):
                call("write", place, data)
            return Path(call("finish"))


class Clock:
    """A request's own time: it stands until it is started, and is never started again."""

    def __init__(self, deadline_s: float, began: Callable[[], None]) -> None:
        self._deadline_s = deadline_s
        self._began = began
        self.until: float | None = None
        """When the time is over (time.monotonic); None as long as it stands."""

    def start(self) -> float:
        """The seconds left."""
        if self.until is None:
            self.until = time.monotonic() + self._deadline_s
            self._began()
            return self._deadline_s
        return max(0.0, self.until - time.monotonic())

    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self.until is not None and time.monotonic() >= self.until

    def at_most(self, seconds: float) -> float:
        """So many seconds, or what is left where that is less."""
        return seconds if self.until is None else min(seconds, max(0.0, self.until - time.monotonic()))
