"""Named threads that repeat a step until told to stop; one that fails is reported, waits longer, and fails alone.

Knows nothing of what the steps do. A loop returns True where there is more to do at once.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

log = logging.getLogger(__name__)

_LONGEST_BACK_OFF_S = 60.0
_SHORTEST_BACK_OFF_S = 0.5


class Loop(Protocol):
    """One small job of a neuron."""

    @property
    def name(self) -> str:
        """Name of the thread, and of the loop in logs and heartbeats."""
        ...

    def step(self) -> bool:
        """Do what is due; True where there is more to do at once. Raises where a step failed as a whole."""
        ...


@dataclass(frozen=True, slots=True)
class Beat:
    """How a step ended; `message` is empty where all went well."""

    loop: str
    message: str


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A loop and how long its thread rests between two steps, in seconds."""

    loop: Loop
    interval_s: float


class Wakes:
    """Lets one loop poke another by name without knowing it; a poke during a step is not lost."""

    def __init__(self) -> None:
        self._events: dict[str, threading.Event] = {}

    def event(self, name: str) -> threading.Event:
        """The event a loop of that name waits for."""
        return self._events.setdefault(name, threading.Event())

    def poke(self, name: str) -> None:
        """Wake the loop of that name at once."""
        self.event(name).set()


@dataclass
class Supervisor:
    """Runs loops until `stop`. `on_beat` hears how every step ended; its own failures are logged."""

    loops: Sequence[Scheduled]
    wakes: Wakes
    on_beat: Callable[[Beat], None]
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._threads = [
            threading.Thread(target=self._run, args=(scheduled,), name=scheduled.loop.name, daemon=True)
            for scheduled in self.loops
        ]

    def start(self) -> None:
        """Start every loop's thread."""
        for scheduled in self.loops:
            self.wakes.event(scheduled.loop.name)
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float) -> tuple[str, ...]:
        """Ask every loop to end and wait for them together; the names of those still busy after `timeout_s`."""
        self.stopping.set()
        for scheduled in self.loops:
            self.wakes.poke(scheduled.loop.name)
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return tuple(thread.name for thread in self._threads if thread.is_alive())

    def _run(self, scheduled: Scheduled) -> None:
        wake = self.wakes.event(scheduled.loop.name)
        failures = 0
        while not self.stopping.is_set():
            wake.clear()
            more, failures = self._step(scheduled.loop, failures)
            if failures:
                self.stopping.wait(back_off(failures, random.random()))  # a poke must not shorten it
            elif not more:
                wake.wait(scheduled.interval_s)

    def _step(self, loop: Loop, failures: int) -> tuple[bool, int]:
        """One step; whatever it raises is this loop's failure and nobody else's."""
        try:
            more = loop.step()
        except Exception as error:
            if self.stopping.is_set():
                return False, failures
            log.warning("loop %s failed (%d in a row)", loop.name, failures + 1, exc_info=error)
            self._beat(Beat(loop.name, f"{type(error).__name__}: {error}"))
            return False, failures + 1
        self._beat(Beat(loop.name, ""))
        return more, 0

    def _beat(self, beat: Beat) -> None:
        try:
            self.on_beat(beat)
        except Exception:
            log.exception("the heartbeat of loop %s could not be recorded", beat.loop)


def back_off(failures: int, jitter: float) -> float:
    """Seconds to wait after so many failures in a row: doubling, bounded, and spread by a jitter in [0, 1)."""
    longest = min(_LONGEST_BACK_OFF_S, _SHORTEST_BACK_OFF_S * 2.0 ** min(failures - 1, 10))
    return longest * (0.5 + jitter / 2)
