"""Miner and producer on a real (embedded) chain: signed extrinsics, real timelocks, blocks made one at a time."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.root import Root
from chain.networks import connect
from chain.signing import Wallet
from chain.subtensor import SubtensorChain
from chain.types import Block, BlockCount, NetUid
from evaluation.sources.doors import Doors
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool
from evaluation.sources.signed_batches import SignedBatches
from evaluation.sources.spec import SignedBatchesSpec
from hub.folder import FolderHub
from models.ref import ModelRef
from neurons import corpus, tables
from neurons.deck import Deck
from neurons.miner import Miner, Order
from neurons.producer import Portion, Producer, Published
from tests.neurons.tiny_model import write_model

MODELS, SAMPLES = NetUid(1), NetUid(2)


class Stepping(threading.Event):
    """A stop signal that never comes; whoever waits for it makes a block, so that no time has to pass."""

    def __init__(self, author: Author) -> None:
        super().__init__()
        self._author = author

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - threading's signature
        self._author.advance()
        return False


@dataclass(frozen=True)
class Net:
    """A chain with a subnet of models and one of samples."""

    chain: SubtensorChain
    author: Author
    alice: Wallet
    prod: Wallet
    folder: Path


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory, wallets: Callable[[str], Wallet]) -> Iterator[Net]:
    folder = tmp_path_factory.mktemp("net")
    node = genesis(folder / "chain.db", block_time_s=1.0, start=datetime(2030, 1, 1, tzinfo=UTC))
    root, owner, alice, prod = Root(node), wallets("owner"), wallets("alice"), wallets("prod")
    for netuid, hotkey in ((MODELS, owner.hotkey), (SAMPLES, owner.hotkey)):
        root.create_subnet(netuid, owner.coldkey, hotkey, Hyperparameters(tempo=10))
    root.register(MODELS, alice.hotkey, alice.coldkey)
    root.register(SAMPLES, prod.hotkey, prod.coldkey)
    root.stake(SAMPLES, prod.hotkey, 1_000)
    author = Author(node)
    author.advance()
    yield Net(connect(str(folder / "chain.db")), author, alice, prod, folder)
    node.close()


def test_a_pointer_is_sealed_opened_by_the_chain_and_leads_to_the_public_model(net: Net) -> None:
    hub = FolderHub(net.folder / "hub", "alice")
    write_model(net.folder / "model")
    told: list[str] = []
    miner = Miner(
        net.chain,
        net.chain,
        hub,
        net.alice,
        MODELS,
        tables.load("pocket"),
        net.folder,
        told.append,
        Stepping(net.author),
    )
    order = Order(str(net.folder / "model"), "alice/chat", "answers")
    done = miner.publish(order, reveal_in=6)
    status = miner.status()
    facts = (status.state, status.commit_block, status.revealed_block, status.pointer, status.note)
    pointer = ModelRef("answers", "alice/chat", done.revision, done.digest)
    assert facts == ("revealed", done.commit_block, done.opened_block, pointer, "")
    assert (5 <= done.opened_block - done.commit_block <= 7, hub.describe("alice/chat", "model").private) == (
        True,
        False,
    )
    assert miner.publish(order) == done


def test_a_batch_is_committed_in_clear_and_its_samples_reach_the_validators_pool(net: Net) -> None:
    hub = FolderHub(net.folder / "hub", "prod")
    portion = Portion(Deck(corpus.pairs(), "p"), Deck(corpus.passages(), "t"), 4, 2)
    producer = Producer(net.chain, net.chain, hub, net.prod, SAMPLES, "prod/samples", portion)
    producer.check()
    published = producer.step()
    assert isinstance(published, Published)
    net.author.advance(3)
    seed_block = net.chain.head()
    spec = SignedBatchesSpec(
        kind="signed_batches", netuid=SAMPLES, min_stake=100.0, min_producers=1, max_age_blocks=BlockCount(50)
    )
    doors = Doors(net.chain, FolderHub(net.folder / "hub", None), net.folder / "sources")
    pool = SignedBatches(doors).pool(spec, Occasion(seed_block, b"seed", Block(0), {}))
    assert isinstance(pool, Pool)
    assert (len(pool.samples), pool.counts, pool.producers[0].root) == (6, {}, published.pointer.root)
