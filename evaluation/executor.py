"""The port to where models are judged: requests go in, verdicts come out. Knows no tensors and no ranking."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Race:
    """What a challenger must reach: judging stops as soon as it is out of reach (`evaluation.racing`).

    `incumbent` has the values of the incumbent for each of the request's tasks, in the bundle's order; `needed` is the
    relative improvement on them.
    """

    incumbent: tuple[tuple[float, ...], ...]
    needed: float


@dataclass(frozen=True, slots=True)
class Request:
    """Judge the model in a clean directory on a bundle file for some tasks; killed after `deadline_s` seconds.

    Without a race all samples are scored.
    """

    model: Path
    bundle: Path
    tasks: tuple[TaskSpec, ...]
    max_length: int
    deadline_s: float
    race: Race | None = None
    name: str = ""
    """What the asker knows it by; nobody else reads it."""


class Executor(Protocol):
    """Judges on as many devices as it has. Every failure is a verdict; nothing raises but misuse."""

    def judge(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Verdict]]:
        """Each request with its verdict, as soon as it is there; the order is the devices'.

        A request is taken from the iterable when a device is about to become free: one is judged by each device, and
        at most one more waits for it, its files being made ready meanwhile. Between two verdicts pass at most about
        `deadline_s` seconds. Who leaves off early waits for what is under way, unless the executor is closed first.
        Raises what the iterable raises, after the verdicts that are under way.
        """
        ...

    def close(self) -> None:
        """End the workers at once; requests under way are answered with Abandoned. May be called from any thread."""
        ...
