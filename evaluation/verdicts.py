"""How a judging can end. A verdict says who answers for it; our own faults never become a score."""

from dataclasses import dataclass

from models.rejections import Rejection


@dataclass(frozen=True, slots=True)
class TaskValues:
    """One task on one bundle: a value for each sample judged, in bundle order, lower is better, in [0, cap]."""

    task: str
    sample_ids: tuple[str, ...]
    values: tuple[float, ...]
    nats_per_token: float | None = None
    """The mean loss of a token, where the values are losses; for reading alone, since tokenizers differ."""
    notes: tuple[tuple[str, int], ...] = ()
    """What else was found, and of how many samples, such as answers that are `repetitive`."""


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
class Outraced:
    """The model was judged on some samples only: on them it is so far from the improvement it needs that all the others
    would not bring it there. Its values are those that `Scored` would have had for the same samples.
    """

    tasks: tuple[TaskValues, ...]
    seconds: float
    tokens: int
    peak_memory_bytes: int
    environment: str
    rung: int
    """Rungs judged, from 1 on."""
    improvement: float
    """On the samples judged, relative to the incumbent."""
    at_best: float
    """The upper bound of the improvement that ended the race, below what was needed."""


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Ours: a time-out, a crash, a full disk. It is due again and the miner pays nothing.

    `is_ours_alone` says that no model can have caused it, as one can cause a crash: it never counts against any.
    """

    cause: str
    is_ours_alone: bool = False


Verdict = Scored | Outraced | Rejection | Abandoned
