"""Users of the local Hub, their tokens, and which large files each of them has uploaded. It knows no repository.

Tokens are kept as hashes. Who uploaded what is kept because a commit names a large file by its checksum alone: whoever
merely knows the checksum of a private model must not get the model by committing it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path

from hub.database import Database
from hub.names import valid_part

_SCHEMA = """
create table if not exists token (hash text primary key, user text not null);
create table if not exists upload (user text not null, sha256 text not null, primary key (user, sha256));
create table if not exists quota (user text primary key, bytes integer not null);
create table if not exists secret (one integer primary key check (one = 1), value text not null)
"""

RESERVED_NAMES = frozenset({"api", "datasets", "lfs", "models", "spaces"})


class InvalidUserName(ValueError):
    """A user's name that cannot be a namespace."""


class Accounts:
    """The users' file; several processes may add users while the server runs."""

    def __init__(self, file: Path) -> None:
        self._database = Database(file, _SCHEMA)
        with self._database.writing() as db:
            db.execute("insert into secret values (1, ?) on conflict do nothing", (secrets.token_hex(32),))
            self._secret = bytes.fromhex(db.execute("select value from secret").fetchone()["value"])

    def add(self, name: str) -> str:
        """Add a user, or give an existing one a further token. Returns the token, which is stored nowhere."""
        if not valid_part(name) or name.lower() in RESERVED_NAMES:
            raise InvalidUserName(
                f"{name!r} cannot be a user of the local Hub; use 1 to 96 letters, digits, '-', '_' or '.', "
                f"and none of {', '.join(sorted(RESERVED_NAMES))}"
            )
        token = f"hf_{secrets.token_hex(20)}"
        with self._database.writing() as db:
            db.execute("insert into token values (?, ?)", (_hash(token), name))
        return token

    def user_of(self, token: str) -> str | None:
        """Return whose token this is."""
        with self._database.reading() as db:
            row = db.execute("select user from token where hash = ?", (_hash(token),)).fetchone()
        return None if row is None else str(row["user"])

    def users(self) -> list[str]:
        """Return everybody's name."""
        with self._database.reading() as db:
            return [row["user"] for row in db.execute("select distinct user from token order by user")]

    def has(self, user: str) -> bool:
        """Whether somebody has this name."""
        return user in self.users()

    def set_quota(self, user: str, limit: int | None) -> None:
        """Set how many bytes the user may keep; None sets no limit."""
        with self._database.writing() as db:
            db.execute("delete from quota where user = ?", (user,))
            if limit is not None:
                db.execute("insert into quota values (?, ?)", (user, limit))

    def quota(self, user: str) -> int | None:
        """Return how many bytes the user may keep; None without a limit."""
        with self._database.reading() as db:
            row = db.execute("select bytes from quota where user = ?", (user,)).fetchone()
        return None if row is None else int(row["bytes"])

    def note_upload(self, user: str, sha256: str) -> None:
        """Remember that the user has sent these bytes."""
        with self._database.writing() as db:
            db.execute("insert into upload values (?, ?) on conflict do nothing", (user, sha256))

    def has_uploaded(self, user: str, sha256: str) -> bool:
        """Whether the user has sent these bytes."""
        with self._database.reading() as db:
            query = "select 1 from upload where user = ? and sha256 = ?"
            return db.execute(query, (user, sha256)).fetchone() is not None

    def uploads(self, user: str) -> set[str]:
        """Return the sha256 of everything the user has sent."""
        with self._database.reading() as db:
            return {row["sha256"] for row in db.execute("select sha256 from upload where user = ?", (user,))}

    def forget_uploads(self, user: str, gone: Iterable[str]) -> None:
        """The user must send these bytes again before committing them."""
        with self._database.writing() as db:
            db.executemany("delete from upload where user = ? and sha256 = ?", [(user, sha256) for sha256 in gone])

    def sign(self, text: str) -> str:
        """Return a signature by which the server recognises its own words."""
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def signed(self, text: str, signature: str) -> bool:
        """Whether `sign(text)` gave this signature."""
        return hmac.compare_digest(self.sign(text), signature)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
