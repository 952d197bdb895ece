"""What the files of a directory were when it arrived, and whether they still are: sha256 by file name, kept beside it.

Knows neither why a directory is kept nor what its files mean. Whoever writes a record does so before the directory is
seen, so that one without a record is one that nobody vouches for.
"""

import hashlib
import json
import os
from pathlib import Path

Sums = dict[str, str]
"""File name → hex sha256."""

_Look = tuple[tuple[str, int, int, int, int], ...]
"""Of every file its name, inode, bytes, and when its content and its entry last changed, sorted."""


def sums_of(folder: Path) -> Sums:
    """The sums of a directory's files, all of them read. Raises OSError where one cannot be."""
    sums = {}
    for entry in folder.iterdir():
        with entry.open("rb") as file:
            sums[entry.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


class Records:
    """The records below `root`, one for each name, and what this process has itself read since it began."""

    def __init__(self, root: Path) -> None:
        """Open the records, made where missing. Raises OSError where the folder cannot be written."""
        self._root = root
        self._root.mkdir(exist_ok=True)
        self._read: dict[str, _Look] = {}

    def write(self, name: str, sums: Sums, folder: Path) -> None:
        """Record what was just read of a directory, in place of an earlier record."""
        self._read[name] = _look(folder)
        new = self._root / f"{name}.new"
        with new.open("wb") as file:
            file.write(json.dumps(sums, sort_keys=True).encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._root / name)

    def remove(self, name: str) -> None:
        """Forget a directory."""
        self._read.pop(name, None)
        (self._root / name).unlink(missing_ok=True)

    def names(self) -> tuple[str, ...]:
        """What there are records of, half-written ones included."""
        return tuple(path.name for path in self._root.iterdir())

    def confirm(self, name: str, folder: Path, *, reread: bool = False) -> bool:
        """Whether a directory holds exactly the files recorded, byte for byte.

        They are read where this process has not done so since they last changed, as far as the file system tells; with
        `reread` in any case.
        """
        try:
            look = _look(folder)
            if not reread and self._read.get(name) == look:
                return True
            whole: bool = json.loads((self._root / name).read_bytes()) == sums_of(folder)
        except (OSError, ValueError):  # what cannot be read is not whole
            return False
        if whole:
            self._read[name] = look
        return whole


def _look(folder: Path) -> _Look:
    found = [(entry.name, entry.lstat()) for entry in folder.iterdir()]
    return tuple(sorted((name, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in found))
