"""A Parquet dataset on the Hub at a pinned revision, as row groups of texts: only footers, and the one column of the
row groups asked for, travel. Knows nothing of rounds, seeds and samples.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from evaluation.sources.choice import RowGroup
from evaluation.sources.parquet import TAIL_BYTES, BadParquet, Fetched, ParquetProcess, Place, check_place, footer_start
from evaluation.sources.ranges import Part, Ranges
from evaluation.sources.text_file import TextFile

_GUESS_BYTES = 1 << 16
"""Fetched of a file's end at first: most footers are shorter."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file whose footer was read: what was fetched for it, and what it says."""

    end: Fetched
    places: tuple[Place, ...]


class HubRows:
    """One column of the files in `sizes` (path → bytes), fetched through `ranges`, decoded in `process`, its texts put
    into `folder`. What it reads may raise BadParquet, and whatever fetching and the process raise."""

    def __init__(
        self, column: str, sizes: Mapping[str, int], ranges: Ranges, process: ParquetProcess, folder: Path
    ) -> None:
        self._column = column
        self._sizes = sizes
        self._ranges = ranges
        self._process = process
        self._folder = folder
        self._opened: dict[str, _Opened] = {}
        self._left = process.bounds.round_bytes

    def count_of(self, path: str) -> int:
        """How many row groups a file has."""
        return len(self._file(path).places)

    def texts(self, row_group: RowGroup) -> TextFile:
        """The texts of a row group, one for each of its rows."""
        self._ranges.deadline.check()
        path, number = row_group.path, row_group.place
        opened = self._file(path)
        place, into = opened.places[number], self._folder / f"{len(list(self._folder.iterdir()))}"
        with _named(f"row group {number} of {path}"):
            check_place(place, opened.end.footer, self._process.bounds)
            if not place.rows:
                return TextFile(into, 0, 0)
            self._spend(place.stop - place.start)
            parts = (*self._column_parts(path, place, opened.end.parts[0].start), *opened.end.parts)
            texts = self._process.texts(replace(opened.end, parts=parts), self._column, number, into)
            self._spend(texts.size)
            if texts.rows != place.rows:
                raise BadParquet(f"it holds {texts.rows} rows where its footer says {place.rows}")
        return texts

    def _file(self, path: str) -> _Opened:
        if path not in self._opened:
            with _named(path):
                end = self._end(path, self._sizes[path])
                self._opened[path] = _Opened(end, self._process.places(end, self._column))
        return self._opened[path]

    def _end(self, path: str, size: int) -> Fetched:
        """A file's end, with all of the footer."""
        (end,) = self._ranges.parts(path, max(0, size - _GUESS_BYTES), size)
        with end.file.open("rb") as file:
            file.seek(max(0, size - end.start - TAIL_BYTES))
            start = footer_start(size, file.read(min(TAIL_BYTES, size)), self._process.bounds)
        before = self._ranges.parts(path, start, end.start) if start < end.start else ()
        return Fetched(size, start, (*before, end))

    def _column_parts(self, path: str, place: Place, known: int) -> tuple[Part, ...]:
        """Parts with a row group's column, as far as it does not lie in what was fetched with the footer."""
        return self._ranges.parts(path, place.start, min(place.stop, known)) if place.start < known else ()

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise BadParquet(
                f"with it the round reads more than {self._process.bounds.round_bytes} bytes: choose fewer row groups, "
                "or a dataset with smaller ones"
            )


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Say of what is bad what it is."""
    try:
        yield
    except BadParquet as error:
        raise BadParquet(f"{what}: {error}") from error
