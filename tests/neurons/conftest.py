"""One miner's surroundings: a wallet, a chain in memory, a Hub in a folder, the pocket table, and a tiny model."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chain.signing import Wallet, create_wallet
from chain.types import NetUid
from competitions.spec import Table
from hub.folder import FolderHub
from hub.port import Hub
from neurons import tables
from neurons.miner import Miner, Order
from tests.neurons.fake_chain import FakeChain
from tests.neurons.tiny_model import write_model

NETUID = NetUid(1)


class Unhurried(threading.Event):
    """A stop signal that never comes; nobody waits for it, since every look at the chain makes a block."""

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - threading's signature
        return False


@dataclass
class Mine:
    """A miner that can be made anew at will, as a process is after a kill, around what outlives it."""

    wallet: Wallet
    folder: Path
    table: Table
    chain: FakeChain = field(default_factory=lambda: FakeChain(block_time_s=12.0))
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chain.register(self.wallet)

    @property
    def order(self) -> Order:
        return Order(str(self.folder / "model"), "alice/chat", "answers")

    def hub(self, user: str | None = "alice") -> FolderHub:
        return FolderHub(self.folder / "hub", user)

    def miner(self, chain: FakeChain | None = None, hub: Hub | None = None) -> Miner:
        chain = chain or self.chain
        told, home = self.told.append, self.folder / "home"
        return Miner(chain, chain, hub or self.hub(), self.wallet, NETUID, self.table, home, told, Unhurried())


@pytest.fixture(scope="session")
def wallets(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Wallet]:
    """Makes wallets by name, in a folder of their own."""
    path = tmp_path_factory.mktemp("wallets")
    return lambda name: create_wallet(name, "default", path)


@pytest.fixture
def mine(tmp_path: Path, wallets: Callable[[str], Wallet]) -> Mine:
    write_model(tmp_path / "model")
    return Mine(wallets("alice"), tmp_path, tables.load("pocket"))
