"""One miner's surroundings: a wallet, a chain in memory, a Hub in a folder, the pocket table, and a tiny model."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chain.signing import Wallet, create_wallet
from chain.simulated.chain import SimulatedChain
from competitions.spec import Table
from hub.folder import FolderHub
from hub.port import Hub
from neurons import tables
from neurons.miner import Miner, Order
from tests.neurons.scenes import NETUID, commits, subnet
from tests.neurons.tiny_model import write_model


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
    chain: SimulatedChain = field(default_factory=lambda: subnet(blocks_a_look=1, block_time_s=12.0))
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if all(neuron.hotkey != self.wallet.hotkey for neuron in self.chain.neurons(NETUID)):
            self.chain.register(NETUID, self.wallet.hotkey, self.wallet.coldkey)
        self.chain.advance_to(100)

    @property
    def order(self) -> Order:
        return Order(str(self.folder / "model"), "alice/chat", "answers")

    @property
    def commits(self) -> list[tuple[int, bytes]]:
        """Every commitment that ever stood: its block and its clear field."""
        return commits(self.chain)

    def hub(self, user: str | None = "alice") -> FolderHub:
        return FolderHub(self.folder / "hub", user)

    def miner(self, chain: SimulatedChain | None = None, hub: Hub | None = None) -> Miner:
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
