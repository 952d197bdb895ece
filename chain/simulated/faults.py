"""What goes wrong on the simulated chain, and when: a script that its calls are played by, first come first served."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chain.reader import ChainError
from chain.types import Hotkey, Refused

WRITES = ("commit", "set_weights")
PARTIAL = ("subnet", "commitments", "weights")
"""Reads that can come back short: maps are read in pages, and a node may end them early. A metagraph is one value."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A write whose answer never comes; `landed` says whether it stands in a block all the same."""

    landed: bool


@dataclass(frozen=True, slots=True)
class Halved:
    """A read that leaves out every second hotkey's commitment, or every second setter's weights."""


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A seal that nothing opens, as where the beacon's pulse is gone by the time it is needed."""


Effect = ChainError | Refused | Lost | Halved | Spoiled


@dataclass
class _Planned:
    effect: Effect
    methods: tuple[str, ...] | None
    after: int
    times: int


class Held:
    """Calls that do not come back until the `with` block ends; `met` is set once one of them waits."""

    def __init__(self, methods: tuple[str, ...]) -> None:
        self.methods = methods
        self.met = threading.Event()
        self.released = threading.Event()


class Faults:
    """The script. `calls` counts every call of the ports by its method."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.garbled: dict[Hotkey, str] = {}
        """Hotkeys whose commitment cannot be read, and why."""
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []
        self._held: list[Held] = []

    def fail(self, error: ChainError, *methods: str, after: int = 0, times: int = 1) -> None:
        """The next calls of these methods (of any, if none is named) raise, once `after` more of them went well."""
        self._plan(error, methods or None, after, times)

    def refuse(self, answer: Refused, *methods: str, after: int = 0, times: int = 1) -> None:
        """The next writes are refused."""
        self._plan(answer, methods or WRITES, after, times)

    def lose(self, *methods: str, landed: bool, after: int = 0, times: int = 1) -> None:
        """The next writes end in ChainUnreachable, after they have taken effect or without any."""
        self._plan(Lost(landed), methods or WRITES, after, times)

    def halve(self, *methods: str, after: int = 0, times: int = 1) -> None:
        """The next reads of maps come back short."""
        self._plan(Halved(), methods or PARTIAL, after, times)

    def spoil(self, *, after: int = 0, times: int = 1) -> None:
        """The next texts are sealed so that they never open."""
        self._plan(Spoiled(), ("seal",), after, times)

    @contextmanager
    def held(self, *methods: str) -> Iterator[Held]:
        """Calls of these methods wait until the block ends, as on a socket that has frozen; others go on."""
        held = Held(methods)
        self._held.append(held)
        try:
            yield held
        finally:
            self._held.remove(held)
            held.released.set()

    def forget(self) -> bool:
        """Drop what has not happened yet; whether there was any."""
        with self._lock:
            left = bool(self._planned)
            self._planned.clear()
        return left

    def meet(self, method: str) -> Effect | None:
        """What happens to a call, told as it begins. Raises the error that is its turn."""
        for held in [one for one in self._held if method in one.methods]:
            held.met.set()
            held.released.wait()
        with self._lock:
            self.calls[method] += 1
            effect = self._turn(method)
        if isinstance(effect, ChainError):
            raise effect
        return effect

    def _plan(self, effect: Effect, methods: tuple[str, ...] | None, after: int, times: int) -> None:
        with self._lock:
            self._planned.append(_Planned(effect, methods, after, times))

    def _turn(self, method: str) -> Effect | None:
        for planned in self._planned:
            if planned.methods is not None and method not in planned.methods:
                continue
            if planned.after > 0:
                planned.after -= 1
                continue
            planned.times -= 1
            if planned.times <= 0:
                self._planned.remove(planned)
            return planned.effect
        return None
