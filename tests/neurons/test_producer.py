"""Batches are authentic, readable by validators and by anyone's datasets library, and outlive every failed step."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.embedded.hyperparameters import Hyperparameters
from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.types import Block, BlockCount, NetUid, Refused
from competitions.table import parse
from evaluation.sources import batch
from evaluation.sources.content import Choice, Content, Instruction, Pair, Text
from evaluation.sources.doors import Doors
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool
from evaluation.sources.rules import Rule
from evaluation.sources.sample import Sample, from_fields
from evaluation.sources.signed import SignedSample, is_authentic
from evaluation.sources.signed_batches import SignedBatches
from evaluation.sources.spec import SignedBatchesSpec
from hub.folder import FolderHub
from hub.huggingface import HuggingFaceHub
from hub.port import Hub, HubUnreachable, RateLimited
from localnet.hub_server.server import serving
from localnet.hub_server.store import HubStore
from neurons import corpus
from neurons.deck import Deck, shared_out
from neurons.endpoint import Bounds
from neurons.errors import ProducerError, UsageError
from neurons.material import gather, published_datasets
from neurons.portion import Exercises, Portion, Share, Stock, corpus_shares
from neurons.producer import Producer, Published
from neurons.recipe import Recipe, asked
from tests.competitions.builders import TABLE
from tests.neurons.completions import completions, fails, says
from tests.neurons.conftest import Unhurried
from tests.neurons.scenes import commits, standing_still

NETUID = NetUid(2)
STREAM = """
import json, sys
from datasets import load_dataset
for row in load_dataset(sys.argv[1], split="train", streaming=True):
    print(json.dumps(row | {"created_at": row["created_at"].isoformat().replace("+00:00", "Z")}))
"""
TEMPO = 360
NOW = datetime(2030, 1, 1, 12, 0, 30, 250_000, tzinfo=UTC)
SPEC = SignedBatchesSpec(
    kind="signed_batches", netuid=NETUID, min_stake=100.0, min_producers=1, max_age_blocks=BlockCount(50)
)
KINDS: tuple[Content, ...] = (
    Pair("what is “one”?\n", "1"),
    Text("a text"),
    Choice("which is even?", ("one", "two"), 1),
    Instruction("tell of a harbour", (Rule("keyword", "harbour"), Rule("bullets", "3"))),
)


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

    def producer(self, pairs: int = 5, texts: int = 3, hub: Any = None, repo: str = "", **more: Any) -> Producer:
        portion = Portion(corpus_shares(self.name, pairs, texts))
        repo, hub = repo or f"{self.name}/samples", hub or self.hub(self.name)
        given = {"portion": portion, "interval": BlockCount(12), "now": lambda: NOW} | more
        return Producer(self.chain, self.chain, hub, self.wallet, NETUID, repo, **given)

    def pool(self, hub: Hub | None = None) -> Pool:
        """What a validator draws from at the head."""
        doors = Doors(self.chain, hub or self.hub(), self.folder / "kept")
        pool = SignedBatches(doors).pool(SPEC, Occasion(self.chain.head(), b"seed", Block(0), {"pair": 1}))
        assert isinstance(pool, Pool), pool
        return pool

    def files(self, name: str = "batches/") -> list[str]:
        """Paths in the newest revision of the dataset that begin so."""
        files = self.hub().describe(f"{self.name}/samples", "dataset").files
        return [file.path for file in files if file.path.startswith(name)]

    def batch_of(self, published: Published) -> tuple[Any, ...]:
        pointer = published.pointer
        path = batch.path_of(pointer.root)
        return list(batch.decode(self.hub().read(pointer.repo, "dataset", pointer.revision, path, max_bytes=10**6)))


def _data_subnet() -> SimulatedChain:
    chain = SimulatedChain(block_time_s=0.001, blocks_a_look=1)
    chain.create_subnet(NETUID, Hyperparameters(tempo=TEMPO))
    return chain


class Given:
    """A stock of the contents given to it, which counts how often it is drawn from."""

    def __init__(self, *contents: Content, before: Callable[[], object] = lambda: None) -> None:
        self.contents, self.before, self.draws = contents, before, 0

    def draw(self, position: int, count: int) -> Sequence[Content]:
        self.before()
        self.draws += 1
        return self.contents[position : position + count]


def _of(stock: Stock, per_batch: int) -> Portion:
    return Portion((Share(stock, per_batch, "given"),))


class Watched(Unhurried):
    """Set once so many batches were published; keeps how long each rest would have been."""

    def __init__(self, batches: int = 1) -> None:
        super().__init__()
        self.rests: list[float] = []
        self.published: list[Published] = []
        self._batches = batches

    def wait(self, timeout: float | None = None) -> bool:
        self.rests.append(timeout or 0.0)
        return False

    def take(self, published: Published) -> None:
        self.published.append(published)
        if len(self.published) == self._batches:
            self.set()


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
    assert published.pointer.root == batch.root_of(batch.encode(samples))


def test_the_validators_source_takes_every_sample_of_a_fresh_batch(produce: Produce) -> None:
    published = _first(produce)
    pool = produce.pool()
    assert (len(pool.samples), pool.counts, pool.producers[0].root) == (8, {}, published.pointer.root)


def test_the_anchor_is_the_finalized_block_once_all_contents_are_there(produce: Produce) -> None:
    """An endpoint may take minutes to answer, and an anchor from before would prove that much less."""
    slow = Given(*KINDS, before=lambda: produce.chain.advance(20))
    with standing_still(produce.chain):
        begun = produce.chain.finalized().number
        producer = produce.producer(portion=_of(slow, 4))
        producer.check()
        assert _published(producer.step()).anchor_block == begun + 20


def test_what_could_not_be_had_makes_a_smaller_batch_and_nothing_at_all_a_failure(produce: Produce) -> None:
    producer = produce.producer(portion=_of(Given(*KINDS), 3))
    producer.check()
    assert [_published(producer.step()).samples for _ in range(2)] == [3, 1]
    with pytest.raises(ProducerError, match="nothing of the 3 contents of batch 2 could be had"):
        producer.step()
    assert len(produce.files()) == 2


def test_answers_of_an_endpoint_reach_the_validators_pool(produce: Produce, tmp_path: Path) -> None:
    replies = iter([says("one"), fails(500), says("two"), says("", "length")])
    file = tmp_path / "prompts.txt"
    file.write_text("Ask about $name.\n---\nSum up: $passage", encoding="utf-8")
    with completions(lambda _: next(replies)) as server:
        endpoint = asked(server.base_url, "Some/Model-1", file, None, Bounds(retries=0, at_once=1), 4)
        producer = produce.producer(portion=Recipe(0, 1, {}, endpoint).portion("seed", Watched()))
        producer.check()
        assert _published(producer.step()).samples == 3
    samples = produce.pool().samples
    assert {(sample.source, sample.kind) for sample in samples} == {("some-model-1", "pair"), ("pydoc", "text")}
    answered = {sample.content for sample in samples if isinstance(sample.content, Pair)}
    assert answered == {Pair(server.prompts[0], "one"), Pair(server.prompts[2], "two")}


def test_the_unmodified_datasets_library_streams_every_kind_from_a_hub(produce: Produce, tmp_path: Path) -> None:
    """One batch has empty lists in every line; a reader that is not told the columns' types stops at the other."""
    stock = Given(Pair("a", "b"), Pair("c", "d"), *KINDS)
    token = HubStore(tmp_path / "served").add_user("prod")
    with serving(tmp_path / "served") as endpoint:
        for size in (2, 4):
            hub = HuggingFaceHub(endpoint, token)
            producer = produce.producer(hub=hub, portion=_of(stock, size))
            producer.check()
            stock.contents = stock.contents[:2] if size == 2 else (Text("skipped"),) * 4 + KINDS
            _published(producer.step())
        environment = {"HF_HOME": str(tmp_path / "hf"), "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1"}
        command = [sys.executable, "-c", STREAM, "prod/samples"]
        streamed = subprocess.check_output(command, env=environment, text=True, timeout=120)
    signed = [_signed(json.loads(line)) for line in streamed.splitlines()]
    samples = [one.sample for one in signed]
    assert [is_authentic(one) for one in signed] == [True] * 6
    assert {sample.content for sample in samples} == {Pair("a", "b"), Pair("c", "d"), *KINDS}


def _signed(row: dict[str, Any]) -> SignedSample:
    signature = row.pop("signature")
    sample = from_fields(row)
    assert isinstance(sample, Sample), sample
    return SignedSample(sample, signature)


def test_old_batches_go_numbers_go_on_and_what_stands_on_chain_stays_readable(produce: Produce) -> None:
    _first(produce)
    producers = [produce.producer(keep=2) for _ in range(4)]
    published = [_published(producer.step()) for producer in producers]
    assert sorted(produce.files()) == sorted(batch.path_of(one.pointer.root) for one in published[-2:])
    contents = [_contents(produce.batch_of(one)) for one in published]
    assert len(set().union(*contents)) == 4 * 8


def test_batches_that_no_index_names_are_the_oldest_and_count(produce: Produce) -> None:
    first = _first(produce)
    produce.hub("prod").upload_files("prod/samples", "dataset", {"index.json": b"spoilt"}, message="spoil")
    second = _published(produce.producer(keep=2).step())
    assert not _contents(produce.batch_of(first)) & _contents(produce.batch_of(second))
    third = _published(produce.producer(keep=2).step())
    kept = [batch.path_of(one.pointer.root) for one in (second, third)]
    assert sorted(produce.files()) == sorted(kept)


def test_batches_repeat_nothing_until_the_stock_is_used_up_even_after_a_restart(produce: Produce) -> None:
    _first(produce)
    seen = [_contents(produce.batch_of(_published(produce.producer().step()))) for _ in range(3)]
    assert len(set().union(*seen)) == sum(len(contents) for contents in seen) == 24


def _contents(samples: Sequence[Any]) -> set[Content]:
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


def test_exercises_are_the_same_after_a_restart_and_take_turns_among_procedures() -> None:
    def made(name: str) -> Callable[[bytes], Content]:
        return lambda seed: Text(f"{name} {seed.hex()}")

    stock = Exercises((made("sort"), made("add")), "seed")
    drawn = stock.draw(0, 4)
    assert (stock.draw(0, 2) + stock.draw(2, 2), len(set(drawn))) == (drawn, 4)
    assert [str(content).split("'")[1].split()[0] for content in drawn] == ["sort", "add", "sort", "add"]
    assert Exercises((), "seed").draw(0, 4) == ()


def test_a_failed_step_is_logged_and_repeated_and_never_ends_the_producer(
    produce: Produce, caplog: pytest.LogCaptureFixture
) -> None:
    stop, stock = Watched(), Given(*KINDS)
    producer = produce.producer(hub=Shaky(produce, *FAULTS), portion=_of(stock, 4))
    producer.check()
    producer.run(stop, stop.take)
    warned = [record.message.partition(";")[0] for record in caplog.records if record.levelname == "WARNING"]
    assert warned == ["no batch: the Hub does not answer", "no batch: a defect", "no batch: the Hub asks for patience"]
    assert (len(produce.commits), stop.rests[:3]) == (1, [0.5, 1.0, 17.0])
    assert stock.draws == 1, "what was paid for is not asked for again"


FAULTS = (
    HubUnreachable("the Hub does not answer"),
    RuntimeError("a defect"),
    RateLimited("the Hub asks for patience", 17.0),
)


class Shaky(FolderHub):
    """A Hub whose first uploads fail."""

    def __init__(self, produce: Produce, *faults: Exception) -> None:
        super().__init__(produce.folder, produce.name)
        self._faults = iter(faults)

    def upload_files(self, *args: Any, **kwargs: Any) -> str:
        for fault in self._faults:
            raise fault
        return super().upload_files(*args, **kwargs)


def test_an_upload_whose_commitment_failed_is_committed_at_the_next_step(produce: Produce) -> None:
    produce.chain.faults.refuse(Refused("InsufficientBalance", "send it some TAO"), "commit")
    producer = produce.producer()
    producer.check()
    assert isinstance(producer.step(), Refused)
    (path,) = produce.files()
    published = _published(producer.step())
    assert (batch.path_of(published.pointer.root), produce.files()) == (path, [path])
    assert (len(produce.pool().samples), len(produce.commits)) == (8, 1)


def test_an_upload_older_than_the_interval_gives_way_to_a_new_batch(
    produce: Produce, caplog: pytest.LogCaptureFixture
) -> None:
    produce.chain.faults.refuse(Refused("InsufficientBalance", "send it some TAO"), "commit")
    producer = produce.producer()
    producer.check()
    producer.step()
    (old,) = produce.files()
    produce.chain.advance(12)
    published = _published(producer.step())
    assert (len(produce.files()), batch.path_of(published.pointer.root) != old) == (2, True)
    assert "was never committed: a new one is made" in caplog.text


def test_nothing_is_made_while_the_epoch_has_no_room_and_a_batch_follows_with_the_next(
    produce: Produce, caplog: pytest.LogCaptureFixture
) -> None:
    stock, stop = Given(*KINDS), Watched()
    producer = produce.producer(portion=_of(stock, 4))
    producer.check()
    while produce.chain.commitment_room(NETUID, produce.wallet.hotkey).free >= 100:
        produce.chain.commit(NETUID, produce.wallet, raw=b"x")
    begun = produce.chain.head()
    producer.run(stop, stop.take)
    (published,) = stop.published
    assert begun < TEMPO <= published.anchor_block
    assert (stock.draws, len(produce.files())) == (1, 1)
    told = [record.message for record in caplog.records if "SpaceLimitExceeded" in record.message]
    assert [message.partition("(")[2][:44] for message in told] == ["0 of 3100 bytes are left in this epoch and a"]


def test_an_interval_that_the_chain_has_no_room_for_is_told_at_the_start(
    produce: Produce, caplog: pytest.LogCaptureFixture
) -> None:
    for interval in (12, 11):
        produce.producer(interval=BlockCount(interval)).check()
    told = [record.message for record in caplog.records]
    assert [message.rpartition("; ")[2] for message in told] == ["give --interval-blocks 12"]


def test_batches_come_every_interval(produce: Produce) -> None:
    producer, stop = produce.producer(interval=BlockCount(20)), Watched(3)
    producer.check()
    producer.run(stop, stop.take)
    gaps = {later.anchor_block - earlier.anchor_block for earlier, later in pairwise(stop.published)}
    assert gaps <= set(range(18, 30)), gaps


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
        "ask for 1 to 5000 samples in all with --pairs, --texts and the like",
    ]


def test_miners_find_the_datasets_of_qualified_producers_and_read_distinct_samples_of_the_kinds_they_need(
    produce: Produce, wallets: Callable[[str], Wallet]
) -> None:
    _first(produce)
    produce.producer().step()
    poor = Produce(wallets("poor"), produce.folder, produce.chain, "poor", stake=1.0)
    _first(poor)
    datasets = published_datasets(produce.chain, parse(TABLE).competitions[0])
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
