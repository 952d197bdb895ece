"""What the tests of evaluation share: wallets, samples and a chain that holds just what samples need."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chain.signing import Wallet, create_wallet
from chain.types import Block, BlockHash, Commitment, Hotkey, NetUid, Neuron, Uid
from evaluation.sources.batch import BatchPointer, encode, encode_pointer, path_of, root_of
from evaluation.sources.sample import Pair, Sample, Text
from evaluation.sources.signed import SignedSample
from hub.folder import FolderHub

DATA_NETUID = NetUid(2)


@dataclass
class DataChain:
    """A chain of which only the data subnet's producers and their commitments exist, with a history by block."""

    neurons_since: dict[int, tuple[Neuron, ...]] = field(default_factory=lambda: {0: ()})
    commitments_since: dict[int, dict[Hotkey, bytes]] = field(default_factory=lambda: {0: {}})

    def block_hash(self, block: Block) -> BlockHash:
        return BlockHash("0x" + f"{block:08x}" * 8)

    def neurons(self, netuid: NetUid, block: Block | None = None) -> tuple[Neuron, ...]:
        return self._at(self.neurons_since, block) if netuid == DATA_NETUID else ()

    def commitments(self, netuid: NetUid, block: Block | None = None) -> tuple[Commitment, ...]:
        standing = self._at(self.commitments_since, block) if netuid == DATA_NETUID else {}
        return tuple(Commitment(hotkey, Block(1), None, raw, ()) for hotkey, raw in standing.items())

    @staticmethod
    def _at(history: dict, block: Block | None):
        return history[max(since for since in history if block is None or since <= block)]


@dataclass
class Producers:
    """Producers with permit and stake who publish to a Hub in a folder and commit on a DataChain."""

    chain: DataChain
    hub_root: Path

    def join(self, *wallets: Wallet, stake: float = 1000.0, permit: bool = True, since: int = 0) -> None:
        known = self.chain.neurons(DATA_NETUID, Block(since))
        joined = (
            Neuron(Uid(len(known) + place), one.hotkey, one.coldkey, stake, permit, Block(1), Block(1))
            for place, one in enumerate(wallets)
        )
        self.chain.neurons_since[since] = (*known, *joined)

    def publish(self, wallet: Wallet, signed: list[SignedSample], data: bytes | None = None, since: int = 0) -> str:
        """Upload a batch (or other bytes under its name) and commit its pointer; returns the repository."""
        hub = FolderHub(self.hub_root, wallet.name)
        repo, root = f"{wallet.name}/samples", root_of(signed)
        hub.create(repo, "dataset", private=False)
        content = encode(signed) if data is None else data
        revision = hub.upload_files(repo, "dataset", {path_of(root): content}, message="batch")
        self.commit(wallet, encode_pointer(BatchPointer(repo, revision, root)), since)
        return repo

    def commit(self, wallet: Wallet, raw: bytes, since: int = 0) -> None:
        standing = self.chain._at(self.chain.commitments_since, Block(since))
        self.chain.commitments_since[since] = standing | {wallet.hotkey: raw}


@pytest.fixture
def data_chain() -> DataChain:
    """A data subnet without producers."""
    return DataChain()


@pytest.fixture
def producers(data_chain: DataChain, tmp_path: Path) -> Producers:
    """The producing side of `data_chain`, publishing to a Hub below tmp_path/hub."""
    return Producers(data_chain, tmp_path / "hub")


@pytest.fixture
def hub(tmp_path: Path) -> FolderHub:
    """The Hub of `producers` as a visitor sees it."""
    return FolderHub(tmp_path / "hub", None)


@pytest.fixture(scope="session")
def wallets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Wallet, ...]:
    """Four producers, each with a coldkey of its own."""
    folder: Path = tmp_path_factory.mktemp("wallets")
    return tuple(create_wallet(f"producer{number}", "default", folder) for number in range(4))


@pytest.fixture(scope="session")
def make_sample() -> Callable[..., Sample]:
    """Makes a sample of a wallet's hotkey, anchored at a block of the tests' chain."""

    def make(wallet: Wallet, content: Pair | Text, anchor: int = 90) -> Sample:
        created = datetime(2025, 1, 31, 12, tzinfo=UTC)
        block = Block(anchor)
        return Sample(content, "pydoc", wallet.hotkey, DATA_NETUID, created, block, DataChain().block_hash(block))

    return make
