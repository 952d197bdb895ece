"""A Hub in a folder: the same contract as the real one, for tests and for work without a network.

Several FolderHubs on one folder are several users of one Hub; a private repository answers only to the user whose
namespace it is in. It speaks no HTTP and knows no tokens.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hub.archive import Archive
from hub.arrival import arriving
from hub.blobs import chunks_of, part_of
from hub.checksums import check_range, check_total, complete, verified
from hub.names import check_commit, check_path, split_repo
from hub.port import Denied, HubError, NotFound, RepoInfo, RepoKind, TooLarge
from hub.repository import Entry, MissingFile, Removal, Repository, Revision
from hub.upload import files_below


class FolderHub:
    """What `user` sees of the Hub below `root`; None is a visitor who has not signed in."""

    def __init__(self, root: Path, user: str | None) -> None:
        self._archive = Archive(root)
        self._user = user

    def whoami(self) -> str:
        """See Hub.whoami."""
        if self._user is None:
            raise Denied("nobody is signed in at this folder Hub; open it with a user's name")
        return self._user

    def create(self, repo: str, kind: RepoKind, *, private: bool) -> None:
        """See Hub.create."""
        owner, _ = split_repo(repo)
        if owner != self.whoami():
            raise Denied(f"{self._user!r} may not create {kind} {repo!r}; use one's own namespace")
        self._archive.create(repo, kind, private=private, author=owner)

    def upload_folder(self, repo: str, kind: RepoKind, folder: Path, *, message: str, to: str = "") -> str:
        """See Hub.upload_folder."""
        repository = self._writable(repo, kind)
        blobs = self._archive.blobs
        entries = [self._archive.entry(path, blobs.add_file(file)) for path, file in files_below(folder, to).items()]
        return self._archive.commit(repository, entries, title=message, author=self.whoami())

    def upload_files(
        self, repo: str, kind: RepoKind, files: Mapping[str, bytes], *, message: str, remove: Sequence[str] = ()
    ) -> str:
        """See Hub.upload_files."""
        repository = self._writable(repo, kind)
        entries = [self._archive.store(check_path(path), content) for path, content in files.items()]
        removals = [Removal(check_path(path)) for path in remove]
        try:
            return self._archive.commit(repository, [*entries, *removals], title=message, author=self.whoami())
        except MissingFile as error:
            raise NotFound(f"{kind} {repo!r} cannot lose what it does not hold: {error}") from error

    def describe(self, repo: str, kind: RepoKind, revision: str | None = None) -> RepoInfo:
        """See Hub.describe."""
        repository = self._readable(repo, kind)
        found = self._revision(repository, revision)
        files = tuple(entry.listed() for entry in self._archive.entries(repository, found).values())
        gated = self._archive.gates.mode(repository) is not None
        return RepoInfo(repo, kind, found.oid, repository.private, files, gated)

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
        """See Hub.fetch."""
        entries = self._pinned(repo, kind, revision, paths)
        check_total([entry.fingerprint() for entry in entries], max_bytes, repo)
        with arriving(into) as arrival:
            for entry in entries:
                content = chunks_of(self._archive.blobs.path(entry.sha256))
                arrival.write(entry.path, verified(content, entry.fingerprint()))

    def read(self, repo: str, kind: RepoKind, revision: str, path: str, *, max_bytes: int) -> bytes:
        """See Hub.read."""
        (entry,) = self._pinned(repo, kind, revision, [path])
        if entry.size > max_bytes:
            raise TooLarge(f"{path!r} of {repo!r} has {entry.size} bytes, over the {max_bytes} allowed here")
        return b"".join(verified(chunks_of(self._archive.blobs.path(entry.sha256)), entry.fingerprint()))

    def read_range(self, repo: str, kind: RepoKind, revision: str, path: str, start: int, stop: int) -> Iterator[bytes]:
        """See Hub.read_range."""
        check_range(start, stop)
        (entry,) = self._pinned(repo, kind, revision, [path])
        yield from complete(part_of(self._archive.blobs.path(entry.sha256), start, stop), path, stop - start)

    def set_visibility(self, repo: str, kind: RepoKind, *, private: bool) -> None:
        """See Hub.set_visibility."""
        self._archive.set_private(self._writable(repo, kind), private)

    def set_gated(self, repo: str, kind: RepoKind, *, gated: bool) -> None:
        """See Hub.set_gated."""
        self._archive.gates.set(self._writable(repo, kind), "manual" if gated else None)

    def grant(self, repo: str, kind: RepoKind, user: str) -> None:
        """See Hub.grant. A folder Hub has no list of users, so any name will do."""
        repository = self._writable(repo, kind)
        if self._archive.gates.mode(repository) is None:
            raise HubError(f"{kind} {repo!r} is not gated, so there is nothing to grant; gate it first")
        self._archive.gates.decide(repository, user, "accepted")

    def _readable(self, repo: str, kind: RepoKind) -> Repository:
        owner, _ = split_repo(repo)
        repository = self._archive.find(repo, kind)
        if repository is None or (repository.private and owner != self._user):
            raise NotFound(
                f"{kind} {repo!r} is not there for {self._user or 'a visitor'}; check its name and visibility"
            )
        return repository

    def _writable(self, repo: str, kind: RepoKind) -> Repository:
        self.whoami()
        repository = self._readable(repo, kind)
        if repository.owner != self._user:
            raise Denied(f"{self._user!r} may not change {kind} {repo!r}; only {repository.owner!r} may")
        return repository

    def _revision(self, repository: Repository, name: str | None) -> Revision:
        found = self._archive.revision(repository, name)
        if found is None:
            raise NotFound(
                f"{repository.kind} {repository.repo!r} has no revision {name!r}; describe it to see its newest"
            )
        return found

    def _pinned(self, repo: str, kind: RepoKind, revision: str, paths: Sequence[str]) -> list[Entry]:
        wanted = [check_path(path) for path in dict.fromkeys(paths)]
        check_commit(revision)
        repository = self._readable(repo, kind)
        if not self._archive.gates.admits(repository, self._user):
            raise NotFound(f"{kind} {repo!r} is gated, and {self._user or 'a visitor'} was not let in; ask its owner")
        entries = self._archive.entries(repository, self._revision(repository, revision))
        missing = [path for path in wanted if path not in entries]
        if missing:
            raise NotFound(f"{kind} {repo!r} holds no {missing[0]!r} at {revision}; describe it to see its files")
        return [entries[path] for path in wanted]
