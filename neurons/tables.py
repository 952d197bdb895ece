"""Where a validator or miner gets its table: a file of the operator's, or one of those that the project ships."""

from importlib.resources import files
from pathlib import Path

from competitions.spec import Table
from competitions.table import parse
from competitions.toml_records import TableError

SHIPPED = files("competitions") / "tables"


def load(name: str | None) -> Table:
    """The table of a shipped name (such as `localnet`) or of a TOML file's path; None has none. Raises TableError."""
    return parse(read(name))


def read(name: str | None) -> str:
    """The text behind a table's name or path. Raises TableError where there is none."""
    if not name:
        raise TableError(f"no table: name a TOML file, or a shipped one ({_known()}), by --table or CRUCIBLE_TABLE")
    if (SHIPPED / f"{name}.toml").is_file():
        return (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    path = Path(name).expanduser()
    if not path.is_file():
        raise TableError(f"no table {name!r}: give a TOML file's path, or one of the shipped tables ({_known()})")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"table {path} cannot be read: {error}") from error


def _known() -> str:
    return ", ".join(sorted(entry.name.removesuffix(".toml") for entry in SHIPPED.iterdir()))
