"""Gates before repositories: everybody may know of a gated one and list it, only those let in may read its files.

A gate is "auto" (who asks is let in) or "manual" (the owner decides). It does not know who asks, nor how.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from hub.database import Database
from hub.repository import Repository

GateMode = Literal["auto", "manual"]
Answer = Literal["pending", "accepted", "rejected"]

MODES: tuple[GateMode, ...] = get_args(GateMode)
ANSWERS: tuple[Answer, ...] = get_args(Answer)

SCHEMA = """
create table if not exists gate (
    repository integer primary key references repository (id) on delete cascade, mode text not null);
create table if not exists access (
    repository integer not null references repository (id) on delete cascade, user text not null,
    answer text not null, made text not null, primary key (repository, user))
"""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What a user was answered at a gate, and when that was."""

    user: str
    answer: Answer
    made: datetime


class Gates:
    """The gates of all repositories of a database, and everybody's requests. Opening a gate keeps the answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mode(self, repository: Repository) -> GateMode | None:
        """Return how the repository is gated; None where it is not."""
        with self._database.reading() as db:
            row = db.execute("select mode from gate where repository = ?", (repository.id,)).fetchone()
        return None if row is None else row["mode"]

    def set(self, repository: Repository, mode: GateMode | None) -> None:
        """Gate the repository, or take its gate away."""
        with self._database.writing() as db:
            db.execute("delete from gate where repository = ?", (repository.id,))
            if mode is not None:
                db.execute("insert into gate values (?, ?)", (repository.id, mode))

    def admits(self, repository: Repository, user: str | None) -> bool:
        """Whether the user may read files: there is no gate, or it is the owner, or somebody who was let in."""
        if user == repository.owner or self.mode(repository) is None:
            return True
        return user is not None and self.answer(repository, user) == "accepted"

    def answer(self, repository: Repository, user: str) -> Answer | None:
        """Return what the user was answered; None where nothing was asked."""
        with self._database.reading() as db:
            query = "select answer from access where repository = ? and user = ?"
            row = db.execute(query, (repository.id, user)).fetchone()
        return None if row is None else row["answer"]

    def ask(self, repository: Repository, user: str) -> Answer:
        """Ask for access, and return the answer: at once at an automatic gate, pending at the other; one stays."""
        first: Answer = "accepted" if self.mode(repository) == "auto" else "pending"
        with self._database.writing() as db:
            query = "insert into access values (?, ?, ?, ?) on conflict do nothing"
            db.execute(query, (repository.id, user, first, _now()))
        return self.answer(repository, user) or first

    def decide(self, repository: Repository, user: str, answer: Answer) -> None:
        """Give a user this answer, asked or not; `pending` takes an access back."""
        with self._database.writing() as db:
            db.execute("insert or replace into access values (?, ?, ?, ?)", (repository.id, user, answer, _now()))

    def requests(self, repository: Repository, answer: Answer) -> list[AccessRequest]:
        """Return the users who have this answer, by name."""
        with self._database.reading() as db:
            query = "select user, answer, made from access where repository = ? and answer = ? order by user"
            rows = db.execute(query, (repository.id, answer)).fetchall()
        return [AccessRequest(row["user"], row["answer"], datetime.fromisoformat(row["made"])) for row in rows]


def _now() -> str:
    return datetime.now(UTC).isoformat()
