"""Which names a Hub accepts for repositories, files and revisions. Pure text rules; they know no Hub.

They are those the Hub documents for its clients: a namespace and a name of 1 to 96 letters, digits, `-`, `_` or `.`,
beginning and ending with a letter, digit or `_`, without `--` or `..`.
"""

import re

from hub.port import InvalidName

_PART = re.compile(r"\w(?:[\w.-]{0,94}\w)?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
_MAX_PATH_CHARS = 1024

RESERVED_FOLDERS = frozenset({".git", ".cache"})
"""Folders of a working copy that are never uploaded: version control, and the Hub client's own notes."""


def valid_part(text: str) -> bool:
    """Whether this can be a user's or a repository's name (one side of the slash)."""
    return _PART.fullmatch(text) is not None and "--" not in text and ".." not in text and not text.endswith(".git")


def split_repo(repo: str) -> tuple[str, str]:
    """Return (namespace, name) of `namespace/name`. Raises InvalidName."""
    namespace, slash, name = repo.partition("/")
    if not slash or not valid_part(namespace) or not valid_part(name):
        raise InvalidName(
            f"{repo!r} is not a repository name; write namespace/name, each of 1 to 96 letters, digits, '-', '_' or '.'"
        )
    return namespace, name


def check_path(path: str) -> str:
    """Return `path` when it is a clean relative POSIX path of a file in a repository. Raises InvalidName."""
    parts = path.split("/")
    unclean = any(part in ("", ".", "..") or part in RESERVED_FOLDERS for part in parts)
    if unclean or _CONTROL.search(path) or len(path) > _MAX_PATH_CHARS:
        raise InvalidName(
            f"{path[:80]!r} is not a path inside a repository; use a relative path with '/' and without "
            f"'..', '.git' or '.cache', of at most {_MAX_PATH_CHARS} characters"
        )
    return path


def is_commit(revision: str) -> bool:
    """Whether `revision` is a full commit id: 40 lower-case hex digits."""
    return _COMMIT.fullmatch(revision) is not None


def check_commit(revision: str) -> str:
    """Return `revision` when it pins a commit (40 hex digits). Raises InvalidName for branches and short ids."""
    if not is_commit(revision):
        raise InvalidName(
            f"revision {revision[:80]!r} pins nothing; pass a commit id of 40 hex digits, as describe() returns it"
        )
    return revision
