"""Parts of files at the Hub, fetched piece by piece and kept on disk, so that a round that was held, or begins again
after a restart, fetches nothing twice. Knows no file's format.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from evaluation.sources.keeping import keep_newest
from hub.blobs import part_of
from hub.port import Hub

PIECE_BYTES = 8 << 20
"""What is fetched by one request; a cut costs no more than this."""


class TimeUp(Exception):
    """The time that a source has for one pool is over; what was fetched is kept."""


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes [start, stop) of a file at the Hub, lying from 0 on in a file here."""

    start: int
    stop: int
    file: Path


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on a clock (seconds) until which there is time."""

    until: float
    clock: Callable[[], float] = time.monotonic

    def check(self) -> None:
        """Raise TimeUp when it is past."""
        if self.clock() >= self.until:
            raise TimeUp("there was no time left for more")


@dataclass(frozen=True, slots=True)
class RangeStore:
    """A folder of pieces, each followed by its sha256; safe for several threads and processes, since a piece arrives
    whole or not at all."""

    folder: Path

    def get(self, key: str, size: int) -> Path | None:
        """The file that begins with the `size` bytes kept under a key (64 hex digits); None where there is none, or a
        damaged one, which is dropped."""
        file = self.folder / key
        try:
            digest = hashlib.sha256()
            for chunk in part_of(file, 0, size):
                digest.update(chunk)
            kept = b"".join(part_of(file, size, file.stat().st_size))
        except FileNotFoundError:
            return None
        if kept != digest.digest():
            file.unlink(missing_ok=True)
            return None
        os.utime(file)
        return file

    def put(self, key: str, chunks: Iterable[bytes]) -> Path:
        """Keep chunks as they come. Raises what they raise, and OSError where the disk will not have them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".arriving-", delete=False) as arriving:
            try:
                for chunk in chunks:
                    digest.update(chunk)
                    arriving.write(chunk)
                arriving.write(digest.digest())
                arriving.flush()
                os.replace(arriving.name, self.folder / key)
            except BaseException:
                Path(arriving.name).unlink(missing_ok=True)
                raise
        return self.folder / key

    def prune(self, max_bytes: int) -> None:
        """Keep only what was used last, `max_bytes` of it."""
        keep_newest(self.folder, max_bytes)


@dataclass(frozen=True, slots=True)
class Ranges:
    """Files of one dataset at one revision (40 hex digits), read in parts until a deadline."""

    hub: Hub
    store: RangeStore
    repo: str
    revision: str
    deadline: Deadline

    def parts(self, path: str, start: int, stop: int) -> tuple[Part, ...]:
        """The bytes [start, stop) of a file, from the store where they were read before. Raises HubError, TimeUp."""
        edges = [*range(start, stop, PIECE_BYTES), stop]
        return tuple(self._piece(path, *edge) for edge in pairwise(edges))

    def _piece(self, path: str, start: int, stop: int) -> Part:
        named = "\n".join((self.repo, self.revision, path, str(start), str(stop)))
        key = hashlib.sha256(named.encode()).hexdigest()
        file = self.store.get(key, stop - start) or self.store.put(key, self._arriving(path, start, stop))
        return Part(start, stop, file)

    def _arriving(self, path: str, start: int, stop: int) -> Iterator[bytes]:
        self.deadline.check()
        for chunk in self.hub.read_range(self.repo, "dataset", self.revision, path, start, stop):
            self.deadline.check()
            yield chunk
