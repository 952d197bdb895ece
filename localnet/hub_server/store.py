"""Everything the local Hub keeps, below one folder. It knows no HTTP, and who may do what is decided above it."""

from pathlib import Path

from hub.archive import Archive
from hub.repository import Repository
from localnet.hub_server.accounts import Accounts
from localnet.hub_server.quota import Allowance


class HubStore:
    """Users and repositories on disk. Several processes may open one folder; changes are seen by all at once."""

    def __init__(self, root: Path) -> None:
        self.accounts = Accounts(root / "accounts.sqlite")
        self.archive = Archive(root)

    def add_user(self, name: str) -> str:
        """Add a user, or give an existing one a further token; returns the token. Raises InvalidUserName."""
        return self.accounts.add(name)

    def allowance(self, user: str) -> Allowance:
        """Return what the user may still add; what is kept is only counted where there is a limit."""
        limit = self.accounts.quota(user)
        return Allowance(limit, {} if limit is None else self.kept(user))

    def kept(self, user: str) -> dict[str, int]:
        """Return sha256 → bytes of every file that counts as the user's: sent, or in the user's repositories."""
        committed = self._committed(user)
        waiting = [sha256 for sha256 in self.accounts.uploads(user) if sha256 not in committed]
        return committed | {sha256: self.archive.blobs.path(sha256).stat().st_size for sha256 in waiting}

    def delete(self, repository: Repository) -> None:
        """Forget a repository; files of it that are in no other one of its owner's no longer count as sent."""
        before = self.archive.contents(repository)
        self.archive.delete(repository)
        self.accounts.forget_uploads(repository.owner, before.keys() - self._committed(repository.owner).keys())

    def _committed(self, user: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for repository in self.archive.repositories(user):
            found |= self.archive.contents(repository)
        return found
