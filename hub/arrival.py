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
        self._staging = staging
        self._paths: list[str] = []

    def write(self, path: str, chunks: Iterable[bytes]) -> None:
        """Write one file; whatever `chunks` raises comes through."""
        target = self._staging / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
        self._paths.append(path)

    def move_into(self, folder: Path) -> None:
        """Put every file at its place below `folder`, in place of one that is there."""
        for path in self._paths:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            (self._staging / path).replace(target)


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
