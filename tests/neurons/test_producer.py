"""Batches are authentic, readable by validators and by anyone's datasets library, and outlive every failed step."""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.types import Block, BlockCount, NetUid, Refused
from evaluation.sources import batch
from evaluation.sources.content import Pair, Text
from evaluation.sources.pool import Pool
from evaluation.sources.signed import SignedSample, is_authentic
from evaluation.sources.signed_batches import SignedBatches
from evaluation.sources.spec import SourceSpec
from hub.folder import FolderHub
from hub.port import HubUnreachable
from neurons import corpus
from neurons.deck import Deck, shared_out
from neurons.errors import ProducerError, UsageError
from neurons.material import gather, published_datasets
from neurons.producer import Portion, Producer, Published
from tests.neurons.scenes import commits

NETUID = NetUid(2)
STREAM = """
import sys
from datasets import load_dataset
kinds = [row["kind"] for row in load_dataset(sys.argv[1], split="train", streaming=True) if row["signature"]]
print(f"{kinds.count('pair')} pair, {kinds.count('text')} text")
"""
NOW = datetime(2030, 1, 1, 12, 0, 30, 250_000, tzinfo=UTC)
SPEC = SourceSpec("signed_batches", NETUID, min_stake=100.0, min_producers=1, max_age_blocks=BlockCount(50))


@dataclass
class Produce:
    """A producer's surroundings."""

    wallet: Wallet
    folder: Path
    chain: SimulatedChain = field(default_factory=lambda: _data_subnet())
    name: str = "prod"
    stake: float = 1_000.0

    def __post_init__(self) -> None:
        with self.chain.block():
            self.chain.register(NETUID, self.wallet.hotkey, self.wallet.coldkey)
            self.chain.stake(NETUID, self.wallet.hotkey, self.stake)
            self.chain.permit(NETUID, self.wallet.hotkey)

    @property
    def commits(self) -> list[tuple[int, bytes]]:
        return commits(self.chain, NETUID)

    def hub(self, user: str | None = None) -> FolderHub:
        return FolderHub(self.folder, user)

    def producer(self, pairs: int = 5, texts: int = 3, hub: Any = None, repo: str = "") -> Producer:
        stock = Deck(corpus.pairs(), self.name), Deck(corpus.passages(), self.name)
        portion = Portion(*stock, pairs, texts)
        repo, hub = repo or f"{self.name}/samples", hub or self.hub(self.name)
        return Producer(self.chain, self.chain, hub, self.wallet, NETUID, repo, portion, lambda: NOW)

    def batch_of(self, published: Published) -> tuple[Any, ...]:
        pointer = published.pointer
        path = batch.path_of(pointer.root)
        return batch.decode(self.hub().read(pointer.repo, "dataset", pointer.revision, path, max_bytes=10**6))


def _data_subnet() -> SimulatedChain:
    chain = SimulatedChain(block_time_s=0.001, blocks_a_look=1)
    chain.create_subnet(NETUID)
    return chain


@pytest.fixture
def produce(tmp_path: Path, wallets: Callable[[str], Wallet]) -> Produce:
    return Produce(wallets("prod"), tmp_path / "hub")


def _published(outcome: Published | Refused) -> Published:
    assert isinstance(outcome, Published), outcome
    return outcome


def _first(produce: Produce) -> Published:
    producer = produce.producer()
    producer.check()
    return _published(producer.step())


def test_every_sample_of_a_batch_is_signed_and_anchored_at_the_finalized_block(produce: Produce) -> None:
    anchor = produce.chain.finalized()
    samples = produce.batch_of(_first(produce))
    assert [is_authentic(signed) for signed in samples] == [True] * 8
    facts = {(s.sample.producer, s.sample.netuid, s.sample.anchor_block, s.sample.anchor_hash) for s in samples}
    assert facts == {(produce.wallet.hotkey, NETUID, anchor.number, anchor.hash)}
    assert {s.sample.created_at for s in samples} == {NOW.replace(microsecond=0)}


def test_a_batch_is_named_by_its_root_and_the_chain_holds_the_pointer_to_it(produce: Produce) -> None:
    published = _first(produce)
    ((block, raw),) = produce.commits
    samples = [signed for signed in produce.batch_of(published) if isinstance(signed, SignedSample)]
    assert (batch.decode_pointer(raw), block) == (published.pointer, published.commit_block)
    assert published.pointer.root == batch.root_of(samples)


def test_the_validators_source_takes_every_sample_of_a_fresh_batch(produce: Produce) -> None:
    published = _first(produce)
    seed_block = produce.chain.head()
    pool = SignedBatches(produce.chain, produce.hub()).pool(SPEC, seed_block=seed_block, after=Block(0))
    assert isinstance(pool, Pool)
    assert (len(pool.samples), pool.counts, pool.producers[0].root) == (8, {}, published.pointer.root)


def test_the_unmodified_datasets_library_streams_what_is_published(produce: Produce, tmp_path: Path) -> None:
    published = _first(produce)
    produce.producer().step()
    info = produce.hub().describe("prod/samples", "dataset")
    paths = [file.path for file in info.files if not file.path.startswith(".")]
    produce.hub().fetch("prod/samples", "dataset", info.revision, paths, tmp_path / "copy")
    environment = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", STREAM, str(tmp_path / "copy")]
    streamed = subprocess.check_output(command, env=environment, text=True, timeout=60)
    assert (streamed, published.samples) == ("10 pair, 6 text\n", 8)


def test_batches_repeat_nothing_until_the_stock_is_used_up_even_after_a_restart(produce: Produce) -> None:
    _first(produce)
    seen = [_contents(produce.batch_of(_published(produce.producer().step()))) for _ in range(3)]
    assert len(set().union(*seen)) == sum(len(contents) for contents in seen) == 24


def _contents(samples: Sequence[Any]) -> set[Pair | Text]:
    return {signed.sample.content for signed in samples}


def test_producers_with_different_parts_of_the_corpus_share_no_text() -> None:
    one, two = (set(shared_out(corpus.pairs(), part, 2)) for part in (0, 1))
    assert (one & two, one | two) == (set(), set(corpus.pairs()))


@given(st.integers(1, 9), st.integers(0, 30), st.lists(st.integers(0, 7), max_size=6))
def test_a_deck_gives_every_item_once_per_time_through_however_it_is_drawn(
    size: int, start: int, counts: list[int]
) -> None:
    deck = Deck(range(size), "seed")
    drawn, position = [], start
    for count in counts:
        drawn += deck.draw(position, count)
        position += count
    assert tuple(drawn) == deck.draw(start, sum(counts))
    whole = deck.draw(start - start % size, size)
    assert sorted(whole) == list(range(size))


def test_an_empty_deck_gives_nothing() -> None:
    stock: tuple[str, ...] = ()
    assert Deck(stock, "seed").draw(3, 5) == ()


def test_a_failed_step_is_logged_and_repeated_and_never_ends_the_producer(
    produce: Produce, caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter([HubUnreachable("the Hub does not answer"), RuntimeError("a defect")])

    class Shaky(FolderHub):
        def upload_files(self, *args: Any, **kwargs: Any) -> str:
            for failure in failures:
                raise failure
            return super().upload_files(*args, **kwargs)

    producer = produce.producer(hub=Shaky(produce.folder, "prod"))
    producer.check()
    stop = threading.Event()
    producer.run(stop, BlockCount(2), lambda _: stop.set())
    warned = [record.message.partition(";")[0] for record in caplog.records if record.levelname == "WARNING"]
    assert warned == ["no batch: the Hub does not answer", "no batch: a defect"]
    assert len(produce.commits) == 1


def test_a_refused_commitment_waits_for_the_next_interval(produce: Produce, caplog: pytest.LogCaptureFixture) -> None:
    produce.chain.faults.refuse(Refused("SpaceLimitExceeded", "too many bytes this epoch"))
    producer = produce.producer()
    producer.check()
    stop = threading.Event()
    producer.run(stop, BlockCount(10), lambda _: stop.set())
    assert "the chain refused the commitment: SpaceLimitExceeded (too many bytes this epoch)" in caplog.text
    assert len(produce.commits) == 1


def test_batches_come_every_interval(produce: Produce) -> None:
    producer, stop, done = produce.producer(), threading.Event(), list[Published]()
    producer.check()

    def count(published: Published) -> None:
        done.append(published)
        if len(done) == 3:
            stop.set()

    producer.run(stop, BlockCount(20), count)
    gaps = {later.anchor_block - earlier.anchor_block for earlier, later in pairwise(done)}
    assert gaps <= {20, 21, 22}


def test_a_producer_that_cannot_work_is_told_so_in_one_line_at_once(produce: Produce) -> None:
    long = f"{'p' * 60}/{'s' * 60}"
    faults = []
    away = replace(produce.producer(), reader=_data_subnet())
    for producer in (away, produce.producer(repo=long), produce.producer(pairs=0, texts=0)):
        with pytest.raises((UsageError, ProducerError)) as told:
            producer.check()
        faults.append(str(told.value))
    assert [fault.rpartition(": ")[2] for fault in faults] == [
        "register it with `btcli subnets register --netuid 2`, or name another wallet",
        "name another with --repo",
        "ask for more with --pairs and --texts",
    ]


def test_miners_find_the_datasets_of_qualified_producers_and_read_distinct_samples_of_the_kinds_they_need(
    produce: Produce, wallets: Callable[[str], Wallet]
) -> None:
    _first(produce)
    produce.producer().step()
    poor = Produce(wallets("poor"), produce.folder, produce.chain, "poor", stake=1.0)
    _first(poor)
    datasets = published_datasets(produce.chain, SPEC)
    pairs = gather(produce.hub(), datasets, frozenset({"pair"}))
    texts = gather(produce.hub(), datasets, frozenset({"text"}))
    assert (datasets, len(pairs), len(texts)) == (("prod/samples",), 10, 6)
    assert ({type(pair) for pair in pairs}, {type(text) for text in texts}) == ({Pair}, {str})


def test_samples_without_their_producers_signature_are_no_material(produce: Produce) -> None:
    published = _first(produce)
    path = batch.path_of(published.pointer.root)
    content = produce.hub().read("prod/samples", "dataset", published.pointer.revision, path, max_bytes=10**6)
    forged = content.replace(b'"reference":"', b'"reference":"forged ') + b"no sample\n"
    produce.hub("prod").upload_files("prod/samples", "dataset", {path: forged}, message="forge")
    assert gather(produce.hub(), ("prod/samples",), frozenset({"pair"})) == ()
