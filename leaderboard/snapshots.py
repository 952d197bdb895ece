"""The newest page and document, made from one reading of the ledger at most once a second however many ask."""

import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from leaderboard.pages import render_board
from leaderboard.words import discreet
from ledger.board import Board, board
from ledger.database import Ledger, LedgerError, open_ledger

_LIFETIME_S = 1.0
_DOCUMENT = TypeAdapter(Board)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One reading as the page and as JSON, both UTF-8."""

    page: bytes
    document: bytes


class Snapshots:
    """Opens the ledger when it is first asked, and again after a failure: a validator may start later or move it."""

    def __init__(self, url_or_path: str | Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._where = url_or_path
        self._clock = clock
        self._lock = threading.Lock()
        self._ledger: Ledger | None = None
        self._latest: tuple[float, Snapshot] | None = None

    def latest(self) -> Snapshot:
        """The newest snapshot, at most a second old. Raises LedgerError."""
        with self._lock:
            if self._latest is None or self._clock() - self._latest[0] >= _LIFETIME_S:
                self._latest = (self._clock(), self._read())
            return self._latest[1]

    def close(self) -> None:
        """Give the ledger back; asking again opens it anew."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def _read(self) -> Snapshot:
        try:
            if self._ledger is None:
                self._ledger = open_ledger(self._where, read_only=True)
            reading = board(self._ledger)
        except LedgerError:
            self.close()
            self._latest = None
            raise
        return Snapshot(render_board(reading, datetime.now(UTC)).encode(), _document(reading))


def _document(reading: Board) -> bytes:
    """The reading as strict JSON, without what the page would not show of this machine."""
    plain = _public(_DOCUMENT.dump_python(reading, mode="json"))
    return json.dumps(plain, separators=(",", ":"), allow_nan=False).encode()


def _public(value: Any) -> Any:
    match value:
        case str():
            return discreet(value)
        case float():
            return value if math.isfinite(value) else None
        case list():
            return [_public(item) for item in value]
        case dict():
            return {key: _public(item) for key, item in value.items()}
    return value
