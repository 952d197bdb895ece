"""The feed against real servers on this machine, of which some lie, stall or are gone."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.types import Block, BlockCount, NetUid
from evaluation.sources.batch import encode, root_of
from evaluation.sources.bounded_http import BoundedHttp, Limits
from evaluation.sources.content import Text
from evaluation.sources.doors import Doors
from evaluation.sources.feed import MAX_FEED_BYTES, Feed
from evaluation.sources.held import Cause, Held
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool
from evaluation.sources.registry import SOURCES
from evaluation.sources.sample import Sample
from evaluation.sources.signed import SignedSample, sign
from evaluation.sources.spec import FeedSpec
from hub.folder import FolderHub
from tests.evaluation.mirrors import Behaviour, Clock, Mirror, dripping, endless, in_turn, say

OCCASION = Occasion(Block(100), b"seed" * 8, Block(40), {"text": 4})
ROOTS = "/roots/4"
"""Of the period of block 100, where periods have 24 blocks."""


class Field:
    """Four mirrors, three of which are a quorum, and one validator that reads them."""

    def __init__(self, chain: SimulatedChain, folder: Path) -> None:
        self.chain, self.clock = chain, Clock()
        self.mirrors = [Mirror() for _ in range(4)]
        self.doors = Doors(chain, FolderHub(folder / "hub", None), folder / "validator")
        self.spec = FeedSpec(
            kind="feed",
            netuid=NetUid(2),
            min_stake=100.0,
            min_producers=2,
            max_age_blocks=BlockCount(50),
            mirrors=tuple(mirror.address for mirror in self.mirrors),
            quorum=3,
            period_blocks=BlockCount(24),
        )

    def publish(self, signed: list[SignedSample], extra: bytes = b"") -> str:
        """Put a file on all mirrors; returns its root."""
        data = encode(signed) + extra
        root = root_of(data)
        for mirror in self.mirrors:
            mirror.answers |= {
                ROOTS: say(200, root.encode() + b"\n"),
                f"/batches/{root}.jsonl": say(200, data),
            }
        return root

    def everywhere(self, path: str, *behaviours: Behaviour) -> None:
        """Each mirror's own behaviour at a path, or one for all of them."""
        for place, mirror in enumerate(self.mirrors):
            mirror.answers[path] = behaviours[place % len(behaviours)]

    def pool(self, spec: FeedSpec | None = None, doors: Doors | None = None) -> Pool | Held:
        """The pool of the round, as a validator finds it."""
        self.chain.advance_to(OCCASION.seed_block)
        http = BoundedHttp(Limits(attempts=2), self.clock, self.clock.sleep)
        return Feed(doors or self.doors, http).pool(spec or self.spec, OCCASION)

    def fetched(self) -> list[int]:
        """Which mirrors were asked for a file, in order of the table."""
        return [place for place, mirror in enumerate(self.mirrors) if any("/batches/" in path for path in mirror.asked)]


@pytest.fixture
def field(data_chain: SimulatedChain, tmp_path: Path) -> Iterator[Field]:
    one = Field(data_chain, tmp_path)
    yield one
    for mirror in one.mirrors:
        mirror.close()


@pytest.fixture
def lines(make_sample: Callable[..., Sample], wallets: tuple[Wallet, ...]) -> list[SignedSample]:
    """Two samples of each of four producers."""
    return [
        sign(make_sample(wallet, Text(f"{wallet.name} {place}")), wallet) for wallet in wallets for place in range(2)
    ]


@pytest.fixture
def root(field: Field, producers, wallets, lines) -> str:
    """The root of a healthy feed of four qualified producers."""
    producers.join(*wallets)
    return field.publish(lines)


def texts(pool: Pool | Held) -> list[str]:
    """What the pool's samples say, sorted."""
    assert isinstance(pool, Pool), pool
    return sorted(sample.content.text for sample in pool.samples)


EVERYTHING = [f"producer{one} {place}" for one in range(4) for place in range(2)]


@pytest.mark.usefixtures("root")
def test_a_period_of_many_producers_is_a_pool(field, wallets) -> None:
    pool = field.pool()
    assert texts(pool) == EVERYTHING
    assert [(one.hotkey, one.root, one.samples, one.fault) for one in pool.producers] == [
        (wallet.hotkey, "", 2, None) for wallet in wallets
    ]
    assert (pool.proof, pool.min_producers, pool.near_duplicate) == ("mirrors", 2, 0.8)
    assert [mirror.asked[0] for mirror in field.mirrors] == [ROOTS] * 4


def test_the_feed_is_among_the_sources() -> None:
    assert SOURCES[FeedSpec] is Feed


def test_each_line_counts_under_the_hotkey_it_names_or_is_counted_out(
    field, producers, wallets, lines, make_sample
) -> None:
    producers.join(*wallets[:2])
    producers.join(wallets[2], stake=99.0)
    forged = SignedSample(make_sample(wallets[0], Text("forged")), lines[2].signature)
    stale = sign(make_sample(wallets[0], Text("stale"), anchor=40), wallets[0])
    moment = datetime(2025, 1, 31, 12, tzinfo=UTC)
    ownerless = SignedSample(Sample(Text("whose"), "pydoc", None, None, moment, None, None), "00")
    copied = sign(make_sample(wallets[1], Text("producer0 0")), wallets[1])
    field.publish([*lines, forged, stale, ownerless, copied], extra=b"no sample\n")
    pool = field.pool()
    assert texts(pool) == EVERYTHING[:4]
    assert pool.counts == {
        "duplicate": 1,
        "low_stake": 1,
        "malformed": 1,
        "producer": 1,
        "signature": 1,
        "unregistered": 1,
        "window": 1,
    }


def test_too_few_producers_hold_the_round_for_good(field, producers, wallets, lines) -> None:
    producers.join(wallets[0])
    field.publish(lines)
    held = field.pool()
    assert (held.cause, held.lasting) == (Cause.TOO_FEW, True)


@pytest.mark.usefixtures("root")
def test_a_mirror_that_lies_about_the_root_costs_only_itself(field) -> None:
    field.mirrors[0].answers[ROOTS] = say(200, b"0" * 64)
    assert texts(field.pool()) == EVERYTHING
    assert field.fetched() == [1]


@pytest.mark.usefixtures("root")
def test_a_mirror_that_is_down_costs_only_itself(field) -> None:
    field.mirrors[0].close()
    assert texts(field.pool()) == EVERYTHING


def test_where_half_the_mirrors_lie_nothing_is_agreed_on_and_all_answers_are_told(field, root) -> None:
    for mirror in field.mirrors[:2]:
        mirror.answers[ROOTS] = say(200, b"0" * 64)
    addresses, said = field.spec.mirrors, ["0" * 64] * 2 + [root] * 2
    told = "; ".join(f"{address}: {root}" for address, root in zip(addresses, said, strict=True))
    assert field.pool() == Held(Cause.NO_QUORUM, f"fewer than 3 mirrors name one root; {told}")
    assert field.fetched() == []


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    "answer",
    [
        say(404),
        say(200, b"F" * 64),
        say(200, b"0" * 63),
        say(200, b"\xff" * 64),
        say(200, b"0" * 64 + b"\n" + b"0" * 64),
        endless(b"0" * 64),
        say(302, Location=ROOTS),
    ],
    ids=["nothing", "upper case", "short", "bytes", "two roots", "endless", "redirects"],
)
def test_what_is_no_root_is_no_vote(answer: Behaviour, field) -> None:
    for mirror in field.mirrors[:2]:
        mirror.answers[ROOTS] = answer
    assert field.pool().cause is Cause.NO_QUORUM


def test_mirrors_that_serve_other_bytes_cost_only_themselves(field, root, lines) -> None:
    field.mirrors[0].answers[f"/batches/{root}.jsonl"] = say(200, encode(lines[:-1]))
    field.mirrors[1].answers[f"/batches/{root}.jsonl"] = say(404)
    assert texts(field.pool()) == EVERYTHING
    assert field.fetched() == [0, 1, 2]


def test_a_mirror_that_serves_the_samples_with_other_signatures_costs_only_itself(field, root, lines) -> None:
    unsigned = [structs.replace(line, signature="") for line in lines]
    field.mirrors[0].answers[f"/batches/{root}.jsonl"] = say(200, encode(unsigned))
    pool = field.pool()
    assert (texts(pool), pool.counts, field.fetched()) == (EVERYTHING, {}, [0, 1])


def test_where_no_mirror_has_the_file_of_its_root_the_round_waits(field, root, lines) -> None:
    field.everywhere(f"/batches/{root}.jsonl", say(200, encode(lines[:-1])), say(404))
    held = field.pool()
    assert (held.cause, held.lasting) == (Cause.WITHHELD, False)
    assert f"have the root {root_of(encode(lines[:-1]))}" in held.detail
    assert held.detail.count("HTTP 404") == 2


@pytest.mark.parametrize("path", [ROOTS, "file"])
@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (say(429), Cause.RATE_LIMITED),
        (say(503), Cause.UNREACHABLE),
        (endless(b"x" * 1_000_000, b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n"), Cause.OVERRUN),
    ],
    ids=["429", "503", "10 GB"],
)
def test_what_all_mirrors_have_in_common_is_why_the_round_waits(path, answer, cause, field, root) -> None:
    field.everywhere(ROOTS if path == ROOTS else f"/batches/{root}.jsonl", answer)
    assert field.pool().cause is cause


@pytest.mark.usefixtures("root")
def test_where_no_mirror_can_be_reached_the_source_cannot(field) -> None:
    for mirror in field.mirrors:
        mirror.close()
    assert field.pool().cause is Cause.UNREACHABLE


def test_a_storm_of_429_is_waited_out(field, root) -> None:
    storm, calm = say(429, Retry_After="5"), say(200, root.encode())
    field.everywhere(ROOTS, *(in_turn(storm, calm) for _ in field.mirrors))
    assert texts(field.pool()) == EVERYTHING
    assert field.clock.slept == [5.0] * 4


def test_mirrors_that_drip_a_file_leave_the_next_one_its_time(field, root) -> None:
    for mirror in field.mirrors[:3]:
        mirror.answers[f"/batches/{root}.jsonl"] = dripping(field.clock, seconds=80)  # a quarter of the time is 75
    assert texts(field.pool()) == EVERYTHING
    assert field.fetched() == [0, 1, 2, 3]


def test_where_all_mirrors_drip_the_round_waits(field, root) -> None:
    field.everywhere(f"/batches/{root}.jsonl", dripping(field.clock))
    assert field.pool().cause is Cause.OVERRUN


def test_a_file_is_fetched_once_and_again_only_where_it_was_damaged(field, root, tmp_path) -> None:
    pool = field.pool()
    for mirror in field.mirrors:
        del mirror.answers[f"/batches/{root}.jsonl"]
    assert field.pool() == pool
    kept = tmp_path / "validator" / "batches" / f"{root}.jsonl"
    kept.write_bytes(kept.read_bytes()[:-9])
    assert field.pool().cause is Cause.WITHHELD
    assert not kept.exists()


def test_other_bytes_are_never_kept(field, root, lines, tmp_path) -> None:
    field.everywhere(f"/batches/{root}.jsonl", say(200, encode(lines[:-1])))
    field.pool()
    assert list(tmp_path.glob("validator/batches/*")) == []


@pytest.mark.usefixtures("root")
def test_validators_that_reach_other_mirrors_in_another_order_have_the_same_pool(field, tmp_path) -> None:
    one = field.pool()
    field.mirrors[0].close()
    turned = replace(field.spec, mirrors=field.spec.mirrors[::-1])
    other = field.pool(turned, replace(field.doors, folder=tmp_path / "other"))
    assert (one, one.root) == (other, other.root)


def test_a_file_of_more_bytes_than_a_feed_may_have_is_cut(field, root, lines) -> None:
    data = encode(lines)
    field.everywhere(f"/batches/{root}.jsonl", say(200, data + b" " * (MAX_FEED_BYTES + 1 - len(data))))
    assert field.pool().cause is Cause.OVERRUN
