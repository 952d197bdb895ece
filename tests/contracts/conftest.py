"""The Hubs that the contract is asked of."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.folder import FolderHub
from hub.huggingface import HuggingFaceHub
from hub.port import Hub
from localnet.hub_server.server import serving
from localnet.hub_server.store import HubStore

_count = itertools.count()


@pytest.fixture
def repo() -> str:
    """A repository name nobody has used yet."""
    return f"alice/model-{next(_count)}"


@pytest.fixture(scope="session")
def local_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str | None], Hub]]:
    """A local Hub server, and the real client to it as a user."""
    root = tmp_path_factory.mktemp("hub")
    store = HubStore(root)
    tokens = {name: store.add_user(name) for name in ("alice", "bob")}
    with serving(root) as endpoint:
        yield lambda user: HuggingFaceHub(endpoint, None if user is None else tokens[user])


@pytest.fixture(params=["folder", "huggingface"])
def open_hub(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str | None], Hub]:
    """Opens the Hub as a user, or as a visitor for None."""
    if request.param == "folder":
        return lambda user: FolderHub(tmp_path / "hub", user)
    served: Callable[[str | None], Hub] = request.getfixturevalue("local_hub")
    return served
