"""Pay: winner takes all, shares from the table at the block, half and half in a reign's first round; what no king takes
is burnt or goes to the others."""

import math
from dataclasses import replace
from typing import Literal

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


# ------------------------------------------------------------------------------------- competitions without a king

THREE = (("a", 0.5), ("b", 0.2), ("c", 0.1))


def of_three(table: Table, without_king: Literal["burn", "others"]) -> Table:
    return replace(table, schedule=(Phase(Block(0), THREE),), without_king=without_king)


def held(name: str, *, since: int = 3, confirmed: bool = True) -> Settled:
    """A reign of the king of that name, which began in that round of five."""
    return Settled(5, replace(reign(since, confirmed=confirmed), hotkey=Hotkey(name)), OLD)


@pytest.mark.parametrize(
    ("kings", "burnt", "shared"),
    [
        ([held("a"), held("b"), held("c")], {"a": 0.5, "b": 0.2, "c": 0.1}, {"a": 0.5, "b": 0.2, "c": 0.1}),
        ([held("a"), held("b")], {"a": 0.5, "b": 0.2}, {"a": 0.8 * 5 / 7, "b": 0.8 * 2 / 7}),
        ([held("c")], {"c": 0.1}, {"c": 0.8}),
        ([held("b", since=5), held("a", confirmed=False)], {"b": 0.1, "old": 0.1}, {"b": 0.4, "old": 0.4}),
        ([held("a", confirmed=False), Settled(5, None, OLD)], {}, {}),
        ([], {}, {}),
    ],
    ids=["all", "two", "one", "first-round", "on-trial-and-vacant", "nothing-settled"],
)
def test_the_share_of_a_competition_without_a_king_is_burnt_or_the_others(
    table: Table, kings: list[Settled], burnt: dict[str, float], shared: dict[str, float]
) -> None:
    settled = {king.reign.hotkey if king.reign else "c": king for king in kings}
    for rule, weights in (("burn", burnt), ("others", shared)):
        got = pay(of_three(table, rule), Block(0), settled)  # type: ignore[arg-type]  # a pair of them
        assert (got.hotkeys, got.burn) == (pytest.approx(weights), pytest.approx(1 - sum(weights.values())))


def test_where_only_competitions_without_a_share_have_a_king_all_is_burnt(table: Table) -> None:
    none = replace(of_three(table, "others"), schedule=(Phase(Block(0), (("a", 0.5), ("b", 0.0))),))
    assert pay(none, Block(0), {"b": held("b")}) == Pay({"b": 0.0}, 1.0)


shares = st.lists(st.floats(0, 0.25), min_size=1, max_size=4)
ends = st.sampled_from([None, "vacant", "on-trial", "first-round", "reigning"])


@given(shares, st.lists(ends, min_size=4, max_size=4), st.sampled_from(["burn", "others"]), st.permutations(range(4)))
def test_whoever_has_a_king_weights_are_a_distribution_and_nobody_loses_by_anothers_vacancy(
    given_: list[float], how: list[str | None], rule: Literal["burn", "others"], order: list[int]
) -> None:
    kings = {
        "vacant": Settled(5, None, OLD),
        "on-trial": held("x", confirmed=False),
        "first-round": held("x", since=5),
        "reigning": held("x"),
    }
    names = [f"c{n}" for n in range(len(given_))]
    table = replace(
        parse(TABLE), schedule=(Phase(Block(0), tuple(zip(names, given_, strict=True))),), without_king=rule
    )
    settled = {f"c{n}": kings[end] for n in order if (end := how[n]) and n < len(given_)}
    got, burn = pay(table, Block(0), settled), pay(replace(table, without_king="burn"), Block(0), settled)
    assert min(*got.hotkeys.values(), got.burn, 0.0) == 0.0
    assert math.fsum([*got.hotkeys.values(), got.burn]) == pytest.approx(1)
    assert all(got.hotkeys[hotkey] >= weight - 1e-12 for hotkey, weight in burn.hotkeys.items())
    shared = math.fsum(got.hotkeys.values())
    assert rule == "burn" or shared == pytest.approx(0) or shared == pytest.approx(math.fsum(given_))
