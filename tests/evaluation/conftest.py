"""What the tests of evaluation share: wallets, samples and a chain that holds just what samples need."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chain.signing import Wallet, create_wallet
from chain.types import Block, BlockHash, NetUid
from evaluation.sources.sample import Pair, Sample, Text

DATA_NETUID = NetUid(2)


def block_hash(block: int) -> BlockHash:
    """The hash that the tests' chain gives a block."""
    return BlockHash("0x" + f"{block:08x}" * 8)


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
        return Sample(content, "pydoc", wallet.hotkey, DATA_NETUID, created, Block(anchor), block_hash(anchor))

    return make
