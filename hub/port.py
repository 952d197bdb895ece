"""The door to a model Hub as the rest of the house sees it: repositories, pinned revisions, files, and what can go
wrong. It does not know which Hub answers, nor what any file means.

    HubError
    ├── HubUnreachable    no connection, a time-out, or an answer 5xx: ours or the Hub's fault, try again
    ├── RateLimited       the Hub asks for patience; `retry_after_s` says for how long
    ├── NotFound          no such repository, revision or file for this reader (private ones look like missing ones)
    ├── Denied            no token, a bad one, or one without the right
    ├── TooLarge          a file is longer than the caller allowed
    ├── CorruptDownload   the bytes that came are not the bytes the revision names
    └── InvalidName       a repository, revision or path that no Hub would accept
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

RepoKind = Literal["model", "dataset"]


@dataclass(frozen=True, slots=True)
class RepoFile:
    """One file of a revision: POSIX path inside the repository, bytes, and hex sha256 (None unless kept by LFS)."""

    path: str
    size: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class RepoInfo:
    """A repository at one revision (40 hex digits), with its files sorted by path.

    What is gated can be described by all, and read by its owner and by those who were granted access."""

    repo: str
    kind: RepoKind
    revision: str
    private: bool
    files: tuple[RepoFile, ...]
    gated: bool = False


class HubError(Exception):
    """Anything a Hub could not do; every message gives the fact, the value and the remedy, and never a token."""


class HubUnreachable(HubError):
    """The Hub did not answer, or answered that it is broken (5xx); `retry_after_s` is what it asked to wait, if it
    did."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RateLimited(HubError):
    """The Hub refused for now; wait `retry_after_s` seconds before the next request."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotFound(HubError):
    """No such repository, revision or file for this reader; a private repository of another looks the same."""


class Denied(HubError):
    """The action needs a token, or a token with more rights."""


class TooLarge(HubError):
    """A file is longer than the caller allowed; nothing of it was kept."""


class CorruptDownload(HubError):
    """The bytes received differ in length or checksum from what the revision names; nothing of them was kept."""


class InvalidName(HubError):
    """A repository name, revision or path that no Hub accepts; refused before any request is made."""


class Hub(Protocol):
    """One user's view of a Hub. `repo` is always `namespace/name`; every method may raise HubUnreachable,
    RateLimited and InvalidName besides the errors it names. `fetch`, `read` and `read_range` take a commit id only (40
    hex digits), as `describe` and the uploads return it: a branch pins nothing."""

    def whoami(self) -> str:
        """Return the user's name. Raises Denied without a valid token."""

    def create(self, repo: str, kind: RepoKind, *, private: bool) -> None:
        """Make the repository; an existing one of one's own is left as it is. Raises Denied for another's namespace."""

    def upload_folder(self, repo: str, kind: RepoKind, folder: Path, *, message: str, to: str = "") -> str:
        """Commit every file below `folder` under the path `to` in one go and return the commit id (40 hex digits).

        Files of the repository that the folder does not hold stay. Raises NotFound and Denied."""

    def upload_files(
        self, repo: str, kind: RepoKind, files: Mapping[str, bytes], *, message: str, remove: Sequence[str] = ()
    ) -> str:
        """Commit these files (path → content), and the removal of others, in one go and return the commit id.

        Older revisions keep what is removed. Raises Denied, and NotFound for what cannot be removed too."""

    def describe(self, repo: str, kind: RepoKind, revision: str | None = None) -> RepoInfo:
        """Return what a revision (default: the newest) holds, without downloading it. Raises NotFound."""

    def fetch(
        self,
        repo: str,
        kind: RepoKind,
        revision: str,
        paths: Sequence[str],
        into: Path,
        *,
        max_bytes: int | None = None,
    ) -> None:
        """Download exactly these files of a revision to `into`/<path> as plain files, sizes and checksums verified.

        Files arrive whole or not at all. Raises NotFound, TooLarge before the first byte where all of them together
        have more than `max_bytes`, and CorruptDownload."""

    def read(self, repo: str, kind: RepoKind, revision: str, path: str, *, max_bytes: int) -> bytes:
        """Return one file's verified content. Raises NotFound, TooLarge beyond `max_bytes`, and CorruptDownload."""

    def read_range(self, repo: str, kind: RepoKind, revision: str, path: str, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes [start, stop) of one file as they come; nothing else of it travels, and closing ends it.

        Only their number is verified: a Hub names whole files by checksums, not parts. Nothing is asked, and nothing
        raised, before the first step. Raises NotFound, and CorruptDownload where the file ends before `stop`."""

    def set_visibility(self, repo: str, kind: RepoKind, *, private: bool) -> None:
        """Make the repository private or public. Raises NotFound and Denied."""

    def set_gated(self, repo: str, kind: RepoKind, *, gated: bool) -> None:
        """Let only those read the files who are granted access, or everybody again. Raises NotFound and Denied."""

    def grant(self, repo: str, kind: RepoKind, user: str) -> None:
        """Let a user read the files of a gated repository; granting twice is granting. Raises NotFound and Denied."""
