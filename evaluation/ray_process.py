"""The process that drives a cluster, as the validator sees it: asked from several threads, ended from any, and killed
where it falls silent or overruns a deadline.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from evaluation.child import Child, Died, Late
from evaluation.executor import Request
from evaluation.ray_wire import BEAT_S, END, Beat, Began, Ended, Said, decode_news, encode_order
from evaluation.verdicts import Abandoned, Verdict
from evaluation.wire import READY, Garbled

log = logging.getLogger(__name__)

_SILENCE_S = 15 * BEAT_S
"""Who drives a cluster and says nothing for so long drives it no more."""
_GRACE_S = 4.0
"""It answers for a request whose time is over, whatever the cluster does. So much later it never will."""
_END_S = 5.0
"""What it may take to end the cluster's actors, and a cluster of our own."""


@dataclass(eq=False)
class _Order:
    request: Request
    verdict: "Future[Verdict]" = field(default_factory=Future)
    until: float = float("inf")


class RayProcess:
    """One such process, from its start to its end. Whatever becomes of it, who asked it gets a verdict."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], start_s: float) -> None:
        """`start_s` is what it may take to reach the cluster."""
        self._child = Child(command, environment)
        self._start_s = start_s
        self._workers: Future[int] = Future()
        self._orders: dict[int, _Order] = {}
        self._asked = 0
        self._cause: str | None = None
        """Why it can be asked no more."""
        self._change = threading.Lock()
        self._sending = threading.Lock()
        self._listener = threading.Thread(target=self._listen, name="cluster", daemon=True)
        self._listener.start()

    def is_running(self) -> bool:
        """Whether it can be asked."""
        return self._cause is None

    def workers(self) -> int:
        """How many requests it has judged at a time; one where it did not start, which is then told by a verdict."""
        return self._workers.result()

    def ask(self, request: Request) -> Verdict:
        """The verdict on one request."""
        order = _Order(request)
        with self._change:
            if self._cause is not None:
                return Abandoned(self._cause, is_ours_alone=True)
            self._asked += 1
            number = self._asked
            self._orders[number] = order
        self._send(encode_order(number, request))
        return order.verdict.result()

    def end(self, cause: str) -> None:
        """End it and all that it started; requests under way are Abandoned for this cause."""
        self._give_up(cause)
        if self._listener.is_alive():
            self._send(END)
            self._listener.join(_END_S)
            self._child.kill()
        self._listener.join()

    def _send(self, message: bytes) -> None:
        with self._sending:
            try:
                self._child.send(message, time.monotonic() + _SILENCE_S)
            except (Died, Late, OSError, ValueError):  # the last two where it was discarded meanwhile
                self._child.kill()  # the listener then says why

    def _listen(self) -> None:
        """Hand out what it says, until it ends."""
        try:
            self._greet(time.monotonic() + self._start_s)
            while True:
                self._hear(self._child.receive(self._until()))
        except Late:
            cause = "the cluster gave no sign of life in time, and the process that drives it was killed"
        except (Died, Garbled) as error:
            cause = f"the process that drives the cluster {error}"
        self._give_up(cause)
        with self._sending:
            self._child.discard()

    def _give_up(self, cause: str) -> None:
        """Take no more requests, and answer those under way."""
        with self._change:
            self._cause = self._cause or cause
            orders, self._orders = self._orders, {}
            for order in orders.values():
                order.verdict.set_result(Abandoned(self._cause, is_ours_alone=True))
            if not self._workers.done():
                self._workers.set_result(1)

    def _greet(self, until: float) -> None:
        try:
            greeting = self._child.receive(until)
        except Late as error:
            raise Died(f"did not reach it within {self._start_s:g} s") from error
        if greeting != READY:
            raise Garbled(f"greeted with {greeting[:20]!r}")

    def _until(self) -> float:
        with self._change:
            return min([time.monotonic() + _SILENCE_S, *(order.until for order in self._orders.values())])

    def _hear(self, message: bytes) -> None:
        news = decode_news(message)
        with self._change:
            match news:
                case Said(text):
                    log.warning("the cluster %s", text)
                case Beat(workers) if not self._workers.done():
                    self._workers.set_result(workers)
                case Began(number) if number in self._orders:
                    order = self._orders[number]
                    order.until = time.monotonic() + order.request.deadline_s + _GRACE_S
                case Ended(number, verdict) if number in self._orders:
                    self._orders.pop(number).verdict.set_result(verdict)
                case _:  # one more beat, or news of what was given up
                    pass
