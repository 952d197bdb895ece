"""The title fight: its numbers are those of its formulas, and it passes only with enough, proven, in several rounds."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from competitions.spec import Competition, TitleSpec
from competitions.table import parse
from competitions.title_fight import NOBODY, Bout, Fight, Pairing, Without, favourites, fight
from evaluation.paired import Incomparable, Paired, Stratum, compare
from evaluation.tasks.spec import TaskSpec
from tests.competitions.builders import TABLE, around, bout

LOSS = TaskSpec("reference_loss", 24, 0.7, 16.0, normalisation="saturating", ceiling=4.0)
SHARE = TaskSpec("multiple_choice", 24, 0.3, 1.0, normalisation="by_incumbent")
MAKERS = ("cold1", "cold2", "cold3", NOBODY) * 6


def two_tasks(**title: Any) -> Competition:
    """`chat` with two tasks, both of them normalised."""
    chat = parse(TABLE).competitions[0]
    return replace(chat, tasks=(LOSS, SHARE), title=replace(chat.title, **title))


def fought(competition: Competition, bouts: Sequence[Bout], needed: float = 0.01) -> Fight:
    found = fight(competition, bouts, needed)
    assert isinstance(found, Fight), found
    return found


def field(seed: int, gain: float, kind: Mapping[str, float], noise: float = 0.02) -> tuple[Bout, ...]:
    """Three rounds of two tasks: a challenger better by about `gain`, and by what a maker's kindness adds to that."""
    rng = random.Random(seed)

    def pairing(middle: float) -> Pairing:
        king = tuple(rng.lognormvariate(middle, 0.3) for _ in MAKERS)
        better = (1 - gain - kind.get(maker, 0.0) + rng.gauss(0, noise) for maker in MAKERS)
        return Pairing(king, tuple(value * part for value, part in zip(king, better, strict=True)), MAKERS)

    return tuple(Bout(number, (pairing(0.5), pairing(-1.0))) for number in (4, 2, 7))


# ---------------------------------------------------------------------------------- the formulas, with fifty digits


def by_the_formulas(bouts: Sequence[Bout], without: str | None = None) -> tuple[Any, Any, Any]:
    """D, p and SE / S_K of the two tasks above, written out from the rules; without a maker's samples where one is
    named."""
    mpmath.mp.dps = 50
    exp, whole, c = mpmath.exp, 1 - mpmath.exp(-1), mpmath.mpf(4)
    score_k = score_c = v_all = v_squared = cubes = mpmath.mpf(0)
    for one in bouts:
        for task, w in ((0, mpmath.mpf(0.7)), (1, mpmath.mpf(0.3))):
            told = one.pairings[task]
            kept = [n for n, maker in enumerate(told.makers) if maker != without]
            a, b = ([mpmath.mpf(values[n]) for n in kept] for values in (told.incumbent, told.challenger))
            n = len(kept)
            mean_a, mean_b = mpmath.fsum(a) / n, mpmath.fsum(b) / n
            if task == 0:
                f_a, f_b = ((1 - exp(-m / c)) / whole for m in (mean_a, mean_b))
                d_a, d_b = (exp(-m / c) / c / whole for m in (mean_a, mean_b))
            else:
                f_a, f_b, d_a, d_b = mpmath.mpf(1), mean_b / mean_a, 1 / mean_a, 1 / mean_a
            u = [w * (d_a * (x - mean_a) - d_b * (y - mean_b)) for x, y in zip(a, b, strict=True)]
            v = mpmath.fsum(x**2 for x in u) / (n * (n - 1))
            score_k, score_c, v_all, v_squared = (
                score_k + w * f_a,
                score_c + w * f_b,
                v_all + v,
                v_squared + v**2 / (n - 1),
            )
            cubes += mpmath.fsum(x**3 for x in u) / (n * (n - 1) * (n - 2))
    se, nu = mpmath.sqrt(v_all), v_all**2 / v_squared
    t, g = (score_k - score_c) / se, cubes / mpmath.sqrt(v_all) ** 3
    x = min(t, t + g * t**2 / 3 + g**2 * t**3 / 27 + g / 6)
    tail = mpmath.betainc(nu / 2, mpmath.mpf(1) / 2, 0, nu / (nu + x**2), regularized=True) / 2
    return (score_k - score_c) / score_k, tail if x > 0 else 1 - tail, se / score_k


@pytest.mark.parametrize("kind", [{}, {"cold2": 0.02}], ids=["all-alike", "one-kind"])
def test_every_number_is_that_of_its_formula(kind: dict[str, float]) -> None:
    bouts = field(1, 0.015, kind)
    improvement, p, error = by_the_formulas(bouts)
    alone = {maker: by_the_formulas(bouts, maker) for maker in ("cold1", "cold2", "cold3")}
    kindest = min(alone, key=lambda maker: alone[maker][0])
    found = fought(two_tasks(), bouts)
    assert found.without is not None
    assert (found.rounds, found.samples, found.passes, found.without.makers) == (3, 144, True, (kindest,))
    assert [found.improvement, found.p, found.rho, found.without.improvement, found.without.p] == pytest.approx(
        [float(x) for x in (improvement, p, error * mpmath.sqrt(3) / 0.01, *alone[kindest][:2])], rel=1e-9
    )
    assert not kind or kindest == "cold2"


def test_golden_numbers() -> None:
    king = bout(1, (1.0, 2.0, 4.0, 3.0, 2.0, 1.0), (0.5, 2.0, 3.0, 3.5, 1.5, 1.0), "aabbbb").pairings[0]
    other = bout(1, (0.5, 0.25, 0.75, 0.5), (0.25, 0.25, 0.5, 0.5), "aaaa").pairings[0]
    found = fought(two_tasks(producers_removed=0), [Bout(n, (king, other)) for n in (1, 2)])
    golden = [0.1527266202956369, 0.007076207580108635, 7.363652147834034, 0.2101516797845228]
    assert [found.improvement, found.p, found.rho, found.enough] == pytest.approx(golden, rel=1e-12)


# -------------------------------------------------------------------------------------------------- passing


def test_it_passes_with_what_is_needed_and_enough_rounds_alone(chat: Competition) -> None:
    bouts = [bout(n, around(1.0, n), around(0.98, 50 + n)) for n in (1, 2)]
    assert [fought(chat, told).passes for told in (bouts, bouts[:1])] == [True, False]
    assert [fought(chat, bouts, needed).passes for needed in (0.0199, 0.0201)] == [True, False]


def test_what_chance_would_bring_as_often_does_not_pass_and_it_says_what_would(chat: Competition) -> None:
    bouts = [bout(n, around(1.0, n, spread=0.05), around(0.98, 50 + n, spread=0.05)) for n in (1, 2)]
    found = fought(chat, bouts)
    assert (found.passes, found.improvement > 0.01, found.p > 0.001, found.without) == (False, True, True, None)
    by_more = found.enough - found.improvement
    for extra, passes in ((by_more - 1e-6, False), (by_more + 1e-6, True)):
        told = [replace_challenger(one, lambda b, extra=extra: b - extra) for one in bouts]  # type: ignore[misc]
        assert fought(chat, told).passes is passes


@pytest.mark.parametrize(
    ("many", "few"), [((60, 0.06), (4, -0.2)), ((61, 0.0), (3, 0.35))], ids=["T-passes", "T_H-passes"]
)
def test_lopsided_gains_pass_neither_by_one_statistic_alone(
    chat: Competition, many: tuple[int, float], few: tuple[int, float]
) -> None:
    """What most samples gain a few may lose, and what most do not gain a few may: D is above 1.6 % in both."""
    gains = [gain for number, gain in (many, few) for _ in range(number)]
    bouts = [bout(n, [1.0] * 64, [1.0 - gain for gain in gains]) for n in (1, 2)]
    paired = compare([Stratum([1.0] * 64, [1.0 - gain for gain in gains])] * 2)
    assert isinstance(paired, Paired)
    quantile = stats.t.ppf(0.999, paired.freedom)
    assert min(paired.t, paired.hall) < quantile < max(paired.t, paired.hall)
    found = fought(chat, bouts)
    assert (found.passes, found.improvement > 0.016, found.p) == (
        False, True, pytest.approx(stats.t.sf(min(paired.t, paired.hall), paired.freedom))
    )  # fmt: skip


def replace_challenger(one: Bout, change: Any) -> Bout:
    return replace(one, pairings=tuple(replace(p, challenger=tuple(map(change, p.challenger))) for p in one.pairings))


def test_only_the_newest_rounds_count_and_each_once(chat: Competition) -> None:
    rounds = [bout(n, around(1.0, n), around(0.9 + 0.02 * n, 50 + n)) for n in range(1, 6)]
    newest = fought(chat, rounds[2:])
    assert (newest.rounds, newest.improvement) == (3, pytest.approx(0.02))
    assert fought(chat, rounds) == newest
    assert fought(chat, [rounds[4], rounds[3], rounds[4], rounds[2]]) == newest
    assert fought(chat, [rounds[4]] * 3).passes is False  # one round told three times is one round


@given(st.integers(0, 99), st.permutations(range(3)), st.permutations(range(24)))
def test_no_order_of_rounds_or_samples_moves_a_bit(seed: int, rounds: list[int], places: list[int]) -> None:
    bouts = field(seed, 0.02, {})

    def shuffled(pairing: Pairing) -> Pairing:
        a, b, makers = pairing.incumbent, pairing.challenger, pairing.makers
        return Pairing(*(tuple(its[n] for n in places) for its in (a, b)), tuple(makers[n] for n in places))  # type: ignore[arg-type]

    moved = [Bout(bouts[n].number, tuple(map(shuffled, bouts[n].pairings))) for n in rounds]
    assert fight(two_tasks(), moved, 0.01) == fight(two_tasks(), bouts, 0.01)


@given(st.integers(0, 999), st.floats(-0.02, 0.06), st.sampled_from([0.02, 0.1, 0.4]), st.floats(0.005, 0.05))
def test_whoever_passes_has_what_is_needed_and_proof_with_and_without_its_favourite(
    seed: int, gain: float, noise: float, needed: float
) -> None:
    found = fought(two_tasks(), field(seed, gain, {}, noise), needed)
    tests = [(found.improvement, found.p)]
    if found.without is not None:
        assert found.without.improvement is not None
        assert found.without.p is not None
        tests.append((found.without.improvement, found.without.p))
    proven = [improvement >= needed and p <= 0.001 for improvement, p in tests]
    assert found.passes == all(proven)
    assert (found.without is None) == (not proven[0])
    assert found.improvement < needed or found.is_within_noise


# ------------------------------------------------------------------------------------------------ its favourites


def test_an_improvement_that_one_producer_made_does_not_pass() -> None:
    kind = field(3, 0.0, {"cold2": 0.12})
    assert [fought(two_tasks(producers_removed=f), kind).passes for f in (0, 1)] == [True, False]
    found = fought(two_tasks(), kind).without
    assert found is not None
    assert (found.makers, found.improvement is not None and found.improvement < 0.01) == (("cold2",), True)


def test_what_stands_without_its_favourite_may_be_less_sure_where_the_table_says_so(chat: Competition) -> None:
    makers = [f"cold{n % 8}" for n in range(16)]
    bouts = [bout(n, around(1.0, n, spread=0.05), around(0.96, 50 + n, spread=0.05), makers) for n in (1, 2)]
    found = fought(chat, bouts)
    assert found.without is not None
    assert (found.p < 0.001 < (found.without.p or 0), found.passes) == (True, False)
    lenient = replace(chat, title=TitleSpec(significance_without=0.05))
    assert fought(lenient, bouts) == replace(found, passes=True)


def test_several_favourites_may_be_removed_and_nobody_is_never_one() -> None:
    bouts = field(3, 0.01, {"cold3": 0.1, "cold1": 0.05, NOBODY: 0.5})
    tasks = two_tasks().tasks
    assert [favourites(tasks, bouts, number) for number in (0, 1, 2, 9)] == [
        (), ("cold3",), ("cold3", "cold1"), ("cold3", "cold1", "cold2"),
    ]  # fmt: skip
    nobodies = [replace(b, pairings=tuple(replace(p, makers=(NOBODY,) * 24) for p in b.pairings)) for b in bouts]
    found = fought(two_tasks(), nobodies)
    assert (favourites(tasks, nobodies, 1), found.without, found.passes) == ((), None, True)


def test_of_favourites_that_favour_alike_the_first_by_name_is_removed(chat: Competition) -> None:
    king, challenger = (1.0, 1.1, 0.9, 1.2) * 4, (0.9, 0.95, 0.85, 1.0) * 4
    makers = [maker for maker in "badc" for _ in range(4)]
    assert favourites(chat.tasks, [bout(1, king, challenger, makers)], 2) == ("a", "b")


@pytest.mark.parametrize("left", [0, 2])
def test_who_made_nearly_all_samples_of_a_task_is_the_favourite_and_nothing_passes_without_it(left: int) -> None:
    made = ("own",) * (24 - left) + ("x",) * left
    bouts = [
        replace(one, pairings=(one.pairings[0], replace(one.pairings[1], makers=made))) for one in field(1, 0.05, {})
    ]
    found = fought(two_tasks(), bouts)
    assert (found.passes, found.without, found.improvement > 0.04) == (False, Without(("own",), None, None), True)


def test_without_all_its_producers_nothing_is_left() -> None:
    bouts = [
        replace(one, pairings=tuple(replace(p, makers=("a", "b") * 12) for p in one.pairings))
        for one in field(1, 0.05, {})
    ]
    found = fought(two_tasks(producers_removed=2), bouts)
    assert found.without is not None
    assert (found.passes, {*found.without.makers}, found.without.p) == (False, {"a", "b"}, None)


# ----------------------------------------------------------------------------------------------------- at the edge


def test_without_any_spread_the_improvement_alone_decides(chat: Competition) -> None:
    told = {b: fought(chat, [bout(n, [1.0] * 8, [b] * 8, "xy" * 4) for n in (1, 2)]) for b in (0.875, 1.0, 1.125)}
    assert [(f.improvement, f.p, f.rho, f.enough, f.passes, f.is_within_noise) for f in told.values()] == [
        (0.125, 0.0, 0.0, 0.01, True, True),
        (0.0, 0.5, 0.0, 0.01, False, False),
        (-0.125, 1.0, 0.0, 0.01, False, False),
    ]


PERFECT = Pairing((0.0,) * 4, (0.0,) * 4, MAKERS[:4])
FEW, MANY = bout(1, [1.0] * 2, [0.5] * 2), bout(2, [1.0] * 9, [0.5] * 9)


@pytest.mark.parametrize(
    ("competition", "bouts", "said"),
    [
        (two_tasks(), [], "score is 0"),
        (parse(TABLE).competitions[0], [Bout(1, (PERFECT,))], "score is 0"),
        (parse(TABLE).competitions[0], [FEW, MANY], "(they have 9, 2)"),
        (two_tasks(), [Bout(1, (*MANY.pairings, PERFECT))], "the incumbent's mean is 0"),
    ],
    ids=["no-rounds", "perfect-king", "too-few", "perfect-in-a-task"],
)
def test_what_cannot_be_compared_is_no_fight(competition: Competition, bouts: list[Bout], said: str) -> None:
    found = fight(competition, bouts, 0.01)
    assert isinstance(found, Incomparable)
    assert said in found.reason


def test_whose_samples_the_incumbents_losses_are_is_the_favourite_where_tasks_count_in_units_of_them() -> None:
    """Without them the incumbent's mean is 0, and nothing can be measured in units of it."""
    makers = ("own",) * 12 + ("x",) * 12
    share = Pairing((0.5, 0.6) * 6 + (0.0,) * 12, (0.1, 0.2) * 6 + (0.0,) * 12, makers)
    bouts = [replace(one, pairings=(one.pairings[0], share)) for one in field(1, 0.05, {})]
    assert fought(two_tasks(), bouts).without == Without(("own",), None, None)


def test_beyond_a_ceiling_nothing_is_gained(chat: Competition) -> None:
    beyond = replace(chat, tasks=(replace(chat.tasks[0], normalisation="saturating", ceiling=1.0),))
    king, worse, better = around(2.0, 1), around(1.5, 2), around(0.8, 3)
    none, some = (fought(beyond, [bout(n, king, theirs) for n in (1, 2)]) for theirs in (worse, better))
    assert (none.improvement, none.passes) == (0.0, False)
    assert (some.improvement, some.passes) == (pytest.approx(1 - math.expm1(-0.8) / math.expm1(-1)), True)


@pytest.mark.parametrize(("rule", "passes"), [({"fewest_rounds": 1}, True), ({"significance": 1e-30}, False)])
def test_what_a_fight_asks_is_the_tables(chat: Competition, rule: dict[str, Any], passes: bool) -> None:
    asked = replace(chat, title=replace(TitleSpec(), **rule))
    bouts = [bout(n, around(1.0, n), around(0.98, 50 + n)) for n in (1, 2)]
    assert fought(asked, bouts[: asked.title.fewest_rounds]).passes is passes
