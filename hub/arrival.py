"""Files arriving in a folder whole or not at all: staged beside their place, then moved in. It does not know from where
they come, nor what they must hold."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Arrival:
    """Files written so far, none of them visible at its place yet."""

    def __init__(self, staging: Path) -> None:
        self._staged = staging / "staged"
        self._staged.mkdir()
        self.scratch = staging / "scratch"
        """A folder for what is not ready to arrive; it goes when the arrival ends."""
        self.scratch.mkdir()
        self._paths: list[str] = []

    def write(self, path: str, chunks: Iterable[bytes]) -> None:
        """Write one file; whatever `chunks` raises comes through."""
        with self._place(path).open("wb") as file:
            for chunk in chunks:
                file.write(chunk)

    def adopt(self, path: str, complete: Path) -> None:
        """Take a complete file from elsewhere as one of those that arrive."""
        shutil.move(complete, self._place(path))

    def move_into(self, folder: Path) -> None:
        """Put every file at its place below `folder`, in place of one that is there."""
        for path in self._paths:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            (self._staged / path).replace(target)

    def _place(self, path: str) -> Path:
        target = self._staged / path
        target.parent.mkdir(parents=True, exist_ok=True)
        self._paths.append(path)
        return target


@contextmanager
def arriving(folder: Path) -> Iterator[Arrival]:
    """Lend an Arrival whose files reach `folder` when the block ends, and vanish when it raises."""
    folder.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".arriving-", dir=folder))
    try:
        arrival = Arrival(staging)
        yield arrival
        arrival.move_into(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
