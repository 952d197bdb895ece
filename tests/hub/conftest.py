"""A local Hub that answers for the whole test run, with two users."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from localnet.hub_server.server import serving
from localnet.hub_server.store import HubStore


@dataclass(frozen=True, slots=True)
class LocalHub:
    """Where the Hub answers, where it keeps its files, and its users' tokens."""

    endpoint: str
    root: Path
    store: HubStore
    alice: str
    bob: str


@pytest.fixture(scope="session")
def local_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """A running local Hub."""
    root = tmp_path_factory.mktemp("hub")
    store = HubStore(root)
    with serving(root) as endpoint:
        yield LocalHub(endpoint, root, store, store.add_user("alice"), store.add_user("bob"))
