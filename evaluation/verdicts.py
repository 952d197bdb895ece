"""How a judging can end. A verdict says who answers for it; our own faults never become a score."""

from dataclasses import dataclass

from models.rejections import Rejection


@dataclass(frozen=True, slots=True)
class TaskValues:
    """One task on one bundle: a value per sample, in the bundle's order, lower is better, clipped to [0, cap]."""

    task: str
    sample_ids: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """The model was judged on all tasks. Seconds are wall time in the worker; tokens are those scored."""

    tasks: tuple[TaskValues, ...]
    seconds: float
    tokens: int
    peak_memory_bytes: int
    environment: str
    """Digest of what can move a score: device kind, dtype, library versions."""


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Ours: a time-out, a crash, a full disk. It is due again and the miner pays nothing."""

    cause: str


Verdict = Scored | Rejection | Abandoned
