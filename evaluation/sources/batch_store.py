"""Batches on disk under their roots, so that a round that was held, or begins again after a restart, fetches nothing
twice. Knows neither where they come from nor what is in them: who reads one checks its root.
"""

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

_ROOT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BatchStore:
    """A folder of batch files; safe for several threads and processes, since a file arrives whole or not at all."""

    folder: Path

    def get(self, root: str) -> bytes | None:
        """The bytes kept under a root (64 hex digits), if any; whether they have it is the reader's to check."""
        file = self._file(root)
        try:
            data = file.read_bytes()
            os.utime(file)
        except FileNotFoundError:
            return None
        return data

    def put(self, root: str, data: bytes) -> None:
        """Keep a batch whose root was checked. Raises OSError where the disk will not have it."""
        file = self._file(root)
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".arriving-", delete=False) as arriving:
            try:
                arriving.write(data)
                arriving.flush()
                os.replace(arriving.name, file)
            except OSError:
                Path(arriving.name).unlink(missing_ok=True)
                raise

    def drop(self, root: str) -> None:
        """Forget a batch, as where its bytes turn out to be damaged."""
        self._file(root).unlink(missing_ok=True)

    def prune(self, keep: int) -> None:
        """Keep only the `keep` files that were put or read last; what a kill left of an arriving batch is one too."""
        for file in sorted(self.folder.glob("*"), key=_used, reverse=True)[keep:]:
            file.unlink(missing_ok=True)

    def _file(self, root: str) -> Path:
        if not _ROOT.fullmatch(root):
            raise ValueError(f"{root!r} is no root: 64 hex digits")
        return self.folder / f"{root}.jsonl"


def _used(file: Path) -> int:
    """When a file was used, in nanoseconds; 0 for one that went, or got its name, while others were looked at."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
