"""The small embedded chain behind a websocket, the plain SDK on both of its sides, and frames written by hand."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bittensor as bt
import pytest
from websockets.sync.client import connect

from chain.embedded.rekey import unkey
from chain.embedded.rpc.server import Server
from chain.embedded.substrate import EmbeddedSubstrate


@pytest.fixture(autouse=True)
def _runtimes_in_a_folder_of_this_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BITTENSOR_RUNTIME_CACHE_DIR", str(tmp_path / "runtimes"))
    yield
    unkey()


@pytest.fixture
def server(localnet: Any) -> Iterator[Server]:
    with Server(localnet.path) as server:
        yield server


@pytest.fixture
def wired(server: Server) -> Iterator[Any]:
    """The SDK as anybody has it: an address, and nothing of ours."""
    with bt.SyncClient(server.url) as sdk:
        yield sdk


@pytest.fixture
def filed(localnet: Any) -> Iterator[Any]:
    """The SDK on the chain's file."""
    with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(localnet.path)) as sdk:
        yield sdk


@pytest.fixture
def ask(server: Server) -> Iterator[Callable[..., Any]]:
    """Ask the server for a method by hand; the whole response."""
    with connect(server.url, close_timeout=1) as connection:

        def asked(method: str, *params: object) -> Any:
            connection.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
            return json.loads(connection.recv(60))

        yield asked
