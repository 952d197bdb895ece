"""Batches on disk under keys, so that a round that was held, or begins again after a restart, fetches nothing twice.
Knows neither where they come from nor what is in them: who reads one checks it.
"""

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from evaluation.sources.keeping import keep_newest

_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BatchStore:
    """A folder of batch files; safe for several threads and processes, since a file arrives whole or not at all."""

    folder: Path

    def get(self, key: str) -> bytes | None:
        """The bytes kept under a key (64 hex digits), if any; whether they are the right ones is the reader's to
        check."""
        file = self._file(key)
        try:
            os.utime(file)
            return file.read_bytes()
        except FileNotFoundError:
            return None

    def put(self, key: str, data: bytes) -> None:
        """Keep a batch that was checked. Raises OSError where the disk will not have it."""
        file = self._file(key)
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".arriving-", delete=False) as arriving:
            try:
                arriving.write(data)
                arriving.flush()
                os.replace(arriving.name, file)
            except OSError:
                Path(arriving.name).unlink(missing_ok=True)
                raise

    def drop(self, key: str) -> None:
        """Forget a batch, as where its bytes turn out to be damaged."""
        self._file(key).unlink(missing_ok=True)

    def prune(self, max_bytes: int) -> None:
        """Keep only what was kept or read last, `max_bytes` of it."""
        keep_newest(self.folder, max_bytes)

    def _file(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key: 64 hex digits")
        return self.folder / f"{key}.jsonl"
