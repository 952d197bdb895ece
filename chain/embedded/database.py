"""A SQLite file shared by threads and processes: one connection, whose transactions take the write lock first.

Knows nothing of what the file holds.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chain.embedded.errors import ChainFileError

LOCK_WAIT_S = 30.0
"""How long a connection waits for another process's write."""


class Database:
    """One connection to a file, shared by the threads of a process; processes share the file itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._db = connect(path)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._db.close()

    def copy_to(self, target: sqlite3.Connection) -> None:
        """Copy the whole file as of one moment; others see the target change at once. Raises ChainFileError."""

        def give_up(status: int, _remaining: int, _total: int) -> None:
            # Python would go on trying for as long as another process writes to the target.
            if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise sqlite3.OperationalError("another process writes to it and does not end: stop it, or try again")

        try:
            with self._lock:
                self._db.backup(target, progress=give_up)
        except sqlite3.Error as error:
            raise ChainFileError(f"chain file {self.path} cannot be copied: {error}") from error

    @contextmanager
    def write(self) -> Iterator[None]:
        """Hold the file's write lock; everything inside happens or nothing does."""
        with self._lock:
            self._run("BEGIN IMMEDIATE")
            try:
                yield
                self._run("COMMIT")
            except BaseException:
                # A full disk ends the transaction by itself.
                if self._db.in_transaction:
                    self._run("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read several things as of one moment, whatever other processes write meanwhile."""
        with self._lock:
            self._run("BEGIN")
            try:
                yield
            finally:
                self._run("COMMIT")

    @contextmanager
    def undo_on_error(self) -> Iterator[None]:
        """Inside write(): undo what this block of code wrote if it raises."""
        self._run("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK TO part")
            raise
        finally:
            self._run("RELEASE part")

    def _row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        rows = self._rows(query, *values)
        return rows[0] if rows else None

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._run(query, values)

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise ChainFileError(f"chain file {self.path} cannot be used: {error}") from error

    def _run_many(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            with self._lock:
                self._db.executemany(statement, rows)
        except sqlite3.Error as error:
            raise ChainFileError(f"chain file {self.path} cannot be used: {error}") from error


def connect(path: Path, lock_wait_s: float = LOCK_WAIT_S) -> sqlite3.Connection:
    """A connection in autocommit mode."""
    # Transactions are begun by hand, so that the write lock is taken first and not on the way.
    return sqlite3.connect(path, timeout=lock_wait_s, isolation_level=None, check_same_thread=False)
