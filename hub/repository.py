"""What a repository is and how a commit changes it: records and pure functions, without disk or network."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from hub.checksums import Fingerprint
from hub.names import split_repo
from hub.port import InvalidName, RepoFile, RepoKind


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a revision. `git_sha1` is git's id of the content, or of the pointer when the file is large."""

    path: str
    size: int
    sha256: str
    git_sha1: str
    large: bool

    def listed(self) -> RepoFile:
        """Return it as the Hub port lists it."""
        return RepoFile(self.path, self.size, self.sha256 if self.large else None)

    def fingerprint(self) -> Fingerprint:
        """Return what its bytes must be."""
        return Fingerprint(self.path, self.size, self.sha256, self.git_sha1)


@dataclass(frozen=True, slots=True)
class Removal:
    """Takes away the file at `path`, or with `folder` every file below it."""

    path: str
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as it was found; `repo` is `namespace/name`."""

    id: int
    repo: str
    kind: RepoKind
    private: bool
    created: datetime

    @property
    def owner(self) -> str:
        """The user whose namespace it is in."""
        return split_repo(self.repo)[0]


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of a repository: 40-hex `oid`, place in its history from 0, and who made it when."""

    oid: str
    number: int
    title: str
    author: str
    made: datetime


class MissingFile(Exception):
    """A removal names a file that the repository does not hold."""


class StaleParent(Exception):
    """The repository has moved on from the revision a commit was made against."""


def applied(before: Mapping[str, Entry], changes: Iterable[Entry | Removal]) -> dict[str, Entry]:
    """Return the files by path after the changes, made in order. Raises MissingFile, and InvalidName for a path that
    would be a file and a folder at once."""
    after = dict(before)
    for change in changes:
        if isinstance(change, Entry):
            after[change.path] = change
        else:
            _remove(after, change)
    for path in after:
        clash = next((str(parent) for parent in PurePosixPath(path).parents if str(parent) in after), None)
        if clash is not None:
            raise InvalidName(f"{clash!r} would be a file and the folder of {path!r}; rename one of them")
    return after


def revision_id(repository: Repository, parent: str | None, title: str, author: str, files: Iterable[Entry]) -> str:
    """Return the id (40 hex digits) of the revision that holds these files: sha1 of everything that defines it."""
    content = sorted((entry.path, entry.sha256) for entry in files)
    text = json.dumps([repository.kind, repository.repo, parent, title, author, content])
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _remove(files: dict[str, Entry], removal: Removal) -> None:
    if removal.folder:
        doomed = [path for path in files if path.startswith(removal.path.rstrip("/") + "/")]
    else:
        doomed = [removal.path] if removal.path in files else []
    if not doomed:
        raise MissingFile(f"A file with this name doesn't exist: {removal.path!r}")
    for path in doomed:
        del files[path]
