"""A small embedded chain with known keys, and a plain SDK client on it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bittensor as bt
import pytest
from bittensor_core import Keypair

from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.node import Node
from chain.embedded.rekey import rekey
from chain.embedded.root import Root
from chain.embedded.substrate import EmbeddedSubstrate
from chain.types import NetUid

NETUID = NetUid(7)
START = datetime(2030, 1, 1, tzinfo=UTC)
RULES = Hyperparameters(tempo=10, commit_reveal=False, weights_rate_limit=0)


@dataclass(frozen=True)
class Keys:
    """What the SDK asks of a wallet, made from names instead of files."""

    coldkey: Keypair
    coldkeypub: Keypair
    hotkey: Keypair

    @classmethod
    def named(cls, name: str) -> "Keys":
        coldkey = Keypair.create_from_uri(f"//{name}")
        return cls(coldkey, coldkey, Keypair.create_from_uri(f"//{name}//hot"))

    @property
    def hot(self) -> str:
        return str(self.hotkey.ss58_address)

    @property
    def cold(self) -> str:
        return str(self.coldkey.ss58_address)


@dataclass
class Localnet:
    """An embedded chain at block 0 with a subnet: owner (uid 0), validator (1, staked), miner (2), and an outsider."""

    path: Path
    node: Node
    root: Root
    author: Author
    owner: Keys = field(default_factory=lambda: Keys.named("owner"))
    validator: Keys = field(default_factory=lambda: Keys.named("validator"))
    miner: Keys = field(default_factory=lambda: Keys.named("miner"))
    outsider: Keys = field(default_factory=lambda: Keys.named("outsider"))

    def rules(self, **changes: Any) -> None:
        """Change hyperparameters of the subnet."""
        self.root.set_hyperparameters(NETUID, replace(RULES, **changes))

    def commit(self, client: Any, keys: Keys, *fields: object) -> Any:
        """Commit fields for a hotkey with the SDK's raw call."""
        call = bt.calls.Commitments.set_commitment(netuid=NETUID, info={"fields": list(fields)})
        return client.submit_call(call, keys, signer="hotkey")


@pytest.fixture(autouse=True)
def _symbols_in_a_file_of_this_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BTCLI_TOKEN_SYMBOLS_CACHE", str(tmp_path / "symbols.json"))


@pytest.fixture
def localnet(tmp_path: Path) -> Iterator[Localnet]:
    node = genesis(tmp_path / "chain.db", block_time_s=1.0, start=START, beacon_secret=b"for tests")
    net = Localnet(tmp_path / "chain.db", node, Root(node), Author(node))
    net.root.create_subnet(NETUID, net.owner.cold, net.owner.hot, RULES, name="crucible")
    for keys in (net.validator, net.miner):
        net.root.register(NETUID, keys.hot, keys.cold)
    net.root.fund(net.outsider.cold, 5)
    net.root.stake(NETUID, net.validator.hot, 1_000)
    yield net
    node.close()


@pytest.fixture
def client(localnet: Localnet) -> Iterator[Any]:
    """The plain SDK on the chain, its sealing re-keyed to the chain's beacon."""
    substrate = EmbeddedSubstrate(localnet.path)
    rekey(substrate)
    with bt.SyncClient(network="local", substrate=substrate) as sdk:
        yield sdk
