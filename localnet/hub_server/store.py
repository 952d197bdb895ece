"""Everything the local Hub keeps, below one folder. It knows no HTTP, and who may do what is decided above it."""

from pathlib import Path

from hub.archive import Archive
from localnet.hub_server.accounts import Accounts


class HubStore:
    """Users and repositories on disk. Several processes may open one folder; changes are seen by all at once."""

    def __init__(self, root: Path) -> None:
        self.accounts = Accounts(root / "accounts.sqlite")
        self.archive = Archive(root)

    def add_user(self, name: str) -> str:
        """Add a user, or give an existing one a further token; returns the token. Raises InvalidUserName."""
        return self.accounts.add(name)
