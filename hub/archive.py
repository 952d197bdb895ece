"""Repositories, their revisions and files, kept in a folder: SQLite for what they hold, blobs for the bytes.

A file row says from which revision until which it was there, so a history costs what changed. The archive does not
know users' rights, nor who asks.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection, Row

from hub.blobs import Blobs
from hub.checksums import git_blob_sha1
from hub.database import Database
from hub.gates import SCHEMA as GATES_SCHEMA
from hub.gates import Gates
from hub.large_files import ATTRIBUTES, ATTRIBUTES_PATH, is_large, pointer_sha1
from hub.names import check_path
from hub.port import RepoKind
from hub.repository import Entry, Removal, Repository, Revision, StaleParent, applied, revision_id

_SCHEMA = """
create table if not exists repository (
    id integer primary key, kind text not null, name text not null, private integer not null, created text not null,
    unique (kind, name));
create table if not exists revision (
    repository integer not null references repository (id) on delete cascade, number integer not null,
    oid text not null, title text not null, author text not null, made text not null,
    primary key (repository, number), unique (repository, oid));
create table if not exists file (
    repository integer not null references repository (id) on delete cascade, path text not null,
    since integer not null, until integer, size integer not null, sha256 text not null, git_sha1 text not null,
    large integer not null, primary key (repository, path, since))
"""


class Archive:
    """All repositories below one folder; several threads and processes may use it at once."""

    def __init__(self, root: Path) -> None:
        self.blobs = Blobs(root / "blobs")
        self._database = Database(root / "repositories.sqlite", f"{_SCHEMA};{GATES_SCHEMA}")
        self.gates = Gates(self._database)

    def create(self, repo: str, kind: RepoKind, *, private: bool, author: str) -> bool:
        """Make a repository with a first commit holding `.gitattributes`; False when there is one already."""
        attributes = self.store(ATTRIBUTES_PATH, ATTRIBUTES)
        with self._database.writing() as db:
            row = db.execute(
                "insert into repository (kind, name, private, created) values (?, ?, ?, ?) on conflict do nothing "
                "returning *",
                (kind, repo, private, _now()),
            ).fetchone()
            if row is not None:
                _append(db, _repository(row), None, [attributes], "initial commit", author)
            return row is not None

    def delete(self, repository: Repository) -> None:
        """Forget a repository and its history. Blobs stay: others may hold the same bytes."""
        with self._database.writing() as db:
            db.execute("delete from repository where id = ?", (repository.id,))

    def find(self, repo: str, kind: RepoKind) -> Repository | None:
        """Return the repository, whoever may read it."""
        with self._database.reading() as db:
            row = db.execute("select * from repository where kind = ? and name = ?", (kind, repo)).fetchone()
        return None if row is None else _repository(row)

    def repositories(self, owner: str | None = None) -> list[Repository]:
        """Return all repositories, or those in one user's namespace, by name."""
        with self._database.reading() as db:
            found = [_repository(row) for row in db.execute("select * from repository order by name, kind")]
        return [repository for repository in found if owner in (None, repository.owner)]

    def contents(self, repository: Repository) -> dict[str, int]:
        """Return the bytes of every blob that any of its revisions holds, by sha256."""
        with self._database.reading() as db:
            rows = db.execute("select distinct sha256, size from file where repository = ?", (repository.id,))
            return dict(rows.fetchall())

    def set_private(self, repository: Repository, private: bool) -> None:
        """Set whether only the owner may read it."""
        with self._database.writing() as db:
            db.execute("update repository set private = ? where id = ?", (private, repository.id))

    def revision(self, repository: Repository, name: str | None = None) -> Revision | None:
        """Return a revision by its id, or the newest for None and `main`."""
        with self._database.reading() as db:
            if name in (None, "main", "refs/heads/main", "HEAD"):
                return _head(db, repository)
            return _one(db, "select * from revision where repository = ? and oid = ?", repository.id, name)

    def history(self, repository: Repository, revision: Revision) -> list[Revision]:
        """Return the revisions up to this one, newest first."""
        with self._database.reading() as db:
            rows = db.execute(
                "select * from revision where repository = ? and number <= ? order by number desc",
                (repository.id, revision.number),
            ).fetchall()
        return [_revision(row) for row in rows]

    def entries(self, repository: Repository, revision: Revision) -> dict[str, Entry]:
        """Return the files of a revision by path, sorted."""
        with self._database.reading() as db:
            return _entries(db, repository, revision)

    def store(self, path: str, content: bytes) -> Entry:
        """Store content and return its entry, not yet committed. Raises InvalidName."""
        return self.entry(path, self.blobs.add(content))

    def entry(self, path: str, sha256: str) -> Entry:
        """Return the entry that a stored blob makes at `path`, not yet committed. Raises InvalidName."""
        blob = self.blobs.path(sha256)
        size = blob.stat().st_size
        large = is_large(check_path(path), size)
        git_sha1 = pointer_sha1(sha256, size) if large else git_blob_sha1(blob.read_bytes())
        return Entry(path, size, sha256, git_sha1, large)

    def commit(
        self,
        repository: Repository,
        changes: Sequence[Entry | Removal],
        *,
        title: str,
        author: str,
        parent: str | None = None,
    ) -> str:
        """Apply the changes in order as one revision and return its id; no revision is made when nothing changes.

        Raises StaleParent when `parent` is given and is not the newest revision or when the repository is gone,
        MissingFile and InvalidName."""
        with self._database.writing() as db:
            head = _head(db, repository)
            if head is None:
                raise StaleParent(f"{repository.repo} was deleted meanwhile; create it again")
            if parent not in (None, head.oid):
                raise StaleParent(f"{repository.repo} is at {head.oid}, not at {parent}; commit on its newest revision")
            return _append(db, repository, head, changes, title, author)


def _append(
    db: Connection,
    repository: Repository,
    head: Revision | None,
    changes: Sequence[Entry | Removal],
    title: str,
    author: str,
) -> str:
    before = {} if head is None else _entries(db, repository, head)
    after = applied(before, changes)
    if head is not None and after == before:
        return head.oid
    number, parent = (0, None) if head is None else (head.number + 1, head.oid)
    oid = revision_id(repository, parent, title, author, after.values())
    db.execute("insert into revision values (?, ?, ?, ?, ?, ?)", (repository.id, number, oid, title, author, _now()))
    for path in [path for path, entry in before.items() if after.get(path) != entry]:
        db.execute(
            "update file set until = ? where repository = ? and path = ? and until is null",
            (number, repository.id, path),
        )
    for entry in [entry for path, entry in after.items() if before.get(path) != entry]:
        db.execute(
            "insert into file values (?, ?, ?, null, ?, ?, ?, ?)",
            (repository.id, entry.path, number, entry.size, entry.sha256, entry.git_sha1, entry.large),
        )
    return oid


def _entries(db: Connection, repository: Repository, revision: Revision) -> dict[str, Entry]:
    rows = db.execute(
        "select path, size, sha256, git_sha1, large from file "
        "where repository = ? and since <= ? and (until is null or until > ?) order by path",
        (repository.id, revision.number, revision.number),
    )
    return {path: Entry(path, size, sha256, git_sha1, bool(large)) for path, size, sha256, git_sha1, large in rows}


def _head(db: Connection, repository: Repository) -> Revision | None:
    return _one(db, "select * from revision where repository = ? order by number desc limit 1", repository.id)


def _one(db: Connection, query: str, *values: object) -> Revision | None:
    row = db.execute(query, values).fetchone()
    return None if row is None else _revision(row)


def _revision(row: Row) -> Revision:
    return Revision(row["oid"], row["number"], row["title"], row["author"], datetime.fromisoformat(row["made"]))


def _repository(row: Row) -> Repository:
    created = datetime.fromisoformat(row["created"])
    return Repository(row["id"], row["name"], row["kind"], bool(row["private"]), created)


def _now() -> str:
    return datetime.now(UTC).isoformat()
