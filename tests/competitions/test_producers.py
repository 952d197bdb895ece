"""Producers whose samples tell another tale are named, honest ones hardly ever, whatever number enters."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from competitions.producers import flagged
from competitions.title_fight import NOBODY, Bout, Pairing
from evaluation.tasks.spec import TaskSpec

TASKS = (TaskSpec("text_loss", 256, 1.0, 16.0),)
PRODUCERS = [f"cold{n}" for n in range(8)]


def field(
    seed: int, kind: Mapping[str, float], entrants: int = 4, rounds: int = 1, lopsided: bool = False
) -> list[list[Bout]]:
    """Entrants about 1 % better, with differences of 5 % a sample; a kind producer's samples suit the first more."""
    rng = random.Random(seed)
    kings = [[rng.lognormvariate(0, 0.5) for _ in range(256)] for _ in range(rounds)]
    makers = tuple(PRODUCERS[n % 8] for n in range(256))

    def gain(entrant: int, maker: str) -> float:
        noise = rng.expovariate(1) - 1 if lopsided else rng.gauss(0, 1)
        return 0.01 + 0.05 * noise + (kind.get(maker, 0.0) if entrant == 0 else 0.0)

    def bout(number: int, entrant: int) -> Bout:
        values = tuple(v * (1 - gain(entrant, maker)) for v, maker in zip(kings[number], makers, strict=True))
        return Bout(number, (Pairing(tuple(kings[number]), values, makers),))

    return [[bout(number, entrant) for number in range(rounds)] for entrant in range(entrants)]


@pytest.mark.parametrize(("lopsided", "most"), [(False, 0), (True, 4)])
def test_of_honest_producers_hardly_any_is_ever_flagged(lopsided: bool, most: int) -> None:
    """Of 100 rounds of 8 producers and 4 entrants. Of 400 it was none with normal differences; with those of an
    exponential, whose tail is on one side, one of eight in 2 % of them."""
    assert sum(bool(flagged(TASKS, field(seed, {}, lopsided=lopsided))) for seed in range(100)) <= most


@pytest.mark.parametrize(("kindness", "sign"), [(0.2, 1), (-0.2, -1)], ids=["favours", "spites"])
def test_who_favours_or_spites_one_entrant_by_far_is_flagged_and_nobody_else(kindness: float, sign: int) -> None:
    for seed in range(20):
        found = flagged(TASKS, field(seed, {"cold3": kindness}))
        assert [flag.maker for flag in found] == ["cold3"]
        assert found[0].z * sign > 4


def test_two_that_favour_different_entrants_are_both_flagged() -> None:
    for seed in range(10):
        one, two = field(seed, {"cold3": 0.2})[:2], field(seed, {"cold6": -0.2})[:2]
        assert sorted(flag.maker for flag in flagged(TASKS, [*one, *two])) == ["cold3", "cold6"]


def test_rounds_taken_together_show_what_one_hides() -> None:
    def share(rounds: int) -> float:
        return sum(bool(flagged(TASKS, field(seed, {"cold3": 0.05}, rounds=rounds))) for seed in range(20)) / 20

    assert (share(1) < 0.5, share(3) > 0.8) == (True, True)


def test_of_one_entrant_it_is_welchs_test() -> None:
    (bouts,) = field(3, {"cold3": 0.12}, entrants=1)
    pairing = bouts[0].pairings[0]
    gains = [a - b for a, b in zip(pairing.incumbent, pairing.challenger, strict=True)]
    its, others = ([g for g, m in zip(gains, pairing.makers, strict=True) if (m == "cold3") == own] for own in (1, 0))
    p = stats.ttest_ind(its, others, equal_var=False).pvalue
    assert [flag.z for flag in flagged(TASKS, [bouts])] == [pytest.approx(stats.norm.isf(p / 2), rel=1e-9)]


@settings(max_examples=20)
@given(st.integers(0, 50), st.randoms(use_true_random=False))
def test_no_order_matters(seed: int, rng: random.Random) -> None:
    entrants = field(seed, {"cold3": 0.3, "cold5": 0.2}, rounds=2)
    places = rng.sample(range(256), 256)

    def moved(pairing: Pairing) -> Pairing:
        king, challenger = (tuple(its[n] for n in places) for its in (pairing.incumbent, pairing.challenger))
        return Pairing(king, challenger, tuple(pairing.makers[n] for n in places))

    shuffled = [[replace(b, pairings=tuple(map(moved, b.pairings))) for b in bouts[::-1]] for bouts in entrants]
    rng.shuffle(shuffled)
    assert flagged(TASKS, shuffled) == flagged(TASKS, entrants) != ()


def test_the_more_entrants_the_more_must_be_seen_of_one() -> None:
    """Whoever enters many models that differ by chance alone has nobody flagged for it."""
    suspect, junk = field(1, {"cold3": 0.2}), field(2, {}, entrants=9)
    (alone,), (crowded,) = flagged(TASKS, suspect), flagged(TASKS, [*suspect, *junk])
    assert (alone.maker, crowded.maker, 4 < crowded.z < alone.z) == ("cold3", "cold3", True)
    chance = stats.norm.sf(alone.z) / 4, stats.norm.sf(crowded.z) / 13
    assert chance[0] == pytest.approx(chance[1])


@pytest.mark.parametrize("makers", [[NOBODY], ["own"], ["own", "own", "own", "own", "own", "x", "x", NOBODY]])
def test_who_made_nothing_all_or_too_little_cannot_be_told_apart(makers: Sequence[str]) -> None:
    made = tuple(makers[n % len(makers)] for n in range(8))
    bout = Bout(1, (Pairing((1.0,) * 8, (0.1, 0.2, 0.3, 0.1, 0.2, 5.0, 6.0, 5.0), made),))
    assert flagged(TASKS, [[bout], []]) == ()
    assert flagged(TASKS, []) == ()


def test_where_the_incumbents_losses_are_all_zero_nothing_counts_in_units_of_them() -> None:
    task = replace(TASKS[0], normalisation="by_incumbent")
    bout = Bout(1, (Pairing((0.0,) * 8, (0.1, 0.2) * 4, ("a", "b") * 4),))
    assert flagged((task,), [[bout]]) == ()
