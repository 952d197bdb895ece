"""Who enters a round: whoever may win now, in turn, in whatever order they are told and however much junk waits."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.types import Block, Coldkey, Hotkey
from competitions.entrants import Judged, Lane, Throne, Waiting, entering, lane, line_since
from competitions.records import Evidence, FightState, Reign
from competitions.spec import EntrantsSpec
from tests.competitions.builders import submit

KING = Reign(1, Hotkey("hot1"), 5, Block(350), Block(10), 0.04, confirmed=True)
HELD = Throne(KING, 0.02, 2)
VACANT = Throne(None, None, 2)
ON_TRIAL = Throne(replace(KING, confirmed=False), None, 2)


def judged(number: int, state: FightState | None, improvement: float = 0.0, needed: float = 0.03) -> Judged:
    """What a round found; without a state nobody was fought."""
    if state is None:
        return Judged(number, 1.0, None, None, None)
    return Judged(number, 1.0, improvement, needed, Evidence(state, 1, 64, 0.1, 0.5, 0.03, improvement, None))


# ------------------------------------------------------------------------------------------------------- lanes


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        ([], "first"),
        ([judged(6, "passed")], "again"),
        ([judged(6, "open")], "again"),
        ([judged(6, "close"), judged(1, "lost")], "again"),
        ([judged(6, "lost"), judged(5, "open")], None),
        ([judged(6, "outraced", 0.01)], None),
        ([judged(6, "lost", 0.0199)], None),
        ([judged(6, "lost", 0.02)], "again"),
        ([judged(6, "outraced", 0.025)], "again"),
        ([judged(6, "lost", 0.025, needed=0.02)], None),
        ([judged(5, "lost", 0.025)], None),
        ([judged(5, "open", 0.025)], "again"),
        ([judged(4, None)], "again"),
        ([judged(6, "lost"), judged(4, None)], None),
        ([judged(6, None)], "again"),
        ([judged(7, None), judged(6, "lost")], None),
        ([judged(7, None), judged(6, "open")], "again"),
        ([judged(7, None), judged(6, "lost", 0.025)], "again"),
        ([judged(1, "lost")], "first"),
    ],
    ids=[
        "new", "outdone", "open", "second-chance", "lost", "outraced", "epsilon-not-there-yet", "epsilon-fell",
        "epsilon-fell-to-the-bound", "lost-although-ahead", "lost-to-the-king-before", "undecided-with-the-king-before",
        "passed-over-by-the-election", "lost-since-the-election",
        "first-judged-without-its-king", "lost-before-that", "open-before-that",
        "epsilon-fell-before-that", "before-the-election",
    ],
)  # fmt: skip
def test_who_may_win_waits_and_who_can_only_lose_does_not(past: list[Judged], expected: Lane | None) -> None:
    assert lane(past, HELD) == expected


@pytest.mark.parametrize("throne", [VACANT, ON_TRIAL])
def test_for_a_vacant_throne_everybody_waits(throne: Throne) -> None:
    pasts = [[], [judged(1, "lost")], [judged(2, None)], [judged(6, "lost"), judged(1, "lost")]]
    assert [lane(past, throne) for past in pasts] == ["first", "first", "again", "again"]


@pytest.mark.parametrize(
    ("course", "since"),
    [("", 0), ("kkk", 0), ("tk", 0), ("tttkkk", 0), ("tkkvtk", 3), ("tkktttkkk", 3), ("tkvtktkk", 5), ("..tkk", 2)],
)
def test_a_line_of_kings_begins_with_the_newest_election(course: str, since: int) -> None:
    """Of each round: k a king, t one on trial, v nobody, and a dot for a round that is not on record."""
    after = {"k": KING, "t": ON_TRIAL.reign, "v": None}
    assert line_since({n: after[one] for n, one in enumerate(course) if one != "."}) == since


# ------------------------------------------------------------------------------------------------------- the queue


def waiting(id_: int, *past: Judged, coldkey: str | None = None, commit: int | None = None) -> Waiting:
    submission = submit(id_, 10 * id_ if commit is None else commit)
    return Waiting(submission if coldkey is None else replace(submission, coldkey=Coldkey(coldkey)), past)


def entered(all_: Sequence[Waiting], throne: Throne, most: int = 24, per_coldkey: int = 2) -> list[int]:
    return [s.id for s in entering(all_, throne, EntrantsSpec(most, per_coldkey), b"seed")]


def test_lanes_take_turns_and_each_is_served_oldest_first() -> None:
    field = [waiting(n) for n in range(1, 8)] + [waiting(n, judged(6, "open")) for n in range(8, 12)]
    assert [entered(field, HELD, most) for most in (1, 2, 5, 9)] == [
        [8],
        [1, 8],
        [1, 2, 8, 9, 10],
        [1, 2, 3, 4, 5, 8, 9, 10, 11],
    ]


def test_a_vacant_throne_takes_the_best_of_those_it_knows_first() -> None:
    known = [
        waiting(n, replace(judged(6, None), score=score)) for n, score in ((1, 3.0), (2, 1.0), (3, None), (4, 2.0))
    ]
    assert [entered([*known, waiting(9)], VACANT, most) for most in (1, 3, 4)] == [[2], [2, 4, 9], [1, 2, 4, 9]]


def test_in_a_new_election_those_who_came_closest_to_the_old_kings_come_before_what_is_new() -> None:
    """Who was outraced, or judged where nobody was fought, too."""
    known = [waiting(1, judged(1, "lost", -0.1)), waiting(2, judged(1, "lost", 0.01)), waiting(3, judged(1, None))]
    assert [entered([*known, waiting(9), waiting(8)], VACANT, most) for most in (1, 2, 3, 4)] == [
        [2], [1, 2], [1, 2, 3], [1, 2, 3, 8],
    ]  # fmt: skip


def test_no_coldkey_holds_up_the_others() -> None:
    flood = [waiting(n, coldkey="junk") for n in range(1, 50)]
    assert entered([*flood, waiting(90), waiting(91)], HELD, most=4) == [1, 2, 90, 91]
    assert entered([*flood, waiting(90)], HELD, most=6) == [1, 2, 3, 4, 5, 90]


def test_commits_of_one_block_come_in_the_order_that_the_seed_gives_them() -> None:
    field = [waiting(n, commit=30) for n in range(1, 6)]
    orders = {tuple(s.id for s in entering(field, HELD, EntrantsSpec(5), bytes([seed]))) for seed in range(20)}
    assert len(orders) > 10


pasts = st.lists(
    st.builds(judged, st.integers(0, 9), st.sampled_from([None, "passed", "open", "close", "lost", "outraced"])),
    max_size=3,
    unique_by=lambda one: one.number,
).map(lambda found: tuple(sorted(found, key=lambda one: -one.number)))
fields = st.lists(st.tuples(pasts, st.sampled_from("abcdef"), st.integers(1, 5)), max_size=14).map(
    lambda rows: [waiting(n, *past, coldkey=cold, commit=at) for n, (past, cold, at) in enumerate(rows, start=1)]
)
thrones = st.sampled_from([HELD, VACANT, ON_TRIAL])


@given(fields, thrones, st.integers(1, 10), st.integers(1, 3), st.randoms(use_true_random=False))
def test_the_queue_is_bounded_fair_and_the_same_whatever_the_order(
    field: list[Waiting], throne: Throne, most: int, per_coldkey: int, rng: random.Random
) -> None:
    chosen = entered(field, throne, most, per_coldkey)
    shuffled = field.copy()
    rng.shuffle(shuffled)
    assert entered(shuffled, throne, most, per_coldkey) == chosen
    wanted = [one.submission for one in field if lane(one.past, throne)]
    assert {*chosen} <= {s.id for s in wanted}
    assert len(chosen) == min(most, len(wanted))
    places = Counter(s.coldkey for s in wanted if s.id in chosen)
    left = [s for s in wanted if s.id not in chosen and places[s.coldkey] < per_coldkey]
    assert not left or max(places.values()) <= per_coldkey


@given(st.lists(st.sampled_from("aabcd"), min_size=1, max_size=30), st.integers(1, 6), st.integers(1, 3))
def test_everybody_is_judged_once_in_as_few_rounds_as_there_are_places(
    coldkeys: list[str], most: int, per_coldkey: int
) -> None:
    field = {n: waiting(n, coldkey=cold) for n, cold in enumerate(coldkeys, start=1)}
    for number in range(6, 6 - (-len(field) // most)):
        for id_ in entered(list(field.values()), HELD, most, per_coldkey):
            field[id_] = replace(field[id_], past=(judged(number, "lost"), *field[id_].past))
    assert [len(one.past) for one in field.values()] == [1] * len(field)
