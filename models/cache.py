"""Clean directories on disk, by digest: each is there whole or not at all, whatever was killed when.

A directory arrives and leaves by one rename within the cache, never leaves while it is used, and is lent only while its
files are those that arrived. The cache knows neither what a directory holds nor why it is kept.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from models.directories import held, sync
from models.ref import is_digest
from models.room import NoRoom, measure_room, promising_name
from models.sums import Records, sums_of

GRACE_S = 600.0
"""Seconds for which an arrival is kept though nobody asks for it: longer than any step between query and pruning."""

Spare = Callable[[Sequence[str]], Sequence[str]]
"""Of the digests that are here, the oldest arrival first: those that may go where room is short, in that order."""


def _nothing(_digests: Sequence[str]) -> Sequence[str]:
    return ()


class ModelCache:
    """The cache below `root`, for several threads and processes. What killed ones left is swept by the next alone.

    It takes `quota_bytes`, or what its disk has, and makes room by removing what `spare` gives away.
    """

    def __init__(self, root: Path, *, quota_bytes: int | None = None, spare: Spare = _nothing) -> None:
        """Open the cache, made where missing. Raises OSError where the folder cannot be written."""
        self._quota_bytes = quota_bytes
        self._spare = spare
        self._models = root / "models"
        self._unfinished = root / "unfinished"
        self._models.mkdir(parents=True, exist_ok=True)
        self._unfinished.mkdir(exist_ok=True)
        self._records = Records(root / "sums")
        self._changes = root / "changes"
        self._lock = (root / "lock").open("wb")
        self._sweep()

    def close(self) -> None:
        """Let another opener sweep; directories stay readable."""
        self._lock.close()

    def path(self, digest: str) -> Path:
        """Where the clean directory of a digest is, or would be. Raises ValueError for what is no digest."""
        if not is_digest(digest):
            raise ValueError(f"{digest[:80]!r} is no digest; pass 64 lower-case hex digits")
        return self._models / digest

    def has(self, digest: str) -> bool:
        """Whether there is a directory of this digest; whether its files are still those that arrived, `using` says."""
        return self.path(digest).is_dir()

    @contextmanager
    def using(self, digest: str) -> Iterator[Path | None]:
        """Lend the directory of a digest, which stays while the block runs; None where it is not here, or not whole.

        Files are looked at every time, and read anew where they changed or were not read since this process began. A
        damaged directory leaves the cache.
        """
        folder = self.path(digest)
        with held(folder, "shared") as here:
            if here and self._records.confirm(digest, folder):
                yield folder
                return
        if here:
            self._discard(folder)
        yield None

    def is_damaged(self, digest: str) -> bool:
        """Whether the directory of a digest, all of it read anew, is not what arrived; it then leaves, once unused."""
        folder = self.path(digest)
        if self._records.confirm(digest, folder, reread=True):
            return False
        self._records.remove(digest)  # nobody vouches for it any more
        self._discard(folder)
        return True

    @contextmanager
    def workspace(self, room: int = 0) -> Iterator[Path | NoRoom]:
        """An empty folder beside the models with room for so many bytes, removed at the end; or what is in the way.

        Room is made first where it is short. `add` takes directories made in the folder.
        """
        folder = self._reserved(room)
        try:
            yield folder
        finally:
            if isinstance(folder, Path):
                shutil.rmtree(folder, ignore_errors=True)

    def add(self, digest: str, finished: Path) -> Path:
        """Move a finished directory made in a workspace into the cache; one that is here whole stays."""
        target = self.path(digest)
        # a power cut must leave no file half-written under its final name: that would look like the miner's fault
        for file in (*finished.iterdir(), finished):
            sync(file)
        os.utime(finished)  # the grace of `keep` runs from the arrival
        sums = sums_of(finished)
        with self._changing():
            if self.has(digest) and self._records.confirm(digest, target):
                return target
            self._leave(target)
            self._records.write(digest, sums, finished)
            finished.rename(target)
            sync(self._models)
        return target

    def keep(self, digests: Collection[str], *, grace_s: float = GRACE_S) -> tuple[str, ...]:
        """Remove all models but these, those in use, and those that arrived within `grace_s` seconds; return which."""
        oldest = time.time() - grace_s
        with self._changing():
            leaving = [name for name, arrived in self._arrivals() if name not in digests and arrived <= oldest]
            return tuple(name for name in leaving if self._leave(self._models / name))

    def _reserved(self, room: int) -> Path | NoRoom:
        """A new folder that promises so many bytes, once there is room for them."""
        with self._changing():
            if room and (lacking := self._make(room)):
                return lacking
            folder = self._unfinished / promising_name(room)
            folder.mkdir()
            return folder

    def _make(self, room: int) -> NoRoom | None:
        """Remove what may go until there is room, or nothing more may."""
        going: Iterator[str] | None = None
        while lacking := measure_room(self._models, self._unfinished, self._quota_bytes).lacks(room):
            going = going or iter(self._spare([name for name, _ in self._arrivals()]))
            if not any(self._leave(self._models / name) for name in going):  # the first that is in nobody's use
                return lacking
        return None

    def _arrivals(self) -> list[tuple[str, float]]:
        """Digest and time of all that is here, the oldest arrival first."""
        arrivals = [(folder.name, folder.stat().st_mtime) for folder in self._models.iterdir()]
        return sorted(arrivals, key=lambda arrival: (arrival[1], arrival[0]))

    def _discard(self, folder: Path) -> None:
        with self._changing():
            self._leave(folder)

    def _leave(self, folder: Path) -> bool:
        """Remove a directory that nobody uses; whether it went. Only for who is `_changing`."""
        with held(folder, "alone") as alone:
            if not alone:
                return False
            leaving = self._unfinished / promising_name(0)
            folder.rename(leaving)
            self._records.remove(folder.name)
        shutil.rmtree(leaving, ignore_errors=True)
        return True

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Alone of all threads and processes: a directory and its record change together, and room is given once."""
        with self._changes.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _sweep(self) -> None:
        """Remove leftovers if no other process has the cache open: a workspace of a living one is in use."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            for leftover in self._unfinished.iterdir():
                shutil.rmtree(leftover, ignore_errors=True)
            for name in self._records.names():
                if not (self._models / name).is_dir():
                    self._records.remove(name)
        fcntl.flock(self._lock, fcntl.LOCK_SH)
