"""Directories as things that are held, so that nobody removes them, measured, and brought to the disk."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

_HOW = {"shared": fcntl.LOCK_SH, "alone": fcntl.LOCK_EX}


@contextmanager
def held(folder: Path, how: Literal["shared", "alone"]) -> Iterator[bool]:
    """Hold a directory meanwhile; False where it is not there, or held otherwise by another thread or process.

    Whoever removes a directory holds it alone, so one that is shared stays. What held it ends with its process.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        yield False
        return
    try:
        yield _is_locked(handle, folder, _HOW[how])
    finally:
        os.close(handle)


def sync(path: Path) -> None:
    """Bring a file, or the entries of a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def bytes_below(folder: Path) -> int:
    """Bytes of all files below a folder; those that go meanwhile do not count."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except FileNotFoundError:
                continue
    return total


def _is_locked(handle: int, folder: Path, how: int) -> bool:
    """Lock an open directory; True where it then still is at its place, and nobody else holds it otherwise."""
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), folder.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
