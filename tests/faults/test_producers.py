"""A producer that meets any fault of the chain goes on, and what it commits can be used."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chain.reader import ChainError, ChainFault, ChainThrottled, ChainTimeout, ChainUnreachable, UnknownBlock
from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.types import Block, BlockCount, NetUid, Refused
from evaluation.sources import batch
from evaluation.sources.content import Content, Pair, Text
from evaluation.sources.doors import Doors
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool
from evaluation.sources.signed import SignedSample
from evaluation.sources.signed_batches import SignedBatches
from evaluation.sources.spec import SignedBatchesSpec
from hub.folder import FolderHub
from neurons.deck import Deck
from neurons.portion import Portion, Share
from neurons.producer import Producer, Published
from tests.neurons.conftest import Unhurried
from tests.neurons.scenes import commits

NETUID = NetUid(2)
SPEC = SignedBatchesSpec(
    kind="signed_batches", netuid=NETUID, min_stake=100.0, min_producers=1, max_age_blocks=BlockCount(500)
)
PAIRS = tuple(Pair(f"what is {number}?", str(number)) for number in range(60))
TEXTS = tuple(Text(f"the number {number}") for number in range(60))
INTERVAL = BlockCount(3)


class Until(Unhurried):
    """Set once so many batches were published; nobody waits for time to pass."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.published: list[Published] = []
        self._batches = batches

    def take(self, published: Published) -> None:
        """One more batch."""
        self.published.append(published)
        if len(self.published) >= self._batches:
            self.set()


@pytest.fixture
def producer(tmp_path: Path, wallets: Callable[[str], Wallet]) -> Producer:
    """A producer of four pairs and two texts a batch, whose every look at the chain makes a block."""
    chain, wallet = SimulatedChain(block_time_s=0.001, blocks_a_look=1), wallets("prod")
    chain.create_subnet(NETUID)
    chain.register(NETUID, wallet.hotkey, wallet.coldkey)
    chain.stake(NETUID, wallet.hotkey, 1_000.0)
    portion = Portion((Share(Deck(PAIRS, "pairs"), 4, "pairs"), Share(Deck(TEXTS, "texts"), 2, "texts")))
    hub = FolderHub(tmp_path / "hub", "prod")
    made = Producer(chain, chain, hub, wallet, NETUID, "prod/samples", portion, INTERVAL)
    made.check()
    return made


def _chain(producer: Producer) -> SimulatedChain:
    assert isinstance(producer.reader, SimulatedChain)
    return producer.reader


def contents(producer: Producer, published: Published) -> list[Content]:
    """What a batch holds."""
    pointer = published.pointer
    data = producer.hub.read(pointer.repo, "dataset", pointer.revision, batch.path_of(pointer.root), max_bytes=10**6)
    return [line.sample.content for line in batch.decode(data) if isinstance(line, SignedSample)]


def play(producer: Producer) -> Until:
    """Run until four batches are published; how they came out."""
    stop = Until(4)
    running = threading.Thread(target=producer.run, args=(stop, stop.take), daemon=True)
    running.start()
    running.join(60)
    assert not running.is_alive()
    return stop


def is_well(producer: Producer, stop: Until, folder: Path, commitments: int = 4) -> bool:
    """Every batch is whole and new, and the one that stands reaches validators with nothing dropped."""
    chain = _chain(producer)
    every = [content for published in stop.published for content in contents(producer, published)]
    occasion = Occasion(chain.head(), b"seed", Block(0), {"pair": 4, "text": 2})
    pool = SignedBatches(Doors(chain, producer.hub, folder / "kept")).pool(SPEC, occasion)
    assert isinstance(pool, Pool)
    told = (len(every), len(set(every)), len(pool.samples), pool.counts, len(commits(chain, NETUID)))
    return told == (24, 24, 6, {}, commitments)


def test_a_producer_left_alone_publishes_what_the_others_are_held_to(producer: Producer, tmp_path: Path) -> None:
    assert is_well(producer, play(producer), tmp_path)


@pytest.mark.parametrize(
    "error",
    [ChainTimeout("-"), ChainUnreachable("-"), ChainThrottled("-"), UnknownBlock("-"), ChainFault("-")],
    ids=lambda error: type(error).__name__,
)
def test_calls_that_fail_only_delay_a_producer(producer: Producer, tmp_path: Path, error: ChainError) -> None:
    for calls in range(20):
        _chain(producer).faults.fail(error, after=calls)
    assert is_well(producer, play(producer), tmp_path)


@pytest.mark.parametrize("landed", [False, True], ids=["lost", "landed"])
def test_a_commitment_whose_answer_is_lost_is_repeated_unless_it_stands(
    producer: Producer, tmp_path: Path, landed: bool
) -> None:
    _chain(producer).faults.lose("commit", landed=landed, after=1)
    stop = play(producer)
    assert is_well(producer, stop, tmp_path)
    assert _batches(producer) == 4


@pytest.mark.parametrize("name", ["SpaceLimitExceeded", "InsufficientBalance"])
def test_a_batch_whose_commitment_was_refused_is_committed_later(producer: Producer, tmp_path: Path, name: str) -> None:
    _chain(producer).faults.refuse(Refused(name, "wait"), after=1)
    stop = play(producer)
    assert is_well(producer, stop, tmp_path)
    assert _batches(producer) == 4


def _batches(producer: Producer) -> int:
    """How many batches were uploaded, committed or not."""
    files = producer.hub.describe("prod/samples", "dataset").files
    return sum(file.path.startswith("batches/") for file in files)
