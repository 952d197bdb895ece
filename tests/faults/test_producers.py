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
from evaluation.sources.content import Pair, Text
from evaluation.sources.pool import Pool
from evaluation.sources.signed import SignedSample
from evaluation.sources.signed_batches import SignedBatches
from evaluation.sources.spec import SourceSpec
from hub.folder import FolderHub
from neurons.deck import Deck
from neurons.producer import Portion, Producer, Published
from tests.neurons.conftest import Unhurried
from tests.neurons.scenes import commits

NETUID = NetUid(2)
SPEC = SourceSpec("signed_batches", NETUID, min_stake=100.0, min_producers=1, max_age_blocks=BlockCount(500))
PAIRS = tuple(Pair(f"what is {number}?", str(number)) for number in range(60))
TEXTS = tuple(f"the number {number}" for number in range(60))
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
    portion = Portion(Deck(PAIRS, "pairs"), Deck(TEXTS, "texts"), 4, 2)
    made = Producer(chain, chain, FolderHub(tmp_path / "hub", "prod"), wallet, NETUID, "prod/samples", portion)
    made.check()
    return made


def _chain(producer: Producer) -> SimulatedChain:
    assert isinstance(producer.reader, SimulatedChain)
    return producer.reader


def contents(producer: Producer, published: Published) -> list[Pair | Text]:
    """What a batch holds."""
    pointer = published.pointer
    data = producer.hub.read(pointer.repo, "dataset", pointer.revision, batch.path_of(pointer.root), max_bytes=10**6)
    return [line.sample.content for line in batch.decode(data) if isinstance(line, SignedSample)]


def play(producer: Producer) -> Until:
    """Run until four batches are published; how they came out."""
    stop = Until(4)
    running = threading.Thread(target=producer.run, args=(stop, INTERVAL, stop.take), daemon=True)
    running.start()
    running.join(60)
    assert not running.is_alive()
    return stop


def is_well(producer: Producer, stop: Until, commitments: int) -> bool:
    """Every batch is whole and new, and the one that stands reaches validators with nothing dropped."""
    chain = _chain(producer)
    every = [content for published in stop.published for content in contents(producer, published)]
    pool = SignedBatches(chain, producer.hub).pool(SPEC, seed_block=chain.head(), after=Block(0))
    assert isinstance(pool, Pool)
    told = (len(every), len(set(every)), len(pool.samples), pool.counts, len(commits(chain, NETUID)))
    return told == (24, 24, 6, {}, commitments)


def test_a_producer_left_alone_publishes_what_the_others_are_held_to(producer: Producer) -> None:
    assert is_well(producer, play(producer), commitments=4)


@pytest.mark.parametrize(
    "error",
    [ChainTimeout("-"), ChainUnreachable("-"), ChainThrottled("-"), UnknownBlock("-"), ChainFault("-")],
    ids=lambda error: type(error).__name__,
)
def test_calls_that_fail_only_delay_a_producer(producer: Producer, error: ChainError) -> None:
    for calls in range(20):
        _chain(producer).faults.fail(error, after=calls)
    assert is_well(producer, play(producer), commitments=4)


@pytest.mark.parametrize(("landed", "commitments"), [(False, 4), (True, 5)], ids=["lost", "landed"])
def test_a_commitment_whose_answer_is_lost_is_followed_by_another(
    producer: Producer, landed: bool, commitments: int
) -> None:
    _chain(producer).faults.lose("commit", landed=landed, after=1)
    assert is_well(producer, play(producer), commitments)


def test_a_commitment_that_is_refused_is_followed_by_another(producer: Producer) -> None:
    _chain(producer).faults.refuse(Refused("SpaceLimitExceeded", "wait"), after=1)
    assert is_well(producer, play(producer), commitments=4)
