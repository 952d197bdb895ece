"""Clean directories on disk, by digest: each is there whole or not at all, whatever was killed when.

A directory arrives and leaves by one rename within the cache. It knows neither what a directory holds nor why it is
kept.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from models.ref import is_digest

GRACE_S = 600.0
"""Seconds for which an arrival is kept though nobody asks for it: longer than any step between query and pruning."""


class ModelCache:
    """The cache below `root`. Several processes may hold it open; what killed ones left is swept by the next alone."""

    def __init__(self, root: Path) -> None:
        """Open the cache, made where missing. Raises OSError where the folder cannot be written."""
        self._models = root / "models"
        self._unfinished = root / "unfinished"
        self._models.mkdir(parents=True, exist_ok=True)
        self._unfinished.mkdir(exist_ok=True)
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
        """Whether the clean directory of a digest is here, whole."""
        return self.path(digest).is_dir()

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """An empty folder beside the models, removed at the end; `add` takes directories made in it."""
        folder = Path(tempfile.mkdtemp(dir=self._unfinished))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def add(self, digest: str, finished: Path) -> Path:
        """Move a finished directory made in a workspace into the cache; where the digest is here, that one stays."""
        target = self.path(digest)
        # a power cut must leave no file half-written under its final name: that would look like the miner's fault
        for file in (*finished.iterdir(), finished):
            _sync(file)
        os.utime(finished)  # the grace of `keep` runs from the arrival
        try:
            finished.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        _sync(self._models)
        return target

    def keep(self, digests: Collection[str], *, grace_s: float = GRACE_S) -> tuple[str, ...]:
        """Remove all models but these and those that arrived within `grace_s` seconds; return the digests removed."""
        oldest = time.time() - grace_s
        removed = []
        for folder in sorted(self._models.iterdir()):
            if folder.name not in digests and folder.stat().st_mtime <= oldest:
                with self.workspace() as leaving:
                    folder.rename(leaving / folder.name)
                removed.append(folder.name)
        return tuple(removed)

    def discard(self, digest: str) -> None:
        """Remove a model whose files turned out damaged, so that it can be had anew; one that is gone is gone."""
        with self.workspace() as leaving, suppress(FileNotFoundError):
            self.path(digest).rename(leaving / digest)

    def bytes_used(self) -> int:
        """Bytes of all files of all models."""
        return sum(file.stat().st_size for file in self._models.glob("*/*"))

    def _sweep(self) -> None:
        """Remove leftovers if no other process has the cache open: a workspace of a living one is in use."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            for leftover in self._unfinished.iterdir():
                shutil.rmtree(leftover, ignore_errors=True)
        fcntl.flock(self._lock, fcntl.LOCK_SH)


def _sync(path: Path) -> None:
    """Bring a file, or the entries of a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
