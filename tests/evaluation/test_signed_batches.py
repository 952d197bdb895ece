"""The default source against a chain with history and a Hub in a folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chain.simulated.chain import SimulatedChain
from chain.types import Block, BlockCount, NetUid
from evaluation.sources.batch import encode
from evaluation.sources.content import Text
from evaluation.sources.held import Held
from evaluation.sources.pool import Pool
from evaluation.sources.registry import UnknownSource, open_source
from evaluation.sources.sample import Sample
from evaluation.sources.signed import SignedSample, sign
from evaluation.sources.signed_batches import SignedBatches
from evaluation.sources.spec import SourceSpec
from hub.folder import FolderHub
from hub.port import CorruptDownload, Denied, HubError, HubUnreachable, RateLimited

SPEC = SourceSpec("signed_batches", NetUid(2), 100.0, 2, BlockCount(50))
SEED_BLOCK, AFTER = Block(100), Block(40)


@pytest.fixture
def batch_of(make_sample: Callable[..., Sample]) -> Callable[..., list[SignedSample]]:
    """Makes a wallet's batch: texts of its own, anchored at block 90."""
    return lambda wallet, number=3: [
        sign(make_sample(wallet, Text(f"{wallet.name} {place}")), wallet) for place in range(number)
    ]


def pool_of(chain: SimulatedChain, hub: FolderHub) -> Pool | Held:
    """The pool at the seed block, once the chain has it."""
    chain.advance_to(SEED_BLOCK)
    return SignedBatches(chain, hub).pool(SPEC, seed_block=SEED_BLOCK, after=AFTER)


def texts(pool: Pool | Held) -> list[str]:
    """What the pool's samples say, sorted."""
    assert isinstance(pool, Pool), pool
    return sorted(sample.content.text for sample in pool.samples)


def test_the_pool_holds_what_qualified_producers_had_committed(data_chain, producers, hub, wallets, batch_of) -> None:
    producers.join(*wallets[:2])
    producers.join(wallets[2], stake=99.0)
    producers.join(wallets[3], permit=False)
    for wallet in wallets:
        producers.publish(wallet, batch_of(wallet))
    pool = pool_of(data_chain, hub)
    assert texts(pool) == [f"producer{one} {place}" for one in (0, 1) for place in range(3)]
    assert [(one.hotkey, one.samples, one.fault) for one in pool.producers] == [
        (wallet.hotkey, 3, None) for wallet in wallets[:2]
    ]


def test_only_what_stood_at_the_seed_block_counts(data_chain, producers, hub, wallets, batch_of) -> None:
    producers.join(*wallets[:2])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    pool = pool_of(data_chain, hub)
    producers.join(wallets[2])
    producers.publish(wallets[2], batch_of(wallets[2]))
    producers.publish(wallets[0], batch_of(wallets[0], 9))
    assert pool_of(data_chain, hub) == pool


def test_a_batch_that_is_not_its_root_is_its_producers_fault(data_chain, producers, hub, wallets, batch_of) -> None:
    producers.join(*wallets[:3])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    withheld = batch_of(wallets[2])
    producers.publish(wallets[2], withheld, data=encode(withheld[:2]))
    pool = pool_of(data_chain, hub)
    assert texts(pool) == [f"producer{one} {place}" for one in (0, 1) for place in range(3)]
    assert "have the root" in pool.producers[2].fault


@pytest.mark.parametrize("mischief", ["private", "no file", "oversized"])
def test_a_batch_that_its_producer_withholds_is_left_out(
    mischief: str, data_chain, producers, hub, wallets, batch_of
) -> None:
    producers.join(*wallets[:3])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    third = wallets[2]
    repo = producers.publish(third, batch_of(third), data=b"\n" * 16_000_001 if mischief == "oversized" else None)
    if mischief == "private":
        FolderHub(producers.hub_root, third.name).set_visibility(repo, "dataset", private=True)
    if mischief == "no file":
        producers.commit(third, producers.committed(third)[:-43] + b"A" * 43)
    pool = pool_of(data_chain, hub)
    expected = "TooLarge" if mischief == "oversized" else "NotFound"
    assert (len(texts(pool)), pool.producers[2].samples, pool.producers[2].fault.split(":")[0]) == (6, 0, expected)


@pytest.mark.parametrize(
    "error",
    [HubUnreachable("no answer"), RateLimited("slow down", 3.0), CorruptDownload("short"), Denied("bad token")],
    ids=lambda error: type(error).__name__,
)
def test_a_hub_that_fails_us_holds_the_round(error: HubError, data_chain, producers, wallets, batch_of) -> None:
    class FailingHub(FolderHub):
        def read(self, *_: object, **__: object) -> bytes:
            raise error

    producers.join(*wallets[:2])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    assert pool_of(data_chain, FailingHub(producers.hub_root, None)) == Held(
        f"the batch of producer0/samples cannot be had: {type(error).__name__}: {error}"
    )


def test_too_few_producers_hold_the_round_and_say_why(data_chain, producers, hub, wallets, batch_of) -> None:
    producers.join(*wallets[:2])
    producers.publish(wallets[0], batch_of(wallets[0]))
    producers.publish(wallets[1], batch_of(wallets[0]))
    pool = pool_of(data_chain, hub)
    assert pool == Held(
        "1 producers with usable samples at block 100, 2 needed; dropped {'producer': 3}; 2 had committed a batch",
        lasting=True,
    )


def test_a_batch_that_is_not_to_be_found_may_still_come_and_its_hold_does_not_last(
    data_chain, producers, hub, wallets, batch_of
) -> None:
    producers.join(*wallets[:2])
    producers.publish(wallets[0], batch_of(wallets[0]))
    producers.publish(wallets[1], batch_of(wallets[1]))
    FolderHub(producers.hub_root, "producer1").set_visibility("producer1/samples", "dataset", private=True)
    held = pool_of(data_chain, hub)
    assert isinstance(held, Held)
    assert ("NotFound" in held.cause, held.lasting) == (True, False)


def test_two_hotkeys_of_one_coldkey_are_one_producer(data_chain, producers, hub, wallets, batch_of) -> None:
    producers.join(*wallets[:2], coldkey=wallets[0].coldkey)
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    pool = pool_of(data_chain, hub)
    assert isinstance(pool, Held)


def test_strangers_commitments_are_no_producers(data_chain, producers, hub, wallets, batch_of) -> None:
    producers.join(*wallets[:3])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    producers.commit(wallets[2], b"\xff not a pointer")
    pool = pool_of(data_chain, hub)
    assert [one.hotkey for one in pool.producers] == [wallet.hotkey for wallet in wallets[:2]]


def test_a_withheld_producer_shows_in_the_pools_root(data_chain, producers, hub, wallets, batch_of) -> None:
    producers.join(*wallets[:3])
    for wallet in wallets[:3]:
        producers.publish(wallet, batch_of(wallet))
    whole = pool_of(data_chain, hub)
    FolderHub(producers.hub_root, wallets[2].name).set_visibility("producer2/samples", "dataset", private=True)
    part = pool_of(data_chain, hub)
    assert whole.root != part.root


def test_an_unknown_source_lists_the_known(data_chain, tmp_path: Path) -> None:
    with pytest.raises(UnknownSource, match="'rumours'; known are signed_batches"):
        open_source("rumours", data_chain, FolderHub(tmp_path, None))
