"""Strangers' Parquet files read in a process of their own, bounded in memory and time: what such a file does to a C++
reader ends with that process, which has no network, no token and no more of the file than was fetched.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pydantic import TypeAdapter, ValidationError

from evaluation.child import Child, Died
from evaluation.sources.ranges import Part
from evaluation.sources.text_file import TextFile
from evaluation.wire import READY, Garbled
from models.apart import environment

TAIL_BYTES = 8
"""A Parquet file ends with the length of its footer (four bytes, little-endian) and a magic word."""
_MAGIC = b"PAR1"


class BadParquet(Exception):
    """What the dataset holds cannot be read as texts within bounds; a pinned revision never changes, so no wait will
    mend it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be read. Where a dataset has more, it is of no use here; every validator finds the same."""

    footer_bytes: int = 16_000_000
    row_groups: int = 100_000
    """Row groups of one file."""
    rows: int = 2_000_000
    """Rows of one row group."""
    row_group_bytes: int = 128_000_000
    """Bytes of the one column in one row group, packed as well as unpacked."""
    round_bytes: int = 1_000_000_000
    """The same of all row groups read for one round together."""
    memory_bytes: int = 1_000_000_000
    """Private memory of the reading process."""
    start_s: float = 60.0
    decode_s: float = 60.0
    """Seconds for one row group, or one footer."""
    seconds: float = 300.0
    """Seconds for one pool, fetching included."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one row group's column lies in its file: bytes [start, stop), and what it says it unpacks to."""

    rows: int
    start: int
    stop: int
    unpacked: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """What is at hand of a file of `size` bytes: its footer, from byte `footer` to the end, and perhaps more."""

    size: int
    footer: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What the process is asked: the places of all row groups, or with `into` the texts of one of them there."""

    file: Fetched
    column: str
    bounds: Bounds
    row_group: int = 0
    into: Path | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """The answer to an order without `into`."""

    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to an order with `into`: rows and bytes of text."""

    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Bad:
    """The answer where the file is at fault."""

    bad: str


Answer = Places | Written | Bad

ORDER = TypeAdapter(Order)
ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


def footer_start(size: int, tail: bytes, bounds: Bounds) -> int:
    """Where the footer of a file of `size` bytes begins, by its last bytes. Raises BadParquet."""
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or not length or length + TAIL_BYTES > size:
        raise BadParquet(f"it is no Parquet file: its {size} bytes end with {tail!r}")
    if length > bounds.footer_bytes:
        raise BadParquet(f"its footer has {length} bytes; {bounds.footer_bytes} are read")
    return size - TAIL_BYTES - length


def check_place(place: Place, end: int, bounds: Bounds) -> None:
    """Raise BadParquet unless a row group's column lies before byte `end` of its file, and within bounds."""
    if not 0 <= place.rows <= bounds.rows:
        raise BadParquet(f"it has {place.rows} rows; {bounds.rows} are read")
    if place.rows and not len(_MAGIC) <= place.start < place.stop <= end:
        raise BadParquet(f"its column lies at bytes {place.start} to {place.stop} of {end}")
    if (most := max(place.stop - place.start, place.unpacked)) > bounds.row_group_bytes:
        raise BadParquet(
            f"its column has {most} bytes; {bounds.row_group_bytes} are read: choose a dataset with smaller row groups"
        )


class ParquetProcess:
    """The process, started by its first order; use it as a context manager. Raises what `Child` raises, and Garbled."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._child: Child | None = None

    def __enter__(self) -> "ParquetProcess":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._child is not None:
            self._child.discard()

    def places(self, file: Fetched, column: str) -> tuple[Place, ...]:
        """The places of a file's row groups, by its footer; what they say may be anything. Raises BadParquet."""
        answer = self._ask(Order(file, column, self.bounds))
        if not isinstance(answer, Places):
            raise Garbled(f"answered {answer!r:.80} where places were asked for")
        return answer.places

    def texts(self, file: Fetched, column: str, row_group: int, into: Path) -> TextFile:
        """A row group's texts, written to `into`. Raises BadParquet."""
        answer = self._ask(Order(file, column, self.bounds, row_group, into))
        if not isinstance(answer, Written) or not 0 <= answer.rows <= self.bounds.rows:
            raise Garbled(f"answered {answer!r:.80} where texts were asked for")
        return TextFile(into, answer.rows, answer.size)

    def _ask(self, order: Order) -> Places | Written:
        child = self._started()
        until = time.monotonic() + self.bounds.decode_s
        child.send(ORDER.dump_json(order), until)
        try:
            answer = ANSWER.validate_json(child.receive(until))
        except ValidationError as error:
            raise Garbled(f"gave no answer: {error}") from error
        if isinstance(answer, Bad):
            raise BadParquet(answer.bad)
        return answer

    def _started(self) -> Child:
        if self._child is None:
            command = [sys.executable, "-P", "-m", "evaluation.sources.parquet_worker", str(self.bounds.memory_bytes)]
            self._child = Child(command, environment() | {"ARROW_DEFAULT_MEMORY_POOL": "system"})
            if (greeting := self._child.receive(time.monotonic() + self.bounds.start_s)) != READY:
                raise Died(f"greeted with {greeting[:20]!r}")
        return self._child
