"""Faults on purpose: which requests the local Hub answers slowly, not at all, cut off or changed. It knows paths and
bytes, never what they mean, and stands before everything else the Hub does."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

Kind = Literal["slow", "429", "503", "truncated", "tampered"]
KINDS: tuple[Kind, ...] = get_args(Kind)

GRAMMAR = (
    "KIND[,path=GLOB][,method=GET][,after=N][,times=N][,seconds=S][,rate=BYTES][,retry-after=S][,at=BYTE], "
    f"KIND one of {', '.join(KINDS)}"
)


class InvalidFault(ValueError):
    """Words that describe no fault."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and for which requests."""

    kind: Kind
    path: str = "*"
    """Glob over the path as it was sent, without its query; `*` matches slashes too."""
    method: str = "*"
    """GET, POST, …; a body is never cut or changed in the answer to HEAD, which has none."""
    after: int = 0
    """How many matching requests go well before the first that does not."""
    times: int | None = None
    """How many requests it then spoils; None means all."""
    seconds: float = 0.0
    """slow: how long the answer is kept back."""
    rate: int | None = None
    """slow: how many bytes of the body go out in a second."""
    retry_after_s: int | None = None
    """429 and 503: what the Retry-After header asks for."""
    at: int = 0
    """truncated: how many bytes of the body go out. tampered: the byte whose bits are turned over."""

    def matches(self, method: str, path: str) -> bool:
        """Whether such a request could be spoilt."""
        bodiless = method == "HEAD" and self.kind in ("truncated", "tampered")
        return not bodiless and self.method in ("*", method) and fnmatchcase(path, self.path)


class Faults:
    """The faults planned for a server; they can be changed while it answers."""

    def __init__(self, planned: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._seen: list[tuple[Fault, int]] = [(fault, 0) for fault in planned]

    def plan(self, fault: Fault) -> None:
        """Add a fault."""
        with self._lock:
            self._seen.append((fault, 0))

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._seen.clear()

    def seen(self) -> list[int]:
        """Return how many requests each planned fault has matched, spoilt or not."""
        with self._lock:
            return [seen for _, seen in self._seen]

    def due(self, method: str, path: str) -> list[Fault]:
        """Count a request, and return the faults that befall it."""
        due: list[Fault] = []
        with self._lock:
            for number, (fault, seen) in enumerate(self._seen):
                if fault.matches(method, path):
                    self._seen[number] = (fault, seen + 1)
                    if seen >= fault.after and (fault.times is None or seen < fault.after + fault.times):
                        due.append(fault)
        return due


def parse_fault(text: str) -> Fault:
    """Read a fault as a command's option gives it, such as `503,path=*/resolve/*,times=2`. Raises InvalidFault."""
    word, *options = text.split(",")
    kind = next((kind for kind in KINDS if kind == word), None)
    given = dict(option.split("=", 1) for option in options if "=" in option)
    if kind is None or len(given) != len(options):
        raise InvalidFault(f"{text!r} is no fault; write {GRAMMAR}")
    try:
        fault = Fault(
            kind,
            path=given.pop("path", "*"),
            method=given.pop("method", "*").upper(),
            after=_count(given.pop("after", "0")),
            times=_count(given.pop("times")) if "times" in given else None,
            seconds=_seconds(given.pop("seconds", "0")),
            rate=max(1, _count(given.pop("rate"))) if "rate" in given else None,
            retry_after_s=_count(given.pop("retry-after")) if "retry-after" in given else None,
            at=_count(given.pop("at", "0")),
        )
    except ValueError as error:
        raise InvalidFault(f"{text!r} is no fault ({error}); write {GRAMMAR}") from None
    if given:
        raise InvalidFault(f"{text!r} names {', '.join(given)}, which no fault has; write {GRAMMAR}")
    return fault


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{text!r} is no number of seconds")
    return seconds
