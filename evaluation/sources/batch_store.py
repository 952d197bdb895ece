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
        try:
            return self._file(root).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, root: str, data: bytes) -> None:
        """Keep a batch whose root was checked. Raises OSError where the disk will not have it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".arriving-", delete=False) as arriving:
            try:
                arriving.write(data)
                arriving.flush()
                os.replace(arriving.name, self._file(root))
            except OSError:
                Path(arriving.name).unlink(missing_ok=True)
                raise

    def drop(self, root: str) -> None:
        """Forget a batch, as where its bytes turn out to be damaged."""
        self._file(root).unlink(missing_ok=True)

    def prune(self, keep: int) -> None:
        """Keep only the newest batches."""
        files = sorted(self.folder.glob("*.jsonl"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
        for file in files[keep:]:
            file.unlink(missing_ok=True)

    def _file(self, root: str) -> Path:
        if not _ROOT.fullmatch(root):
            raise ValueError(f"{root!r} is no root: 64 hex digits")
        return self.folder / f"{root}.jsonl"
