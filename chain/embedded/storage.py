"""The chain file: blocks, versioned storage keys, the transaction pool and beacon pulses in one SQLite database.

Every value is stamped with the block that wrote it, so the state after any past block can be read, and rows of a block
that is not yet sealed are invisible to readers. Knows bytes only, nothing of what they mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.embedded.database import Database, connect
from chain.embedded.errors import ChainFileError

_FORMAT = "embedded-subtensor/1"
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks (number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, time_ms INTEGER NOT NULL);
CREATE TABLE storage (key BLOB, block INTEGER, value BLOB, PRIMARY KEY (key, block)) WITHOUT ROWID;
CREATE TABLE events (block INTEGER PRIMARY KEY, records BLOB NOT NULL);
CREATE TABLE extrinsics (block INTEGER, position INTEGER, hash BLOB NOT NULL, data BLOB NOT NULL,
                         PRIMARY KEY (block, position));
CREATE INDEX extrinsic_hash ON extrinsics (hash);
CREATE TABLE pool (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, signer TEXT NOT NULL, data BLOB NOT NULL);
CREATE TABLE pulses (round INTEGER PRIMARY KEY, signature BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Header:
    """A sealed block: number, 32-byte hash and time in milliseconds since 1970."""

    number: int
    hash: bytes
    time_ms: int


@dataclass(frozen=True, slots=True)
class Pooled:
    """An extrinsic waiting for a block."""

    hash: bytes
    signer: str
    data: bytes


class ChainFile(Database):
    """The tables of a chain file."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise ChainFileError(f"no chain file at {path}: name another, or make one with `crucible localnet up`")
        super().__init__(path)
        if self._format() != _FORMAT:
            self.close()
            raise ChainFileError(
                f"{path} is not a chain file of format {_FORMAT}: name another, or make one with `crucible localnet up`"
            )
        # With a write-ahead log a kill loses no sealed block; only a power cut may lose the newest ones.
        self._run("PRAGMA synchronous = NORMAL")

    @classmethod
    def create(cls, path: Path, meta: Mapping[str, bytes]) -> "ChainFile":
        """A new file with its fixed parameters. Raises ChainFileError where one already is."""
        if path.exists():
            raise ChainFileError(f"{path} already exists; choose another path or remove it")
        path.parent.mkdir(parents=True, exist_ok=True)
        db = connect(path)
        db.executescript("PRAGMA journal_mode = WAL;" + _SCHEMA)
        rows = [("format", _FORMAT.encode()), *meta.items()]
        db.executemany("INSERT INTO meta VALUES (?, ?)", rows)
        db.close()
        return cls(path)

    # Writing -------------------------------------------------------------------------------------------------------

    def put(self, key: bytes, block: int, value: bytes | None) -> None:
        """Stamp a key's value with a block; None removes the key from that block on."""
        self._run("INSERT OR REPLACE INTO storage VALUES (?, ?, ?)", (key, block, value))

    def add_block(self, header: Header, events: bytes | None) -> None:
        """Seal a block: from now on its rows are visible."""
        self._run("INSERT INTO blocks VALUES (?, ?, ?)", (header.number, header.hash, header.time_ms))
        if events is not None:
            self._run("INSERT INTO events VALUES (?, ?)", (header.number, events))

    def add_idle(self, headers: Sequence[Header]) -> None:
        """Seal blocks in which nothing happened."""
        rows = [(header.number, header.hash, header.time_ms) for header in headers]
        self._run_many("INSERT INTO blocks VALUES (?, ?, ?)", rows)

    def drop_after(self, block: int) -> None:
        """Forget every block above one, with all that is stamped with them or waits for the next."""
        self._run("DELETE FROM blocks WHERE number > ?", (block,))
        for table in ("storage", "events", "extrinsics"):
            self._run(f"DELETE FROM {table} WHERE block > ?", (block,))

    def add_extrinsic(self, block: int, position: int, pooled: Pooled) -> None:
        """Record an extrinsic as included."""
        row = (block, position, pooled.hash, pooled.data)
        self._run("INSERT INTO extrinsics VALUES (?, ?, ?, ?)", row)

    def add_pooled(self, pooled: Pooled) -> None:
        """Put an extrinsic into the pool; the same one twice is one."""
        row = (pooled.hash, pooled.signer, pooled.data)
        self._run("INSERT OR IGNORE INTO pool (hash, signer, data) VALUES (?, ?, ?)", row)

    def clear_pool(self) -> None:
        """Empty the pool: its extrinsics are in the block being sealed, or dropped."""
        self._run("DELETE FROM pool")

    def add_pulse(self, round_: int, signature: bytes) -> None:
        """Remember a computed beacon signature; the same round always has the same one."""
        self._run("INSERT OR IGNORE INTO pulses VALUES (?, ?)", (round_, signature))

    def set_meta(self, name: str, value: bytes) -> None:
        """Set a named parameter of the file."""
        self._run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    # Reading -------------------------------------------------------------------------------------------------------

    def meta(self, name: str) -> bytes:
        """A named parameter. Raises KeyError."""
        found = self.find_meta(name)
        if found is None:
            raise KeyError(name)
        return found

    def find_meta(self, name: str) -> bytes | None:
        """A named parameter; None where it was never set."""
        row = self._row("SELECT value FROM meta WHERE name = ?", name)
        return None if row is None else bytes(row[0])

    def head(self) -> Header:
        """The newest sealed block."""
        row = self._row("SELECT number, hash, time_ms FROM blocks ORDER BY number DESC LIMIT 1")
        if row is None:
            raise ChainFileError(
                f"{self.path} holds no genesis block: name another, or make one with `crucible localnet up`"
            )
        return Header(*row)

    def block(self, number: int) -> Header | None:
        """A sealed block by number."""
        row = self._row("SELECT number, hash, time_ms FROM blocks WHERE number = ?", number)
        return Header(*row) if row else None

    def block_by_hash(self, hash_: bytes) -> Header | None:
        """A sealed block by hash."""
        row = self._row("SELECT number, hash, time_ms FROM blocks WHERE hash = ?", hash_)
        return Header(*row) if row else None

    def get(self, key: bytes, block: int) -> bytes | None:
        """A key's value after a block; None while it has none."""
        query = "SELECT value FROM storage WHERE key = ? AND block <= ? ORDER BY block DESC LIMIT 1"
        row = self._row(query, key, block)
        return None if row is None else row[0]

    def range(self, prefix: bytes, block: int) -> list[tuple[bytes, bytes]]:
        """Every key under a prefix that has a value after a block, in key order."""
        # With max() SQLite takes the bare column `value` from the row that holds the maximum.
        query = "SELECT key, value, max(block) FROM storage WHERE key >= ? AND key < ? AND block <= ? GROUP BY key"
        rows = self._rows(query, prefix, _after(prefix), block)
        return [(key, value) for key, value, _ in rows if value is not None]

    def events(self, block: int) -> bytes | None:
        """The encoded events of a block; None where there were none."""
        row = self._row("SELECT records FROM events WHERE block = ?", block)
        return None if row is None else row[0]

    def extrinsics(self, block: int) -> list[bytes]:
        """The extrinsics of a block, in order."""
        return [row[0] for row in self._rows("SELECT data FROM extrinsics WHERE block = ? ORDER BY position", block)]

    def extrinsics_after(self, block: int) -> list[bytes]:
        """The extrinsics of all blocks above one, in order."""
        query = "SELECT data FROM extrinsics WHERE block > ? ORDER BY block, position"
        return [row[0] for row in self._rows(query, block)]

    def find_extrinsic(self, hash_: bytes) -> tuple[int, int] | None:
        """Block and position of an included extrinsic."""
        row = self._row("SELECT block, position FROM extrinsics WHERE hash = ? ORDER BY block DESC LIMIT 1", hash_)
        return (row[0], row[1]) if row else None

    def pool(self) -> list[Pooled]:
        """The waiting extrinsics, oldest first."""
        return [Pooled(*row) for row in self._rows("SELECT hash, signer, data FROM pool ORDER BY id")]

    def pulse(self, round_: int) -> bytes | None:
        """A beacon signature computed before."""
        row = self._row("SELECT signature FROM pulses WHERE round = ?", round_)
        return None if row is None else row[0]

    def _format(self) -> str:
        try:
            return self.meta("format").decode()
        except (ChainFileError, KeyError):
            return ""


def _after(prefix: bytes) -> bytes:
    """The smallest key that is above every key with this prefix."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes([trimmed[-1] + 1])
