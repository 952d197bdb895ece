"""The machines of a cluster that judge for us, one worker on each: taken for a request, given back, replaced when lost.
Knows neither Ray nor requests.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

_AGAIN_S = 1.0
"""Between two attempts to hire where one failed at once."""
_END_S = 2.5
"""What ending all machines may take."""


class Lost(Exception):
    """A machine, or its process, is gone or no longer answers; the message says how."""


class Failed(Exception):
    """A machine did not do what it was asked, and can be asked again; the message says why."""


class NoMachine(Exception):
    """There is none to judge on; the message says since when, or why."""


class Machine(Protocol):
    """One worker somewhere."""

    name: str
    """What people call the machine."""

    def call(self, method: str, *arguments: object, within_s: float) -> Any:
        """The answer of a method of `RayNode`. Raises Lost, also where none comes in time, and Failed."""
        ...

    def end(self) -> None:
        """End the worker and whatever it started. Never raises."""
        ...


class Pool:
    """So many machines as `size`, each kept by a thread that hires another where it is lost.

    `hire` waits until there is room for one more, and raises Lost where that fails or `closing` is set meanwhile.
    """

    def __init__(
        self, hire: Callable[[threading.Event], Machine], size: int, patience_s: float, report: Callable[[str], None]
    ) -> None:
        """A request waits `patience_s` where there is no machine at all, and for any length where one is busy. What an
        operator should know goes to `report`.
        """
        self._hire = hire
        self._report = report
        self._patience_s = patience_s
        self._free: deque[Machine] = deque()
        self._there: list[Machine] = []
        self._change = threading.Condition()
        self._closing = threading.Event()
        self._none_since = time.monotonic()
        self._last = "no room for one"
        self._keepers = [threading.Thread(target=self._keep, name=f"machine {n}", daemon=True) for n in range(size)]
        for keeper in self._keepers:
            keeper.start()

    def take(self, until: float | None) -> Machine:
        """A free machine. Raises NoMachine, at the time `until` (time.monotonic) at the latest."""
        began = time.monotonic()
        with self._change:
            while not self._free:
                left = self._left(began, until)
                if left <= 0 or self._closing.is_set():
                    raise NoMachine(self._why())
                self._change.wait(left)
            return self._free.popleft()

    def give_back(self, machine: Machine) -> None:
        """The machine is free again."""
        with self._change:
            if machine in self._there:
                self._free.append(machine)
                self._change.notify_all()

    def lose(self, machine: Machine, how: str) -> None:
        """The machine was taken and is of no use any more: another is hired."""
        self._report(f"lost a worker on {machine.name}: {how}")
        with self._change:
            self._last = f"one was lost on {machine.name}, and there was no room for another"
            if machine in self._there:
                self._there.remove(machine)
            self._none_since = time.monotonic()
            self._change.notify_all()

    def close(self) -> None:
        """End all machines; whoever waits gets NoMachine."""
        self._closing.set()
        with self._change:
            self._there.clear()
            self._free.clear()
            self._change.notify_all()
        until = time.monotonic() + _END_S
        for keeper in self._keepers:
            keeper.join(max(0.0, until - time.monotonic()))

    def _left(self, began: float, until: float | None) -> float:
        """Seconds that whoever has waited since `began` still waits before looking again."""
        now = time.monotonic()
        asked = float("inf") if until is None else until - now
        none = max(began, self._none_since) + self._patience_s - now
        return min(asked, 60.0 if self._there else none)

    def _why(self) -> str:
        if self._closing.is_set():
            return "the executor was closed"
        if self._there:
            return "no machine became free in time"
        return f"the cluster has no worker; last: {self._last}"

    def _keep(self) -> None:
        while not self._closing.is_set():
            try:
                machine = self._hire(self._closing)
            except Lost as error:
                if not self._closing.is_set() and str(error) != self._last:
                    self._report(f"had no worker placed: {error}")
                self._last = str(error)
                self._closing.wait(_AGAIN_S)
                continue
            with self._change:
                if not self._closing.is_set():
                    self._there.append(machine)
                    self._free.append(machine)
                    self._change.notify_all()
                while machine in self._there:
                    self._change.wait()
            machine.end()  # by its keeper: whoever lost it has a request to answer for
