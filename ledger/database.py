"""Opening the ledger and its transactions: short, immediate when they write, safe between threads and processes.

Knows no table by name; the schema's history is in `ledger.migrations`.

LedgerError
├── LedgerUnavailable   it cannot be opened, read or written: no file, no rights, locked too long, disk full
├── LedgerNewer         a newer version of this software made it
├── LedgerConflict      a write contradicts what is recorded
└── NoSuchRecord        an id that the ledger does not have
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for another one; transactions last milliseconds."""

_MIGRATIONS = Path(__file__).parent / "migrations"


class LedgerError(Exception):
    """Root of what the ledger can raise."""


class LedgerUnavailable(LedgerError):
    """The ledger cannot be opened, read or written."""


class LedgerNewer(LedgerError):
    """A newer version of this software made the ledger."""


class LedgerConflict(LedgerError):
    """A write contradicts a recorded fact."""


class NoSuchRecord(LedgerError):
    """An id that the ledger does not have."""


class Ledger:
    """An open ledger. Every transaction sees one consistent state; a failed one leaves nothing behind."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        """Where it is, for messages: a path, or a URL without its password."""
        self._engine = engine
        self._writer = engine.execution_options(immediate=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees the ledger as it is now. Raises LedgerUnavailable."""
        with self._translated(), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that waits for its turn to write, then holds it. Raises LedgerUnavailable, LedgerConflict."""
        with self._translated(), Session(self._writer) as session, session.begin():
            yield session

    def close(self) -> None:
        """Give back every connection; the ledger may be opened again."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            raise LedgerConflict(f"{error.orig}: a record is missing or already has another value") from error
        except ProgrammingError:
            raise
        except (DBAPIError, PoolTimeout) as error:
            raise _unavailable(self.name, error) from error


def open_ledger(url_or_path: str | Path, *, read_only: bool = False) -> Ledger:
    """Open a ledger by path or SQLAlchemy URL, making it or upgrading it to this version's schema first.

    `read_only` neither makes, upgrades nor writes. Raises LedgerUnavailable, LedgerNewer.
    """
    url = _url(url_or_path)
    ledger = Ledger(_engine(url, read_only=read_only), _name(url))
    try:
        with ledger._translated():
            _bring_to_head(ledger._writer, ledger.name, read_only=read_only)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _url(url_or_path: str | Path) -> URL:
    if isinstance(url_or_path, Path) or "://" not in url_or_path:
        return URL.create("sqlite", database=str(Path(url_or_path).expanduser()))
    try:
        return make_url(url_or_path)
    except ArgumentError as error:
        raise LedgerUnavailable(f"not a database URL: {error}; give a path or sqlite:///PATH") from error


def _name(url: URL) -> str:
    file = url.database if url.get_backend_name() == "sqlite" else None
    return file or url.render_as_string(hide_password=True)


def _engine(url: URL, *, read_only: bool) -> Engine:
    if url.get_backend_name() != "sqlite":
        return _server_engine(url)
    path = Path(url.database or "")
    if read_only and not path.is_file():
        raise LedgerUnavailable(f"no ledger at {path}: start the validator that writes it, or name another one")
    if not read_only:
        _make_folder(path.parent)
    mode = "ro" if read_only else "rwc"
    file = f"file:{quote(str(path.absolute()))}"
    uri = URL.create("sqlite", database=file, query={"mode": mode, "uri": "true"})
    pool = NullPool if read_only else None  # a reader finds the file anew each time: it may have been replaced
    engine = create_engine(uri, connect_args={"timeout": BUSY_TIMEOUT_S}, poolclass=pool)
    event.listen(engine, "connect", _prepare_reader if read_only else _prepare_writer)
    event.listen(engine, "begin", _begin)
    return engine


def _server_engine(url: URL) -> Engine:
    try:
        return create_engine(url)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise LedgerUnavailable(
            f"no driver for {_name(url)} ({error}): install it, or give a path or sqlite:///PATH"
        ) from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerUnavailable(f"cannot make the ledger's folder {folder}: {error.strerror}") from error


def _prepare_reader(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver's own BEGINs come too late for a consistent read
    connection.execute("PRAGMA query_only = ON")


def _prepare_writer(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a row that says "sent" must survive a power cut
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _bring_to_head(engine: Engine, name: str, *, read_only: bool) -> None:
    """Check the schema's version and upgrade it in one transaction, so that of several openers one does it."""
    config, scripts = _config(), _scripts()
    if read_only:
        engine = engine.execution_options(immediate=False)
    with engine.begin() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current == scripts.get_current_head():
            return
        _check_origin(connection, current, {script.revision for script in scripts.walk_revisions()}, name)
        if read_only:
            raise LedgerUnavailable(
                f"{name} has schema {current}: start the validator once, which brings it up to date"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


@cache
def _scripts() -> ScriptDirectory:
    """The schema's history, read once in a process: a ledger is opened often, and its history never changes."""
    return ScriptDirectory.from_config(_config())


def _check_origin(connection: Connection, current: str | None, known: set[str], name: str) -> None:
    if current is None and inspect(connection).get_table_names():
        raise LedgerUnavailable(f"{name} is a database, but no ledger: name another file")
    if current is not None and current not in known:
        raise LedgerNewer(
            f"{name} has schema {current}, unknown to this version: update Crucible, or name another file"
        )


def _unavailable(name: str, error: DBAPIError | PoolTimeout) -> LedgerUnavailable:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return LedgerUnavailable(f"ledger {name}: {cause}; check its path, rights and free disk space")
