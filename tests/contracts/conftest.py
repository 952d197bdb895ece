"""The Hubs and the chains that the contracts are asked of."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chain.embedded.rpc.server import serving as serving_chain
from chain.networks import connect
from chain.signing import Wallet, create_wallet
from hub.folder import FolderHub
from hub.huggingface import HuggingFaceHub
from hub.port import Hub
from localnet.hub_server.server import serving
from localnet.hub_server.store import HubStore
from tests.contracts.chain_networks import Embedded, Network, Simulated, new_chain_file

ADAPTED = ("embedded", "served")
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


@pytest.fixture(scope="session")
def wallets(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Wallet]:
    """Wallets by name, each with a coldkey of its own."""
    path = tmp_path_factory.mktemp("wallets")
    return lambda name: create_wallet(name, "default", path)


@pytest.fixture(params=["simulated", *ADAPTED])
def open_network(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Network]]:
    """Opens the network at block 0, without subnets; its finality lags by as many blocks as asked for."""
    with ExitStack() as ends:

        def embedded(finality_lag: int = 0) -> Network:
            node = new_chain_file(tmp_path / "chain.db", finality_lag)
            ends.callback(node.close)
            chain = connect(str(tmp_path / "chain.db"))
            ends.callback(chain.close)
            return Embedded(node, chain)

        def served(finality_lag: int = 0) -> Network:
            node = new_chain_file(tmp_path / "chain.db", finality_lag)
            ends.callback(node.close)
            chain = connect(ends.enter_context(serving_chain(tmp_path / "chain.db")))
            ends.callback(chain.close)
            return Embedded(node, chain)

        yield {"simulated": Simulated, "embedded": embedded, "served": served}[request.param]
