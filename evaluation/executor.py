"""The port to where models are judged: a request goes in, a verdict comes out. Knows no tensors and no ranking."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Request:
    """Judge the model in a clean directory on a bundle file for some tasks; killed after `deadline_s` seconds."""

    model: Path
    bundle: Path
    tasks: tuple[TaskSpec, ...]
    max_length: int
    deadline_s: float


class Executor(Protocol):
    """Judges one request at a time. Every failure is a verdict; nothing raises but misuse."""

    def judge(self, request: Request) -> Verdict:
        """Blocks until the verdict, at most about `deadline_s` seconds."""
        ...

    def close(self) -> None:
        """End the worker at once; a request under way is answered with Abandoned."""
        ...
