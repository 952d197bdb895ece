"""Downloads that were cut short, kept so that the next attempt goes on where they ended, also after a restart.

One folder per revision, held by one download at a time. What is in it is trusted by nobody: whoever goes on checks all
of it again.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.checksums import Fingerprint

KEPT_S = 24 * 3600.0
"""Seconds for which nobody going on with a download is waited for."""


class Unfinished:
    """The folders below `root`; several processes may use it. What is too old goes when a new download begins."""

    def __init__(self, root: Path, *, kept_s: float = KEPT_S) -> None:
        self._root = root
        self._kept_s = kept_s

    @contextmanager
    def held(self, *named: str) -> Iterator[Path | None]:
        """Lend the folder of what these words name, to nobody else meanwhile; None where another one has it.

        The caller empties it when done: an empty folder is removed."""
        self._root.mkdir(parents=True, exist_ok=True)
        self._sweep(self._kept_s)
        folder = self._root / hashlib.sha256("\n".join(named).encode()).hexdigest()[:32]
        folder.mkdir(exist_ok=True)
        lock = _locked(folder)
        try:
            yield None if lock is None else folder
        finally:
            if lock is not None:
                with suppress(OSError):  # not empty: the next attempt goes on
                    folder.rmdir()
                os.close(lock)

    def drop(self) -> None:
        """Remove all that nobody is going on with at this moment."""
        self._root.mkdir(parents=True, exist_ok=True)
        self._sweep(0.0)

    def _sweep(self, kept_s: float) -> None:
        oldest = time.time() - kept_s
        for folder in self._root.iterdir():
            if _last_write(folder) <= oldest and (lock := _locked(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def partial_name(expected: Fingerprint) -> str:
    """The file, within its revision's folder, that a download of exactly these bytes is gathered in."""
    named = f"{expected.path}\n{expected.size}\n{expected.sha256 or expected.git_sha1}"
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def _locked(folder: Path) -> int | None:
    """Lock a folder and return the handle that holds it; None where it is another's, or gone."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), folder.stat()):  # whoever held it may have removed it
            return handle
    except OSError:
        pass
    os.close(handle)
    return None


def _last_write(folder: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:  # it went meanwhile
        return time.time()
