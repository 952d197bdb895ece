"""Content-addressed files on disk, each named by the sha256 of its bytes. They do not know what refers to them."""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

CHUNK_BYTES = 1 << 20
ABANDONED_S = 3600.0
"""Seconds without a write after which whoever was sending a blob is taken for gone."""


class Blobs:
    """A folder of blobs that several threads and processes may fill at once: arrival is one atomic rename."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Return where the blob is, or would be."""
        return self._root / sha256[:2] / sha256

    def incoming(self) -> "IncomingBlob":
        """Open a new blob for writing; use it as a context manager and call `keep()` when it is complete."""
        return IncomingBlob(self, self._incoming)

    def sweep(self, *, older_than_s: float = ABANDONED_S) -> int:
        """Remove what killed writers left half-written, and return how many files that were."""
        oldest = time.time() - older_than_s
        left = [file for file in self._incoming.iterdir() if _last_write(file) <= oldest]
        for file in left:
            file.unlink(missing_ok=True)
        return len(left)

    def add(self, content: bytes) -> str:
        """Store `content` and return its sha256."""
        with self.incoming() as blob:
            blob.write(content)
            return blob.keep()

    def add_file(self, file: Path) -> str:
        """Store a copy of `file` and return its sha256."""
        with self.incoming() as blob:
            for chunk in chunks_of(file):
                blob.write(chunk)
            return blob.keep()


class IncomingBlob:
    """A blob on its way in. Unless `keep()` was called, leaving the context removes it."""

    def __init__(self, blobs: Blobs, folder: Path) -> None:
        self._blobs = blobs
        descriptor, name = tempfile.mkstemp(dir=folder)
        self._partial = Path(name)
        self._file = os.fdopen(descriptor, "wb")
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Append `chunk`."""
        self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    @property
    def sha256(self) -> str:
        """Hex sha256 of what has been written so far."""
        return self._digest.hexdigest()

    def keep(self) -> str:
        """Move the complete blob to its place and return its sha256."""
        self._file.close()
        target = self._blobs.path(self.sha256)
        target.parent.mkdir(exist_ok=True)
        self._partial.replace(target)
        return self.sha256

    def __enter__(self) -> "IncomingBlob":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
        self._partial.unlink(missing_ok=True)


def _last_write(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # complete meanwhile
        return time.time()


def chunks_of(file: Path) -> Iterator[bytes]:
    """Yield the content of `file` piece by piece."""
    with file.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            yield chunk


def part_of(file: Path, start: int, stop: int) -> Iterator[bytes]:
    """Yield the bytes [start, stop) of `file` piece by piece, fewer where it ends before."""
    with file.open("rb") as source:
        source.seek(start)
        while chunk := source.read(min(CHUNK_BYTES, stop - source.tell())):
            yield chunk
