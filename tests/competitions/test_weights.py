"""Pay: winner takes all, shares from the table at the block, half and half in a reign's first round, burn otherwise."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.types import Block, Hotkey
from competitions.records import Reign
from competitions.spec import Phase, Table
from competitions.table import parse
from competitions.weights import Pay, Settled, pay
from tests.competitions.builders import TABLE

OLD, NEW = Hotkey("old"), Hotkey("new")


def reign(since: int, *, confirmed: bool = True) -> Reign:
    return Reign(1, NEW, since, Block(100), Block(10), 0.02, confirmed)


@pytest.mark.parametrize(
    ("settled", "weights"),
    [
        (Settled(5, reign(3), NEW), {NEW: 0.7}),
        (Settled(5, reign(5), OLD), {NEW: 0.35, OLD: 0.35}),
        (Settled(5, reign(5), NEW), {NEW: 0.7}),
        (Settled(5, reign(5), None), {NEW: 0.7}),
        (Settled(5, reign(5, confirmed=False), OLD), {}),
        (Settled(5, None, OLD), {}),
        (None, {}),
    ],
    ids=["reigning", "first-round", "own-successor", "first-king", "on-trial", "vacant", "nothing-settled"],
)
def test_the_winner_takes_the_share(table: Table, settled: Settled | None, weights: dict[Hotkey, float]) -> None:
    got = pay(table, Block(0), {"chat": settled} if settled else {})
    assert got == Pay(weights, burn=pytest.approx(1 - sum(weights.values())))  # type: ignore[arg-type]


def test_shares_follow_the_schedule(table: Table) -> None:
    king = {"chat": Settled(5, reign(3), NEW)}
    assert [pay(table, Block(b), king).hotkeys for b in (499, 500)] == [{NEW: 0.7}, {NEW: 0.2}]


def test_what_shares_of_the_whole_miss_it_by_is_nobodys_pay(table: Table) -> None:
    """Ten tenths sum to less than one."""
    names = [f"c{number}" for number in range(10)]
    whole = replace(table, schedule=(Phase(Block(0), tuple((name, 0.1) for name in names)),))
    kings = {name: Settled(5, replace(reign(3), hotkey=Hotkey(name)), None) for name in names}
    assert (sum([0.1] * 10) < 1, pay(whole, Block(0), kings).burn) == (True, 0.0)


@given(st.booleans(), st.integers(3, 6), st.sampled_from([None, OLD, NEW]), st.integers(0, 1_000))
def test_weights_are_not_negative_and_sum_to_one(
    confirmed: bool, since: int, previous: Hotkey | None, block: int
) -> None:
    got = pay(parse(TABLE), Block(block), {"chat": Settled(5, reign(since, confirmed=confirmed), previous)})
    assert min(*got.hotkeys.values(), got.burn, 0.0) == 0.0
    assert sum(got.hotkeys.values()) + got.burn == pytest.approx(1)
