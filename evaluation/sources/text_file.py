"""The texts of one row group on disk, in a form that any row can be read from alone and nothing has to be parsed.

Beside the bytes of all rows lies where each row ends: eight bytes a row, negative (−1 − end) where there is no text.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_END = struct.Struct("<q")


class TextWriter:
    """Writes `path` and the ends beside it."""

    def __init__(self, texts: BinaryIO, ends: BinaryIO) -> None:
        self._texts, self._ends = texts, ends
        self.rows = 0
        self.size = 0
        """Bytes of text so far."""

    def add(self, text: bytes | None) -> None:
        """Append a row; None for one without a text."""
        self.rows += 1
        if text is None:
            self._ends.write(_END.pack(-1 - self.size))
            return
        self.size += len(text)
        self._texts.write(text)
        self._ends.write(_END.pack(self.size))


@dataclass(frozen=True, slots=True)
class TextFile:
    """A written file, its number of rows and its bytes of text."""

    path: Path
    rows: int
    size: int

    def length(self, row: int) -> int | None:
        """Bytes of a row's text; None where there is none."""
        start, stop = self._span(row)
        return None if stop < 0 else stop - start

    def read(self, row: int) -> bytes:
        """A row's text."""
        start, stop = self._span(row)
        with self.path.open("rb") as texts:
            texts.seek(start)
            return texts.read(max(0, stop - start))

    def _span(self, row: int) -> tuple[int, int]:
        if not 0 <= row < self.rows:
            raise IndexError(f"row {row} of {self.rows}")
        with ends_of(self.path).open("rb") as ends:
            ends.seek(_END.size * max(0, row - 1))
            data = ends.read(_END.size * (2 if row else 1))
        before, end = struct.unpack("<qq", data) if row else (0, *_END.unpack(data))
        return (before if before >= 0 else -1 - before), end


def ends_of(path: Path) -> Path:
    """Where a text file's ends lie."""
    return path.with_name(f"{path.name}.ends")
