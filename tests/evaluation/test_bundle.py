"""Draws: a function of seed and pool alone, in equal parts per producer; and the files that keep them."""

import dataclasses
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.types import Block, BlockHash, Coldkey, Hotkey, NetUid
from evaluation.sources import bundle as bundles
from evaluation.sources.bundle import Bundle, BundleCorrupt, Drawn, TaskSamples, encode, read_bundle, write_bundle
from evaluation.sources.content import Pair, Text
from evaluation.sources.held import Cause, Held
from evaluation.sources.pool import Pool, Producer
from evaluation.sources.sample import Sample
from evaluation.tasks.spec import TaskSpec

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def hotkey(number: int) -> Hotkey:
    """A well-formed address; nothing here checks signatures."""
    return Hotkey("5" + ALPHABET[number] * 47)


def pool_of(sizes: list[int], min_producers: int = 1, coldkeys: list[int] | None = None) -> Pool:
    """A pool in which producer i has sizes[i] pairs and as many texts, under coldkey coldkeys[i]."""
    samples: list[Sample] = []
    for number, size in enumerate(sizes):
        origin = (
            "pydoc",
            hotkey(number),
            NetUid(2),
            datetime(2025, 1, 31, tzinfo=UTC),
            Block(1),
            BlockHash("0x" + "0" * 64),
        )
        for place in range(size):
            samples += [Sample(Pair("q", f"{number} {place}"), *origin), Sample(Text(f"{number} {place}"), *origin)]
    owners = coldkeys or list(range(len(sizes)))
    producers = tuple(
        Producer(hotkey(number), Coldkey(f"cold{owner}"), "", 2 * size)
        for number, (size, owner) in enumerate(zip(sizes, owners, strict=True))
    )
    return Pool(tuple(sorted(samples, key=lambda sample: sample.id)), producers, {}, "sample", min_producers)


def spec(samples: int, name: str = "reference_loss") -> TaskSpec:
    """A task that draws this many samples."""
    return TaskSpec(name, samples, 1.0, 16.0)


def draw(pool: Pool, tasks: list[TaskSpec], seed: bytes) -> Bundle | Held:
    """The bundle that these tasks draw from their one source."""
    drawn = bundles.draw({"": pool}, tasks, seed)
    return drawn.bundle if isinstance(drawn, Drawn) else drawn


def parts(drawn: Bundle | Held) -> list[int]:
    """How many samples of the first task each producer gave, sorted."""
    assert isinstance(drawn, Bundle), drawn
    return sorted(Counter(sample.producer for sample in drawn.tasks[0].samples).values())


@pytest.mark.parametrize(
    ("sizes", "samples", "expected"),
    [
        ([10, 10, 10], 9, [3, 3, 3]),
        ([10, 10, 10], 10, [3, 3, 4]),
        ([10, 2, 10], 9, [4, 5]),
        ([9, 1, 1], 9, [9]),
        ([2, 2, 2], 2, [1, 1]),
    ],
    ids=["even", "one more", "the short one is out", "one is left", "more producers than samples"],
)
def test_producers_give_equal_parts_or_none(sizes: list[int], samples: int, expected: list[int]) -> None:
    assert parts(draw(pool_of(sizes), [spec(samples)], b"seed")) == expected


def test_hotkeys_of_one_coldkey_share_a_part() -> None:
    drawn = draw(pool_of([10, 10, 20], coldkeys=[7, 7, 8]), [spec(10)], b"seed")
    assert Counter(sample.producer for sample in drawn.of("reference_loss"))[hotkey(2)] == 5


def test_too_few_full_parts_hold_the_round() -> None:
    assert draw(pool_of([20, 3], min_producers=2), [spec(8)], b"seed") == Held(
        Cause.TOO_FEW,
        "reference_loss needs 8 samples in equal parts of at least 2 producers, no two nearly the same; those at hand "
        "have 20, 3",
    )


def test_each_task_draws_its_own_kind_in_the_tables_order() -> None:
    drawn = draw(pool_of([8, 8]), [spec(4, "text_loss"), spec(6)], b"seed")
    kinds = [(entry.task, {sample.kind for sample in entry.samples}, len(entry.samples)) for entry in drawn.tasks]
    assert kinds == [("text_loss", {"text"}, 4), ("reference_loss", {"pair"}, 6)]


@given(st.randoms(use_true_random=False), st.binary(min_size=1, max_size=8))
def test_the_draw_knows_no_order_of_arrival(shuffler: random.Random, seed: bytes) -> None:
    pool = pool_of([5, 4, 5])
    samples, producers = list(pool.samples), list(pool.producers)
    shuffler.shuffle(samples)
    shuffler.shuffle(producers)
    shuffled = dataclasses.replace(pool, samples=tuple(samples), producers=tuple(producers))
    assert draw(shuffled, [spec(7)], seed) == draw(pool, [spec(7)], seed)


def test_another_seed_draws_other_samples() -> None:
    roots = {draw(pool_of([40, 40]), [spec(8)], bytes([seed])).root for seed in range(16)}
    assert len(roots) == 16


def test_the_golden_draw_keeps_its_root() -> None:
    drawn = draw(pool_of([5, 4]), [spec(4), spec(3, "text_loss")], b"\x01" * 32)
    assert drawn.root == "ef0abe13846d026be05d04a91d527349db86b07ed731923524e962f06e1725da"


def test_a_root_names_samples_tasks_and_order() -> None:
    drawn = draw(pool_of([3, 3]), [spec(4)], b"seed")
    samples = drawn.tasks[0].samples
    others = [
        Bundle((TaskSamples("reference_loss", samples[::-1]),)),
        Bundle((TaskSamples("text_loss", samples),)),
        Bundle((TaskSamples("reference_loss", samples[:-1]),)),
    ]
    assert drawn.root not in {other.root for other in others}


def test_a_written_bundle_reads_back(tmp_path: Path) -> None:
    drawn = draw(pool_of([5, 4]), [spec(4), spec(3, "text_loss")], b"seed")
    path = tmp_path / "bundles" / "round.jsonl"
    write_bundle(drawn, path)
    assert (read_bundle(path), read_bundle(path, drawn.root), list(path.parent.iterdir())) == (drawn, drawn, [path])


def test_a_bundle_with_another_root_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "round.jsonl"
    write_bundle(draw(pool_of([5]), [spec(4)], b"seed"), path)
    with pytest.raises(BundleCorrupt, match="delete it, and it is drawn again"):
        read_bundle(path, "0" * 64)


@given(st.data())
def test_no_changed_byte_goes_unnoticed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = encode(draw(pool_of([2]), [spec(2)], b"seed"))
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    path = tmp_path_factory.getbasetemp() / "changed.jsonl"
    for damaged in (changed, whole[:place]):
        path.write_bytes(damaged)
        with pytest.raises(BundleCorrupt):
            read_bundle(path)
