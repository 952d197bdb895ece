"""The default source against a chain with history and a Hub in a folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from msgspec import structs

from chain.simulated.chain import SimulatedChain
from chain.types import Block, BlockCount, BlockHash, NetUid
from evaluation.sources.batch import BatchPointer, encode, encode_pointer, root_of
from evaluation.sources.content import Text
from evaluation.sources.doors import Doors
from evaluation.sources.held import Cause, Held
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool
from evaluation.sources.sample import Sample
from evaluation.sources.signed import SignedSample, sign
from evaluation.sources.signed_batches import SignedBatches
from evaluation.sources.spec import SignedBatchesSpec
from hub.folder import FolderHub
from hub.port import CorruptDownload, Denied, HubError, HubUnreachable, RateLimited, RepoInfo

SPEC = SignedBatchesSpec(
    kind="signed_batches", netuid=NetUid(2), min_stake=100.0, min_producers=2, max_age_blocks=BlockCount(50)
)
SEED_BLOCK = Block(100)
PATIENT_UNTIL = Block(SEED_BLOCK + SPEC.patience_blocks)
OCCASION = Occasion(SEED_BLOCK, b"seed", Block(40), {})


@pytest.fixture
def batch_of(make_sample: Callable[..., Sample]) -> Callable[..., list[SignedSample]]:
    """Makes a wallet's batch: texts of its own, anchored at block 90."""
    return lambda wallet, number=3: [
        sign(make_sample(wallet, Text(f"{wallet.name} {place}")), wallet) for place in range(number)
    ]


def pool_of(chain: SimulatedChain, hub: FolderHub) -> Pool | Held:
    """The pool at the seed block, once the chain has it, by a validator that has fetched nothing yet."""
    if chain.head() < SEED_BLOCK:
        chain.advance_to(SEED_BLOCK)
    with TemporaryDirectory() as folder:
        return SignedBatches(Doors(chain, hub, Path(folder))).pool(SPEC, OCCASION)


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
    assert pool.counts == {"low_stake": 1, "no_permit": 1}
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


def withheld_third(mischief: str, producers, wallets, batch_of) -> None:
    """Three producers publish, and the third sees to it that nobody can read its batch."""
    producers.join(*wallets[:3])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    third = wallets[2]
    repo = producers.publish(third, batch_of(third), data=b"\n" * 8_000_001 if mischief == "oversized" else None)
    if mischief == "private":
        FolderHub(producers.hub_root, third.name).set_visibility(repo, "dataset", private=True)
    if mischief == "no file":
        producers.commit(third, producers.committed(third)[:-43] + b"A" * 43)


@pytest.mark.parametrize("mischief", ["private", "no file"])
def test_a_withheld_batch_holds_the_round_while_it_has_patience_and_is_left_out_then(
    mischief: str, data_chain, producers, hub, wallets, batch_of
) -> None:
    withheld_third(mischief, producers, wallets, batch_of)
    held = pool_of(data_chain, hub)
    assert isinstance(held, Held)
    assert (held.cause, held.lasting) == (Cause.WITHHELD, False)
    assert f"until block {PATIENT_UNTIL}" in held.detail
    data_chain.advance_to(Block(PATIENT_UNTIL - 1))
    assert pool_of(data_chain, hub) == held
    data_chain.advance_to(PATIENT_UNTIL)
    pool = pool_of(data_chain, hub)
    assert (len(texts(pool)), pool.counts, pool.producers[2].fault.split(":")[0]) == (6, {"faulty": 1}, "NotFound")


def test_an_oversized_batch_is_left_out_at_once(data_chain, producers, hub, wallets, batch_of) -> None:
    withheld_third("oversized", producers, wallets, batch_of)
    pool = pool_of(data_chain, hub)
    assert (len(texts(pool)), pool.counts, pool.producers[2].fault.split(":")[0]) == (6, {"faulty": 1}, "TooLarge")


def test_a_batch_that_turns_up_in_time_counts(data_chain, producers, hub, wallets, batch_of) -> None:
    withheld_third("private", producers, wallets, batch_of)
    assert isinstance(pool_of(data_chain, hub), Held)
    FolderHub(producers.hub_root, wallets[2].name).set_visibility("producer2/samples", "dataset", private=False)
    assert len(texts(pool_of(data_chain, hub))) == 9


class FailingHub(FolderHub):
    """A Hub that answers every reading with an error; whether it takes our token can be told."""

    def __init__(self, root: Path, error: HubError, knows_us: bool = False) -> None:
        super().__init__(root, None)
        self._error, self._knows_us = error, knows_us

    def read(self, *_: object, **__: object) -> bytes:
        raise self._error

    def whoami(self) -> str:
        if self._knows_us:
            return "validator"
        raise Denied("bad token")

    def describe(self, *_: object, **__: object) -> RepoInfo:
        raise self._error


class GatedHub(FolderHub):
    """A Hub to visitors without a token: one repository can be seen, and its files only be asked for."""

    def read(self, repo: str, *args: Any, **options: Any) -> bytes:
        if repo == "producer2/samples":
            raise Denied("gated")
        return super().read(repo, *args, **options)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (HubUnreachable("no answer"), Cause.UNREACHABLE),
        (RateLimited("slow down", 3.0), Cause.RATE_LIMITED),
        (CorruptDownload("short"), Cause.UNREACHABLE),
        (Denied("bad token"), Cause.UNREACHABLE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, HubError) else "",
)
def test_a_hub_that_fails_us_holds_the_round_however_long(
    error: HubError, cause: Cause, data_chain, producers, wallets, batch_of
) -> None:
    producers.join(*wallets[:2])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    data_chain.advance_to(PATIENT_UNTIL)
    assert pool_of(data_chain, FailingHub(producers.hub_root, error)) == Held(
        cause, f"the batch of producer0/samples cannot be had: {type(error).__name__}: {error}"
    )


def test_a_batch_that_the_hub_denies_to_a_known_token_is_its_producers_to_mend(
    data_chain, producers, wallets, batch_of
) -> None:
    producers.join(*wallets[:2])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    denying = FailingHub(producers.hub_root, Denied("disabled"), knows_us=True)
    held = pool_of(data_chain, denying)
    assert isinstance(held, Held)
    assert held.cause is Cause.WITHHELD
    data_chain.advance_to(PATIENT_UNTIL)
    last = pool_of(data_chain, denying)
    assert isinstance(last, Held)
    assert (last.cause, last.lasting) == (Cause.TOO_FEW, True)


def test_a_gate_before_a_dataset_stops_no_validator_without_a_token_for_ever(
    data_chain, producers, wallets, batch_of
) -> None:
    producers.join(*wallets[:3])
    for wallet in wallets[:3]:
        producers.publish(wallet, batch_of(wallet))
    gated = GatedHub(producers.hub_root, None)
    held = pool_of(data_chain, gated)
    assert isinstance(held, Held)
    assert held.cause is Cause.WITHHELD
    data_chain.advance_to(PATIENT_UNTIL)
    assert texts(pool_of(data_chain, gated)) == [f"producer{one} {place}" for one in (0, 1) for place in range(3)]


def test_too_few_producers_hold_the_round_and_say_why(data_chain, producers, hub, wallets, batch_of) -> None:
    producers.join(*wallets[:2])
    producers.publish(wallets[0], batch_of(wallets[0]))
    producers.publish(wallets[1], batch_of(wallets[0]))
    pool = pool_of(data_chain, hub)
    assert pool == Held(
        Cause.TOO_FEW,
        "1 producers with usable samples, 2 needed; dropped: 3 producer; 2 had committed some",
    )
    assert pool.lasting


def test_what_was_read_once_is_not_fetched_again(data_chain, producers, hub, wallets, batch_of, tmp_path) -> None:
    producers.join(*wallets[:2])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    data_chain.advance_to(SEED_BLOCK)
    pool = SignedBatches(Doors(data_chain, hub, tmp_path / "kept")).pool(SPEC, OCCASION)
    gone = FailingHub(producers.hub_root, HubUnreachable("no answer"))
    again = SignedBatches(Doors(data_chain, gone, tmp_path / "kept")).pool(SPEC, OCCASION)
    assert again == pool


def test_what_was_pruned_is_fetched_again(data_chain, producers, hub, wallets, batch_of, tmp_path) -> None:
    producers.join(*wallets[:2])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    data_chain.advance_to(SEED_BLOCK)
    doors = Doors(data_chain, hub, tmp_path / "kept")
    pool = SignedBatches(doors).pool(SPEC, OCCASION)
    doors.batches.prune(0)
    gone = Doors(data_chain, FailingHub(producers.hub_root, HubUnreachable("no answer")), tmp_path / "kept")
    assert isinstance(SignedBatches(gone).pool(SPEC, OCCASION), Held)
    assert SignedBatches(doors).pool(SPEC, OCCASION) == pool


def test_a_kept_batch_that_was_damaged_is_fetched_again(
    data_chain, producers, hub, wallets, batch_of, tmp_path
) -> None:
    producers.join(*wallets[:2])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    data_chain.advance_to(SEED_BLOCK)
    source = SignedBatches(Doors(data_chain, hub, tmp_path / "kept"))
    pool = source.pool(SPEC, OCCASION)
    for file in (tmp_path / "kept").rglob("*.jsonl"):
        file.write_bytes(file.read_bytes()[:-40])
    assert source.pool(SPEC, OCCASION) == pool


def test_a_stranger_who_commits_anothers_root_over_spoiled_lines_spoils_nothing(
    data_chain, producers, hub, wallets, batch_of, tmp_path
) -> None:
    """Whichever of the two files a validator met first, all of them find the same samples."""
    owner, other, stranger = wallets[:3]
    producers.join(*wallets[:3])
    producers.publish(other, batch_of(other))
    own = batch_of(owner)
    root = root_of(encode(own))
    producers.publish(stranger, own, data=encode([structs.replace(one, signature="") for one in own]), root=root)
    data_chain.advance_to(Block(95))
    early = SignedBatches(Doors(data_chain, hub, tmp_path / "early"))
    early.pool(SPEC, replace(OCCASION, seed_block=Block(95)))
    producers.publish(owner, own)
    late = pool_of(data_chain, hub)
    assert texts(late) == [f"producer{one} {place}" for one in (0, 1) for place in range(3)]
    assert early.pool(SPEC, OCCASION) == late


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


def test_a_commitment_without_a_clear_field_is_no_producers(data_chain, producers, hub, wallets, batch_of) -> None:
    producers.join(*wallets[:3])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    data_chain.put(SPEC.netuid, wallets[2].hotkey, data_chain.sealed(b"later", Block(900)))
    pool = pool_of(data_chain, hub)
    assert [one.hotkey for one in pool.producers] == [wallet.hotkey for wallet in wallets[:2]]


def test_a_name_that_no_hub_accepts_is_its_producers_fault_and_holds_nothing(
    data_chain, producers, hub, wallets, batch_of
) -> None:
    producers.join(*wallets[:3])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    producers.commit(wallets[2], encode_pointer(BatchPointer("some/name.git", "ab" * 20, "cd" * 32)))
    pool = pool_of(data_chain, hub)
    assert (len(texts(pool)), pool.counts, pool.producers[2].fault.split(":")[0]) == (6, {"faulty": 1}, "InvalidName")


class Counted:
    """A chain that remembers for which blocks it was asked the hash."""

    def __init__(self, chain: SimulatedChain) -> None:
        self._chain, self.asked = chain, []

    def __getattr__(self, name: str) -> object:
        return getattr(self._chain, name)

    def block_hash(self, block: Block) -> BlockHash:
        self.asked.append(block)
        return self._chain.block_hash(block)


def test_the_chain_is_asked_once_for_each_block(data_chain, producers, hub, wallets, batch_of) -> None:
    producers.join(*wallets[:2])
    for wallet in wallets[:2]:
        producers.publish(wallet, batch_of(wallet))
    data_chain.advance_to(SEED_BLOCK)
    counted = Counted(data_chain)
    assert len(texts(pool_of(counted, hub))) == 6
    assert counted.asked == [90, SEED_BLOCK]


def test_a_withheld_producer_shows_in_the_pools_root(data_chain, producers, hub, wallets, batch_of) -> None:
    producers.join(*wallets[:3])
    for wallet in wallets[:3]:
        producers.publish(wallet, batch_of(wallet))
    whole = pool_of(data_chain, hub)
    FolderHub(producers.hub_root, wallets[2].name).set_visibility("producer2/samples", "dataset", private=True)
    data_chain.advance_to(PATIENT_UNTIL)
    part = pool_of(data_chain, hub)
    assert whole.root != part.root
