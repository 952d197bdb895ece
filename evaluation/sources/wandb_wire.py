"""What the process that reads wandb is asked, and what it answers: JSON behind the name of its kind. Knows neither
wandb nor samples.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError

from evaluation.sources.held import Cause
from evaluation.wire import Garbled


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one round may ask of a wandb server, and of this machine."""

    deadline_s: float = 600.0
    """For everything that is asked; whatever still runs then is killed."""
    start_s: float = 120.0
    """For the start of the reading process, which the deadline does not pay for."""
    memory_bytes: int = 1 << 30
    """Private memory of the reading process, and as much again for the service that wandb's client starts."""
    retries: int = 4
    """How often the client repeats a request that was answered 429 or 5xx or not at all; it backs off by itself."""
    max_claims: int = 1_000
    """Of the runs alive in the window that name one hotkey, signed or not, the oldest so many are looked at."""
    max_claim_bytes: int = 16_000_000
    """Of the configs of these, which anyone may have written; those after so many are not looked at either."""
    max_runs: int = 20
    """Of those which the hotkey signed; more are its fault, and nothing of it is used."""
    max_bytes: int = 256_000_000
    """All that is read of a round's runs; more holds the round."""
    max_rows: int = 20_000
    """Of one hotkey within the window; more are its fault, and nothing of it is used."""
    max_row_bytes: int = 16_000_000
    """Of one hotkey's rows within the window; more are its fault, and nothing of it is used."""
    max_steps: int = 100_000
    """How far back from their newest steps the rows of one hotkey's runs are looked for, all runs together; where the
    window's start is not found by then it is the hotkey's fault, and nothing of it is used."""


@dataclass(frozen=True, slots=True)
class Window:
    """Rows count with a time in (since, until], in seconds of Unix time."""

    since: float
    until: float


@dataclass(frozen=True, slots=True)
class ListRuns:
    """Asks for the oldest runs of a project that were alive in the window and name a hotkey."""

    entity: str
    project: str
    hotkey: str
    hotkey_key: str
    signature_key: str
    window: Window
    max_claims: int
    max_claim_bytes: int
    kind: Literal["list_runs"] = "list_runs"


@dataclass(frozen=True, slots=True)
class ReadRows:
    """Asks for the rows of a run."""

    entity: str
    project: str
    run: str
    prompt_key: str
    reference_key: str
    window: Window
    max_text_bytes: int
    """Rows with a longer text are counted and not passed on."""
    max_rows: int
    max_bytes: int
    max_steps: int
    kind: Literal["read_rows"] = "read_rows"


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run's id, and what its config claims; None where it has nothing that can be one."""

    id: str | None
    hotkey: str | None
    signature: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """The runs, in the server's order."""

    runs: tuple[ListedRun, ...]
    kind: Literal["listed"] = "listed"


@dataclass(frozen=True, slots=True)
class Row:
    """A row within the window: its own time, and its texts."""

    timestamp: float
    prompt: str
    reference: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What a run has in the window, how many of its rows were left out for which `Drop`, and why none can be used."""

    rows: tuple[Row, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)
    fault: str | None = None
    steps: int = 0
    """How many steps it was looked through for them."""
    kind: Literal["rows"] = "rows"


@dataclass(frozen=True, slots=True)
class NotHad:
    """Nothing can be had now."""

    cause: Cause
    detail: str
    kind: Literal["not_had"] = "not_had"


_T = TypeVar("_T")

Order: TypeAlias = ListRuns | ReadRows
Answer: TypeAlias = Listed | Rows | NotHad

_ORDER: TypeAdapter[Order] = TypeAdapter(Order)
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


def encode_order(order: Order) -> bytes:
    """As JSON."""
    return _ORDER.dump_json(order)


def decode_order(message: bytes) -> Order:
    """Raises Garbled."""
    return _decoded(_ORDER, message)


def encode_answer(answer: Answer) -> bytes:
    """As JSON."""
    return _ANSWER.dump_json(answer)


def decode_answer(message: bytes) -> Answer:
    """Raises Garbled."""
    return _decoded(_ANSWER, message)


def _decoded(kind: TypeAdapter[_T], message: bytes) -> _T:
    try:
        return kind.validate_json(message)
    except ValidationError as error:
        raise Garbled(f"wrote what was not asked for: {error.errors()[0]['msg']}") from error
