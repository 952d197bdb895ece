"""Shares with near duplicates: equal parts of groups of which none gives two that are nearly the same."""

import hashlib
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.types import Block, BlockHash, Coldkey, Hotkey, NetUid
from evaluation.sources.bundle import Bundle, Drawn, TaskSamples, draw
from evaluation.sources.content import Content, Pair, Text
from evaluation.sources.held import Cause, Held
from evaluation.sources.novelty import signature_of
from evaluation.sources.pool import Pool, Producer
from evaluation.sources.sample import Sample
from evaluation.sources.shares import Parts, equal_parts, in_seed_order
from evaluation.tasks.spec import TaskName, TaskSpec

NEAR = 0.8
BLOCK, HASH, MOMENT = Block(1), BlockHash("0x" + "0" * 64), datetime(2025, 1, 31, tzinfo=UTC)


def words(topic: str, number: int = 0) -> str:
    """A text whose topic makes all of it and whose number only its last word; equal topics are near duplicates."""
    chain = [hashlib.sha256(f"{topic} {place}".encode()).hexdigest()[:12] for place in range(8)]
    return f"{' '.join(chain)} {number}"


def sample(content: Content | str, producer: str | None = None) -> Sample:
    made = Text(content) if isinstance(content, str) else content
    owner = None if producer is None else Hotkey("5" + producer * 47)
    return Sample(made, "pydoc", owner, None if owner is None else NetUid(2), MOMENT, BLOCK, HASH)


def group(owner: str, topics: int, copies: int = 1) -> list[Sample]:
    """So many topics of a coldkey's own, each so often in nearly the same words."""
    return [sample(words(f"{owner} {topic}", copy)) for topic in range(topics) for copy in range(copies)]


def near(one: Sample, other: Sample) -> bool:
    texts = [made.content.text for made in (one, other) if isinstance(made.content, Text)]
    return int((signature_of(texts[0]) == signature_of(texts[1])).sum()) >= 103


def given_by(parts: Parts | None, groups: dict[Coldkey, list[Sample]]) -> dict[str, int]:
    """How many samples each group gave."""
    assert parts is not None
    owner = {made.id: coldkey for coldkey, members in groups.items() for made in members}
    return dict(Counter(owner[made.id] for made in parts.samples))


many = st.dictionaries(
    st.sampled_from([Coldkey(name) for name in "abcd"]),
    st.lists(st.tuples(st.sampled_from(range(6)), st.sampled_from(range(3))), min_size=1, max_size=10, unique=True),
    min_size=1,
)
"""Groups of samples by topic and number; topics are shared between groups, so that these copy one another."""


@settings(max_examples=60, deadline=None)
@given(many, st.integers(1, 8), st.integers(1, 4), st.binary(min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_parts_are_equal_full_distinct_and_independent_of_arrival(
    topics: dict[Coldkey, list[tuple[int, int]]], samples: int, fewest: int, seed: bytes, shuffler: random.Random
) -> None:
    groups = {
        coldkey: [sample(words(str(topic), number), "abcd"[place]) for topic, number in members]
        for place, (coldkey, members) in enumerate(topics.items())
    }
    parts = equal_parts(groups, samples, fewest, seed, NEAR)
    arrived = [(coldkey, shuffler.sample(members, len(members))) for coldkey, members in groups.items()]
    shuffler.shuffle(arrived)
    assert equal_parts(dict(arrived), samples, fewest, seed, NEAR) == parts
    if parts is not None:
        sizes = given_by(parts, groups).values()
        assert (sum(sizes), max(sizes) - min(sizes) <= 1, len(sizes) >= fewest) == (samples, True, True)
        assert not any(near(one, other) for one, other in combinations(parts.samples, 2))
        assert list(parts.samples) == in_seed_order(parts.samples, seed)


def test_samples_come_by_the_hash_of_seed_and_id() -> None:
    members = group("a", 5)
    ranked = sorted(members, key=lambda made: hashlib.sha256(b"seed" + bytes.fromhex(made.id)).hexdigest())
    assert in_seed_order(members, b"seed") == ranked


def test_who_gives_one_more_is_decided_by_the_hash_of_seed_and_coldkey() -> None:
    groups = {Coldkey(name): group(name, 9) for name in "abc"}
    for seed in (b"1", b"2", b"3", b"4"):
        first = sorted(groups, key=lambda coldkey: hashlib.sha256(seed + coldkey.encode()).digest())[:2]
        shares = given_by(equal_parts(groups, 8, 3, seed, NEAR), groups)
        assert shares == {name: 3 if name in first else 2 for name in groups}


def test_of_near_duplicates_only_the_first_in_seed_order_is_drawn_and_the_others_are_counted() -> None:
    groups = {Coldkey("a"): group("a", 4, copies=3), Coldkey("b"): group("b", 9)}
    ranked = in_seed_order(groups[Coldkey("a")], b"seed")
    first = [made for place, made in enumerate(ranked) if not any(near(made, before) for before in ranked[:place])]
    parts = equal_parts(groups, 8, 2, b"seed", NEAR)
    assert parts is not None
    assert [made for made in parts.samples if made in ranked] == first
    last = ranked.index(first[-1])
    assert parts.near_duplicates == last + 1 - len(first)


def test_without_a_threshold_near_duplicates_are_drawn_like_any() -> None:
    groups = {Coldkey("a"): group("a", 1, copies=3)}
    assert equal_parts(groups, 3, 1, b"seed", None) == Parts(tuple(in_seed_order(groups[Coldkey("a")], b"seed")), 0)


def test_a_group_that_only_near_duplicates_could_fill_gives_none_and_the_others_give_more() -> None:
    groups = {Coldkey("a"): group("a", 2, copies=9), Coldkey("b"): group("b", 9), Coldkey("c"): group("c", 9)}
    parts = equal_parts(groups, 12, 2, b"seed", NEAR)
    assert (given_by(parts, groups), parts and parts.near_duplicates) == ({"b": 6, "c": 6}, 0)
    assert equal_parts(groups, 12, 3, b"seed", NEAR) is None


def test_a_group_that_is_left_out_keeps_nothing_of_anothers_out() -> None:
    """It copies two of the six that another group must give all of."""
    copies = [sample(words(f"b {topic}", copy)) for topic in range(2) for copy in range(1, 9)]
    groups = {Coldkey("a"): copies, Coldkey("b"): group("b", 6), Coldkey("c"): group("c", 9)}
    assert given_by(equal_parts(groups, 12, 2, b"seed", NEAR), groups) == {"b": 6, "c": 6}


@pytest.mark.parametrize(
    ("samples", "fewest", "gives"),
    [(2, 2, True), (2, 3, False), (1, 1, True), (0, 1, False), (0, 0, False), (6, 0, True), (7, 1, False)],
)
def test_as_many_groups_give_as_are_asked_for_or_none_does(samples: int, fewest: int, gives: bool) -> None:
    groups = {Coldkey(name): group(name, 2) for name in "abc"}
    assert (equal_parts(groups, samples, fewest, b"seed", NEAR) is not None) is gives


def test_without_groups_nothing_is_drawn() -> None:
    assert equal_parts({}, 1, 0, b"seed", NEAR) is None


def pool_of(*samples: Sample, min_producers: int = 1) -> Pool:
    """A pool of producers who each own themselves."""
    hotkeys = sorted({made.producer for made in samples if made.producer})
    producers = tuple(Producer(hotkey, Coldkey(f"cold {hotkey}"), "", 0) for hotkey in hotkeys)
    ordered = tuple(sorted(samples, key=lambda made: made.id))
    return Pool(ordered, producers, {}, "sample", min_producers, NEAR)


def task(name: TaskName, samples: int, source: str) -> TaskSpec:
    return TaskSpec(name, samples, 1.0, 16.0, source)


def drawn(answer: Drawn | Held) -> Bundle:
    assert isinstance(answer, Drawn), answer
    return answer.bundle


def test_each_task_draws_from_the_source_it_names() -> None:
    asked = [sample(Pair("q", words(f"asked {number}")), "a") for number in range(4)]
    seeded = [sample(words(f"seeded {number}")) for number in range(4)]
    beside = [sample(words(f"beside {number}"), "a") for number in range(4)]
    pools = {"people": pool_of(*asked, *beside), "web": pool_of(*seeded)}
    tasks = [task("text_loss", 4, "web"), task("reference_loss", 3, "people")]
    assert drawn(draw(pools, tasks, b"seed")) == Bundle(
        (
            TaskSamples("text_loss", tuple(in_seed_order(seeded, b"seed"))),
            TaskSamples("reference_loss", tuple(in_seed_order(asked, b"seed")[:3])),
        )
    )


def test_two_tasks_of_one_kind_draw_from_the_same_samples() -> None:
    pool = pool_of(*(sample(words(f"topic {number}"), "a") for number in range(6)))
    long, short = drawn(draw({"": pool}, [task("text_loss", 6, ""), task("text_loss", 4, "")], b"seed")).tasks
    assert (len(long.samples), short.samples) == (6, long.samples[:4])


def test_near_duplicates_of_all_tasks_are_counted_and_matter_within_a_task_only() -> None:
    topics = [words("one"), words("one", 1), words("two")]
    pool = pool_of(*(sample(text, "a") for text in topics), *(sample(Pair("q", text), "a") for text in topics))
    answer = draw({"": pool}, [task("text_loss", 2, ""), task("reference_loss", 2, "")], b"0")
    assert isinstance(answer, Drawn)
    passed = 0
    for members in ([s for s in pool.samples if s.kind == kind] for kind in ("text", "pair")):
        last = in_seed_order(members, b"0")[2]
        passed += words("two") in str(last.content)
    assert (answer.near_duplicates, [len(entry.samples) for entry in answer.bundle.tasks]) == (passed, [2, 2])


def test_what_has_no_producer_is_one_group() -> None:
    pool = pool_of(*(sample(words(f"topic {number}")) for number in range(4)))
    assert len(drawn(draw({"": pool}, [task("text_loss", 4, "")], b"seed")).of("text_loss")) == 4
    held = draw({"": replace(pool, min_producers=2)}, [task("text_loss", 4, "")], b"seed")
    assert held == Held(
        Cause.TOO_FEW,
        "text_loss needs 4 samples in equal parts of at least 2 producers, no two nearly the same; those at hand "
        "have 4",
    )
