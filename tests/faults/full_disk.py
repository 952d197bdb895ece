"""A validator whose disk runs full while it takes models in: `python -m tests.faults.full_disk FOLDER ENDPOINT`.

Reads the lines that were committed and the stage from its standard input; prints how its attempts failed, and what it
comes to once there is room again.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.huggingface import HuggingFaceHub
from hub.port import RepoInfo, RepoKind
from models.cache import ModelCache
from tests.faults.fetching import Validator, client

STAGES = ("download", "vetting", "arrival")
NO_DISK = 77
ON_A_SMALL_DISK = (
    *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"),
    f'mount -t tmpfs -o size=16m tmpfs "$0" || exit {NO_DISK}; exec "$@"',
)
"""Runs a command with a disk of 16 MB mounted at a folder that it alone sees."""

_LEFT_FOR_A_PART = 100_000
_PIECE = 4096


@dataclass
class Ballast:
    """A file that takes what the disk has left, once."""

    file: Path
    dropped: bool = False

    def take(self, leaving: int = 0) -> None:
        """Fill the disk but for so many bytes, unless that was done before."""
        if self.dropped or self.file.exists():
            return
        with self.file.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(_PIECE)):
                    pass
            except OSError:
                file.truncate(max(0, file.tell() - leaving))

    def drop(self) -> None:
        """Give it back."""
        self.dropped = True
        self.file.unlink()


@dataclass(frozen=True)
class Filling:
    """A Hub during whose first download, or after it, the disk runs full."""

    inner: HuggingFaceHub
    before: Callable[[], None]
    after: Callable[[], None]
    failures: list[str]

    def describe(self, repo: str, kind: RepoKind, revision: str | None = None) -> RepoInfo:
        return self.inner.describe(repo, kind, revision)

    def fetch(
        self,
        repo: str,
        kind: RepoKind,
        revision: str,
        paths: Sequence[str],
        into: Path,
        *,
        max_bytes: int | None = None,
    ) -> None:
        self.before()
        try:
            self.inner.fetch(repo, kind, revision, paths, into, max_bytes=max_bytes)
        except OSError as error:
            self.failures.append(str(error))  # the ledger may have no room for it
            raise
        self.after()


def main() -> None:
    folder, endpoint, order = Path(sys.argv[1]), sys.argv[2], json.load(sys.stdin)
    ballast = Ballast(folder.parent / "ballast")

    class FullAtArrival(ModelCache):
        def add(self, digest: str, finished: Path) -> Path:
            ballast.take()
            return super().add(digest, finished)

    def at(stage: str, leaving: int = 0) -> Callable[[], None]:
        return lambda: ballast.take(leaving) if order["stage"] == stage else None

    failures: list[str] = []
    hub = Filling(client(endpoint, folder), at("download", _LEFT_FOR_A_PART), at("vetting"), failures)
    lines = {name: line.encode() for name, line in order["lines"].items()}
    cache = FullAtArrival if order["stage"] == "arrival" else ModelCache
    validator = Validator(folder, lines, hub, cache)  # type: ignore[arg-type]  # reads are all that is asked
    for _ in range(3):
        try:
            validator.turn()
        except Exception as error:  # noqa: BLE001 - a loop that fails is called again, whatever it was
            failures.append(f"{type(error).__name__}: {error}")
    states = validator.states()
    ballast.drop()
    outcome = validator.run().outcome()
    failures += [cause for _, cause in validator.retries()]
    print(json.dumps({"failures": failures, "states": list(states.values()), "outcome": outcome}))  # noqa: T201


if __name__ == "__main__":
    main()
