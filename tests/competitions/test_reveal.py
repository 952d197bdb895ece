"""Openings are as late as the earliest round lets them be, and no slip within the margin makes one late or void."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.types import Block, BlockCount
from competitions.eligibility import eligible_from, is_void
from competitions.reveal import CannotMeet, Pace, Plan, first_round_block, plan_reveal
from competitions.spec import Competition
from neurons import tables
from tests.competitions.builders import submit

LIVE = replace(
    tables.load("pocket").competitions[0],
    first_block=Block(1_000),
    round_blocks=BlockCount(360),
    eval_delay_blocks=BlockCount(460),
    fetch_blocks=BlockCount(100),
    max_seal_blocks=BlockCount(720),
)
"""The mechanism's defaults."""
PACE = Pace(BlockCount(8), BlockCount(12))


def _rules(first: int, length: int, delays: tuple[int, int], seal: int) -> Competition:
    fetch, delay = sorted(delays)
    return replace(
        LIVE,
        first_block=Block(first),
        round_blocks=BlockCount(length),
        eval_delay_blocks=BlockCount(delay),
        fetch_blocks=BlockCount(fetch),
        max_seal_blocks=BlockCount(seal),
    )


NUMBERS = st.integers(0, 2_000)
RULES = st.builds(_rules, st.integers(0, 100_000), st.integers(1, 1_000), st.tuples(NUMBERS, NUMBERS), NUMBERS)
HEADS = st.integers(0, 200_000).map(Block)
PACES = st.builds(Pace, st.integers(1, 60).map(BlockCount), st.integers(0, 60).map(BlockCount))


@given(RULES, HEADS, PACES, st.none() | st.integers(1, 2_000).map(BlockCount), st.data())
def test_whatever_slips_a_sealed_pointer_is_never_void_and_eligible_for_the_stated_round(
    rules: Competition, head: Block, pace: Pace, wish: BlockCount | None, data: st.DataObject
) -> None:
    plan = plan_reveal(rules, head, pace, wish)
    if isinstance(plan, CannotMeet):
        return
    committed = head + data.draw(st.integers(1, pace.landing))
    opened = plan.open_at + data.draw(st.integers(-pace.margin, pace.margin))
    sealed = submit(1, committed, opened)
    facts = (
        is_void(sealed, rules),
        eligible_from(sealed, rules) <= plan.round_block,
        wish is None and opened <= committed,
    )
    assert facts == (False, True, False)


@given(RULES, HEADS, PACES)
def test_an_opening_is_as_late_as_can_be_and_the_round_as_early(rules: Competition, head: Block, pace: Pace) -> None:
    plan = plan_reveal(rules, head, pace)
    if isinstance(plan, CannotMeet):
        assert pace.landing + 2 * pace.margin > rules.max_seal_blocks
        return
    later = submit(1, head + 1, plan.open_at + 1 + pace.margin)
    assert is_void(later, rules) or eligible_from(later, rules) > plan.round_block
    slowest = submit(1, head + pace.landing, head + pace.landing + 1 + 2 * pace.margin)
    assert plan.round_block == first_round_block(rules, eligible_from(slowest, rules))


@given(RULES, st.integers(0, 200_000).map(Block))
def test_the_first_round_at_a_block_is_the_earliest_not_before_it(rules: Competition, at: Block) -> None:
    found = first_round_block(rules, at)
    earlier = found - rules.round_blocks
    assert (found >= at, earlier < max(at, rules.first_block)) == (True, True)
    assert (found - rules.first_block) % rules.round_blocks == 0


def test_under_the_default_rules_the_opening_is_fetch_and_margin_before_the_earliest_round() -> None:
    plans = [plan_reveal(LIVE, Block(head), PACE) for head in (5_000, 5_212, 5_240)]
    assert plans == [
        Plan(Block(5_680 - 112), Block(5_680)),
        Plan(Block(5_680 - 112), Block(5_680)),  # 5,212 + 8 + 460: the last head from which this round can be had
        Plan(Block(6_040 - 112), Block(6_040)),
    ]


def test_where_the_longest_seal_ends_before_the_round_the_opening_keeps_within_it() -> None:
    rules = replace(LIVE, max_seal_blocks=BlockCount(100))
    assert plan_reveal(rules, Block(5_000), PACE) == Plan(Block(5_000 + 1 + 100 - 12), Block(5_680))


def test_where_the_delay_leaves_no_room_for_fetching_a_later_round_is_named() -> None:
    rules = replace(LIVE, eval_delay_blocks=BlockCount(100))
    assert plan_reveal(rules, Block(5_212), PACE) == Plan(Block(5_680 - 112), Block(5_680))


@pytest.mark.parametrize(
    ("longest", "wish", "reason"),
    [
        (31, None, "no sealed pointer can meet competition answers: a commitment takes up to 8 blocks to land, its "
         "opening may slip by 12 either way, 32 in all, and seals of more than 31 blocks are void: commit in clear "
         "(--encoding hashed)"),
        (720, 710, "a seal of 710 blocks is not possible in competition answers, which voids what opens more than 720 "
         "blocks after its commit, and an opening may slip by 12: ask for 1 to 709"),
        (11, 1, "no sealed pointer can meet competition answers: a commitment takes up to 8 blocks to land, its "
         "opening may slip by 12 either way, 32 in all, and seals of more than 11 blocks are void: commit in clear "
         "(--encoding hashed)"),
    ],
)  # fmt: skip
def test_where_no_seal_can_do_the_numbers_and_the_remedy_are_told(
    longest: int, wish: BlockCount | None, reason: str
) -> None:
    rules = replace(LIVE, max_seal_blocks=BlockCount(longest))
    assert plan_reveal(rules, Block(5_000), PACE, wish) == CannotMeet(reason)
    enough = replace(rules, max_seal_blocks=BlockCount(longest + 1))
    assert isinstance(plan_reveal(enough, Block(5_000), PACE, wish), Plan)
