"""Attacks on a round's samples: what one producer, or whoever stands between, does, and what must come of it.

The stage is three honest producers and a hostile one on a simulated chain, and a Hub that everybody publishes to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.types import Block, BlockCount, BlockHash, Commitment, Included, NetUid
from evaluation.sources import batch
from evaluation.sources.content import Pair
from evaluation.sources.drops import Drop
from evaluation.sources.occasion import Occasion
from evaluation.sources.sample import Sample
from evaluation.sources.signed import SignedSample, sign
from evaluation.sources.spec import PhraseList, Screen, SignedBatchesSpec
from hub.folder import FolderHub

NETUID = NetUid(2)
YOUNGEST_COMMIT, SEED_BLOCK = Block(60), Block(100)
EACH = 6
SPEC = SignedBatchesSpec(
    kind="signed_batches",
    netuid=NETUID,
    min_stake=100.0,
    min_producers=2,
    max_age_blocks=BlockCount(50),
    patience_blocks=BlockCount(0),
    screen=Screen(max_bytes=2_000, phrases=PhraseList("the subnet's owner", 1, ("as an ai language model",))),
)
OCCASION = Occasion(SEED_BLOCK, b"seed", YOUNGEST_COMMIT, {"pair": 6})
WORDS = [
    "harbour",
    "lantern",
    "meadow",
    "orchard",
    "pebble",
    "quarry",
    "ribbon",
    "saddle",
    "timber",
    "village",
    "willow",
    "anchor",
]


@dataclass(frozen=True)
class Stage:
    """A chain just before the seed block, a Hub's folder, and who acts."""

    chain: SimulatedChain
    hub: Path
    honest: Sequence[Wallet]
    hostile: Wallet

    def sample(self, wallet: Wallet, number: int, anchor: int = 90) -> Sample:
        """An honest pair of the wallet's."""
        names = " ".join(WORDS[(number * step + len(wallet.name)) % len(WORDS)] for step in (1, 5, 7, 11))
        content = Pair(f"What is item {number} of {wallet.hotkey}?", f"It is {names} {number} {wallet.hotkey[-6:]}")
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        block = Block(anchor)
        hash_ = self.chain.block_hash(block) if block <= self.chain.head() else BlockHash("0x" + "ab" * 32)
        return Sample(content, "pydoc", wallet.hotkey, NETUID, moment, block, hash_)

    def signed(self, wallet: Wallet, anchor: int = 90) -> list[SignedSample]:
        """An honest batch of the wallet's."""
        return [sign(self.sample(wallet, number, anchor), wallet) for number in range(EACH)]

    def publish(self, wallet: Wallet, signed: Sequence[SignedSample], data: bytes | None = None) -> None:
        """Upload a batch, or other bytes under its name, and commit its pointer."""
        self.upload(wallet, batch.encode(signed) if data is None else data, batch.root_of(batch.encode(signed)))

    def upload(self, wallet: Wallet, data: bytes, root: str) -> None:
        """Upload bytes as the batch of a root, and commit the pointer."""
        hub, repo = FolderHub(self.hub, wallet.name), f"{wallet.name}/samples"
        hub.create(repo, "dataset", private=False)
        revision = hub.upload_files(repo, "dataset", {batch.path_of(root): data}, message="batch")
        self.commit(wallet, batch.encode_pointer(batch.BatchPointer(repo, revision, root)))

    def commit(self, wallet: Wallet, raw: bytes) -> None:
        """Put a pointer on chain."""
        assert isinstance(self.chain.commit(NETUID, wallet, raw=raw), Included)

    def committed(self, wallet: Wallet) -> bytes:
        """The pointer that a wallet has on chain."""
        entries = self.chain.commitments(NETUID)
        return next(e.raw or b"" for e in entries if isinstance(e, Commitment) and e.hotkey == wallet.hotkey)


@dataclass(frozen=True)
class SampleAttack:
    """What a hostile producer does, and how much of it is dropped under which reason."""

    act: Callable[[Stage], object]
    counts: Mapping[Drop, int]


def _published(change: Callable[[Stage, SignedSample], SignedSample]) -> Callable[[Stage], object]:
    """Publish a batch in which every sample was changed after it was signed."""
    return lambda stage: stage.publish(stage.hostile, [change(stage, one) for one in stage.signed(stage.hostile)])


def _resigned(change: Callable[[Stage, Sample], Sample]) -> Callable[[Stage], object]:
    """Publish a batch in which every sample was changed and signed anew."""
    return _published(lambda stage, one: sign(change(stage, one.sample), stage.hostile))


def _with(text: str) -> Callable[[Stage, Sample], Sample]:
    return lambda _stage, sample: replace(sample, content=Pair("q", f"{text} {sample.id}"))


def _renewed(one: SignedSample) -> SignedSample:
    return replace(one, sample=replace(one.sample, created_at=one.sample.created_at + timedelta(days=1)))


def _old_batch_with_new_time(stage: Stage) -> None:
    stage.publish(stage.hostile, [_renewed(one) for one in stage.signed(stage.hostile, anchor=20)])


def _old_batch_with_new_time_signed_again(stage: Stage) -> None:
    renewed = [_renewed(one).sample for one in stage.signed(stage.hostile, anchor=20)]
    stage.publish(stage.hostile, [sign(sample, stage.hostile) for sample in renewed])


def _old_batch_with_new_anchor(stage: Stage) -> None:
    fresh = stage.sample(stage.hostile, 0)
    moved = {"anchor_block": fresh.anchor_block, "anchor_hash": fresh.anchor_hash}
    old = stage.signed(stage.hostile, anchor=20)
    stage.publish(stage.hostile, [replace(one, sample=replace(one.sample, **moved)) for one in old])


def _signed_by_another(stage: Stage) -> None:
    theirs = [sign(stage.sample(stage.honest[0], number), stage.honest[0]).signature for number in range(EACH)]
    own = stage.signed(stage.hostile)
    stage.publish(stage.hostile, [replace(one, signature=other) for one, other in zip(own, theirs, strict=True)])


def _below_stake(stage: Stage) -> None:
    with stage.chain.block():
        stage.chain.stake(NETUID, stage.hostile.hotkey, -900.1)
    stage.publish(stage.hostile, stage.signed(stage.hostile))


def _without_permit(stage: Stage) -> None:
    with stage.chain.block():
        stage.chain.permit(NETUID, stage.hostile.hotkey, False)
    stage.publish(stage.hostile, stage.signed(stage.hostile))


def _deregistered(stage: Stage) -> None:
    stage.publish(stage.hostile, stage.signed(stage.hostile))
    with stage.chain.block():
        stage.chain.deregister(NETUID, stage.hostile.hotkey, purge=False)


def _copied(stage: Stage) -> None:
    theirs = [stage.sample(stage.honest[0], number) for number in range(EACH)]
    own = [replace(sample, producer=stage.hostile.hotkey) for sample in theirs]
    stage.publish(stage.hostile, [sign(sample, stage.hostile) for sample in own])


def _withdrawn(stage: Stage) -> None:
    stage.publish(stage.hostile, stage.signed(stage.hostile))
    FolderHub(stage.hub, stage.hostile.name).set_visibility(f"{stage.hostile.name}/samples", "dataset", private=True)


def _row_of_17_mb(stage: Stage) -> None:
    stage.publish(stage.hostile, stage.signed(stage.hostile), data=b'{"prompt":"' + b"x" * 17_000_000)


def _million_rows(stage: Stage) -> None:
    stage.publish(stage.hostile, stage.signed(stage.hostile), data=b"{}\n" * 1_000_000)


def _deep_row(stage: Stage) -> None:
    data = batch.encode(stage.signed(stage.hostile)) + b'{"choices":' + b"[" * 1_000_000
    stage.upload(stage.hostile, data, batch.root_of(data))


def _signatures_swapped(stage: Stage) -> None:
    """The file on the Hub has the committed samples, under other signatures than the committed file."""
    signed = stage.signed(stage.hostile)
    stage.publish(stage.hostile, signed, data=batch.encode([replace(one, signature="00" * 64) for one in signed]))


def _anothers_root(stage: Stage) -> None:
    """A pointer to another's root, under which the Hub has their samples with spoiled signatures."""
    pointer = batch.decode_pointer(stage.committed(stage.honest[0]))
    assert isinstance(pointer, batch.BatchPointer)
    theirs = [sign(stage.sample(stage.honest[0], number), stage.honest[0]) for number in range(EACH)]
    stage.upload(stage.hostile, batch.encode([replace(one, signature="00" * 64) for one in theirs]), pointer.root)


ON_SAMPLES: Mapping[str, SampleAttack] = {
    "unsigned": SampleAttack(_published(lambda _, one: replace(one, signature="")), {Drop.SIGNATURE: EACH}),
    "signed by another": SampleAttack(_signed_by_another, {Drop.SIGNATURE: EACH}),
    "another's samples": SampleAttack(
        lambda stage: stage.publish(stage.hostile, stage.signed(stage.honest[0])), {Drop.PRODUCER: EACH}
    ),
    "another's pointer": SampleAttack(
        lambda stage: stage.commit(stage.hostile, stage.committed(stage.honest[0])), {Drop.PRODUCER: EACH}
    ),
    "another's root over spoiled signatures": SampleAttack(_anothers_root, {Drop.FAULTY: 1}),
    "made for another subnet": SampleAttack(
        _resigned(lambda _, sample: replace(sample, netuid=NetUid(3))), {Drop.PRODUCER: EACH}
    ),
    "an old batch with a new time": SampleAttack(_old_batch_with_new_time, {Drop.WINDOW: EACH}),
    "an old batch with a new time, signed again": SampleAttack(
        _old_batch_with_new_time_signed_again, {Drop.WINDOW: EACH}
    ),
    "an old batch with a new anchor": SampleAttack(_old_batch_with_new_anchor, {Drop.SIGNATURE: EACH}),
    "made before a commit": SampleAttack(
        lambda stage: stage.publish(stage.hostile, stage.signed(stage.hostile, anchor=YOUNGEST_COMMIT)),
        {Drop.WINDOW: EACH},
    ),
    "anchored in the future": SampleAttack(
        lambda stage: stage.publish(stage.hostile, stage.signed(stage.hostile, anchor=150)), {Drop.WINDOW: EACH}
    ),
    "an invented anchor": SampleAttack(
        _resigned(lambda _, sample: replace(sample, anchor_hash=BlockHash("0x" + "00" * 32))),
        {Drop.ANCHOR: EACH},
    ),
    "below stake": SampleAttack(_below_stake, {Drop.LOW_STAKE: 1}),
    "without permit": SampleAttack(_without_permit, {Drop.NO_PERMIT: 1}),
    "deregistered": SampleAttack(_deregistered, {Drop.UNREGISTERED: 1}),
    "a poisoned phrase": SampleAttack(_resigned(_with("AS an AI Language Model I")), {Drop.PHRASE: EACH}),
    "too long": SampleAttack(_resigned(_with("x" * 2_000)), {Drop.LENGTH: EACH}),
    "copied contents": SampleAttack(_copied, {Drop.DUPLICATE: EACH}),
    "withdrawn": SampleAttack(_withdrawn, {Drop.FAULTY: 1}),
    "other signatures than were committed": SampleAttack(_signatures_swapped, {Drop.FAULTY: 1}),
    "a row of 17 MB": SampleAttack(_row_of_17_mb, {Drop.FAULTY: 1}),
    "a million rows": SampleAttack(_million_rows, {Drop.FAULTY: 1}),
    "a row nested a million deep": SampleAttack(_deep_row, {Drop.MALFORMED: 1}),
}
"""By name; in all of them the round is judged on the honest producers' samples alone, or with as much of theirs."""
