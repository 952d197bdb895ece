"""What must hold of every round, whoever enters it: no order, no clone and no noise of the arithmetic moves a crown."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import stdtrit

from chain.types import Block, Hotkey
from competitions.bouts import meet
from competitions.entrant import Entrant, Result, Setting, needed
from competitions.ranking import decide
from competitions.records import Reign, Standing, TaskScore
from competitions.table import parse
from competitions.title_fight import NOBODY, Bout, Pairing
from evaluation.paired import Paired, compare
from evaluation.strata import stratum
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Outraced, TaskValues
from models.rejections import Reason, Rejection
from tests.competitions.builders import TABLE, submit

KING = Reign(1, Hotkey("hot1"), 0, Block(100), Block(10), 0.04, confirmed=True)
TASKS = (
    TaskSpec("reference_loss", 32, 0.6, 16.0, normalisation="saturating", ceiling=6.0),
    TaskSpec("multiple_choice", 32, 0.4, 1.0, normalisation="by_incumbent"),
)
MAKERS = tuple(f"cold{n % 7}" if n % 8 else NOBODY for n in range(32))
NUMBER = 5
SETTING = Setting(
    replace(parse(TABLE).competitions[0], tasks=TASKS),
    NUMBER,
    Block(800),
    b"seed",
    {task.name: MAKERS for task in TASKS},
)
"""Epsilon is 1.63 % at its seed block."""

Values = tuple[tuple[float, ...], tuple[float, ...]]
"""One model's values of one round, a tuple for each task."""


def kings(number: int) -> Values:
    rng = random.Random(number)
    return tuple(rng.lognormvariate(0.5, 0.3) for _ in MAKERS), tuple(rng.uniform(0.2, 0.8) for _ in MAKERS)


def challengers(number: int, own: int, gain: float, noise: float) -> Values:
    rng = random.Random(f"{own} {number}")
    loss, share = (tuple(v * max(0.0, 1 - gain + rng.gauss(0, noise)) for v in its) for its in kings(number))
    return loss, share


def of_tasks(values: Values) -> tuple[TaskScore, ...]:
    return tuple(TaskScore(task.name, its) for task, its in zip(TASKS, values, strict=True))


Change = Callable[[int, int, Values], Values]
"""Of a round and a submission (the incumbent's is 1): what becomes of its values."""


def same(_number: int, _id: int, values: Values) -> Values:
    return values


def king(change: Change = same) -> Entrant:
    return Entrant(submit(1), Block(10), of_tasks(change(NUMBER, 1, kings(NUMBER))))


def rival(id_: int, gain: float, noise: float, rounds: int, change: Change = same, **more: object) -> Entrant:
    """A challenger that is better by about `gain`, in its so many-th full round."""

    def its(number: int) -> Values:
        return change(number, id_, challengers(number, id_, gain, noise))

    def met(number: int) -> Bout:
        both = zip(change(number, 1, kings(number)), its(number), strict=True)
        return Bout(number, tuple(Pairing(a, b, MAKERS) for a, b in both))

    earlier = tuple(met(number) for number in range(NUMBER - rounds + 1, NUMBER))
    return Entrant(submit(id_, 10 + id_, **more), Block(10 + id_), of_tasks(its(NUMBER)), earlier)


Drawn = tuple[float, float, int]
drawn = st.tuples(st.floats(-0.05, 0.08), st.sampled_from([0.002, 0.02, 0.1]), st.integers(1, 4))
"""Gain, noise and rounds of a challenger."""
fields = st.lists(drawn, max_size=4)
incumbents = st.sampled_from([None, KING, replace(KING, confirmed=False)])
others = st.sampled_from(
    [
        Rejection(Reason.CONFIG, "is_causal"),
        "the device ran out of memory",
        Outraced((TaskValues("reference_loss", ("a",), (1.0,)),), 1.0, 9, 9, "env", 1, -0.02, 0.005),
    ]
)


def field_of(rows: Sequence[Drawn], change: Change = same, first: int = 2) -> list[Entrant]:
    return [rival(id_, *row, change=change) for id_, row in enumerate(rows, start=first)]


def levels(setting: Setting, field: Sequence[Entrant]) -> dict[int, Standing]:
    """Every standing but for its place, which counts who else is there, and who else was crowned."""
    found = decide(setting, KING, field).standings
    return {s.submission_id: replace(s, place=0, role="challenger", why="") for s in found}


# -------------------------------------------------------------------------------------------------------- order


@given(fields, st.lists(others, max_size=2), incumbents, st.randoms(use_true_random=False))
def test_no_order_of_entrants_rounds_or_samples_moves_anything(
    rows: list[Drawn], failed: list[Result], incumbent: Reign | None, rng: random.Random
) -> None:
    unscored = [replace(rival(20 + n, 0.0, 0.0, 1), result=its) for n, its in enumerate(failed)]
    field = [king(), *field_of(rows), *unscored]
    places = list(range(len(MAKERS)))
    rng.shuffle(places)

    def moved(_number: int, _id: int, values: Values) -> Values:
        loss, share = (tuple(its[n] for n in places) for its in values)
        return loss, share

    makers = tuple(MAKERS[n] for n in places)

    def told(one: Bout) -> Bout:
        return replace(one, pairings=tuple(replace(pairing, makers=makers) for pairing in one.pairings))

    shuffled = [king(moved), *field_of(rows, moved), *unscored]
    shuffled = [replace(e, earlier=tuple(rng.sample([*map(told, e.earlier)], len(e.earlier)))) for e in shuffled]
    rng.shuffle(shuffled)
    setting = replace(SETTING, makers={task.name: makers for task in TASKS})
    assert decide(setting, incumbent, shuffled) == decide(SETTING, incumbent, field)


# --------------------------------------------------------------------------------- clones, junk and the crown


def passing(field: Sequence[Entrant]) -> set[int]:
    return {id_ for id_, met in meet(SETTING, KING, [king(), *field]).items() if met.evidence.state == "passed"}


@given(fields, fields, st.lists(others, max_size=2), st.integers(0, 6), st.integers(0, 4))
def test_whoever_does_not_pass_moves_neither_the_crown_nor_anybodys_level(
    rows: list[Drawn], junk: list[Drawn], failed: list[Result], clones: int, rounds: int
) -> None:
    """Clones of the king that came before everybody else, and whatever else enters."""
    field = field_of(rows)
    copies = [rival(40 + n, 0.0, 0.0, rounds, commit_block=Block(1 + n)) for n in range(clones)]
    added = [
        *(replace(one, result=king().result) for one in copies),
        *(one for one in field_of(junk, first=60) if one.submission.id not in passing([one])),
        *(replace(rival(80 + n, 0.0, 0.0, 1), result=its) for n, its in enumerate(failed)),
    ]  # fmt: skip
    without, with_ = decide(SETTING, KING, [king(), *field]), decide(SETTING, KING, [*added, king(), *field])
    assert with_.reign == without.reign
    before, after = levels(SETTING, [king(), *field]), levels(SETTING, [*added, king(), *field])
    assert {id_: after[id_] for id_ in before} == before


@given(fields)
def test_a_crown_goes_to_one_that_passed_and_no_better_one_came_earlier(rows: list[Drawn]) -> None:
    field = field_of(rows)
    reign, won = decide(SETTING, KING, [king(), *field]).reign, passing(field)
    assert reign is not None
    if not won:
        assert reign == KING
        return
    gains = {id_: met.improvement for id_, met in meet(SETTING, KING, [king(), *field]).items() if id_ in won}
    close = [id_ for id_, gain in gains.items() if gain >= max(gains.values()) - 0.01]
    assert reign.submission_id == min(close)  # ids rise with commit blocks
    assert (reign.since_round, reign.crown_block, reign.confirmed) == (NUMBER, 800, True)
    assert 0 <= gains[reign.submission_id] - reign.earned < 0.001 + 1e-9


@given(st.lists(others, max_size=4), incumbents, others)
def test_where_nobody_has_a_finite_score_nothing_changes(
    results: list[Result], incumbent: Reign | None, of_king: Result
) -> None:
    field = [replace(rival(2 + n, 0.0, 0.0, 1), result=its) for n, its in enumerate(results)]
    assert decide(SETTING, incumbent, [replace(king(), result=of_king), *field]).reign == incumbent


# -------------------------------------------------------------------------------------------------- float noise

NOISE = 2e-4
"""How far two honest machines' values may lie apart, relative to them."""

GAIN_WINDOW = 2.1 * NOISE
"""Both means move by NOISE at most, and the normalised ones by no more, since no shape here is steeper than a line
through 0: so D, which is less than 1 apart from 0, moves by no more than this where it is not negative."""


def t_window(paired: Paired, strata_rms: float) -> float:
    """How far T and T_H may move: the surplus by GAIN_WINDOW of the score, SE by NOISE of what it would be if the
    values themselves were the deviations; and twice that, for T_H's skew moves with both."""
    surplus, error = GAIN_WINDOW * paired.incumbent, 1.1 * NOISE * strata_rms
    return 2 * (surplus + abs(paired.t) * error) / (paired.error - error) if paired.error > 2 * error else math.inf


def verges(bouts: Sequence[Bout]) -> list[tuple[float, float]]:
    """Of a fight, whole and without each of its producers: by how much min(T, T_H) misses its quantile, and the window
    in which noise can move it over."""
    found = []
    for removed in (None, *sorted({*MAKERS} - {NOBODY})):
        strata, squares = [], 0.0
        for one in bouts:
            for task, pairing in zip(TASKS, one.pairings, strict=True):
                kept = [n for n, maker in enumerate(pairing.makers) if maker != removed]
                a, b = ([its[n] for n in kept] for its in (pairing.incumbent, pairing.challenger))
                part = stratum(task, a, b)
                strata.append(part)
                mean = math.fsum(a) / len(a)
                steep = part.weight * max(part.normalisation.slope(m, mean) for m in (mean, math.fsum(b) / len(b)))
                squares += steep**2 * math.fsum((x + y) ** 2 for x, y in zip(a, b, strict=True)) / len(a) ** 2
        paired = compare(strata)
        assert isinstance(paired, Paired)
        quantile = float(stdtrit(paired.freedom, 0.999))
        found.append((abs(min(paired.t, paired.hall) - quantile), t_window(paired, math.sqrt(squares))))
        found.append((abs(paired.improvement - needed(SETTING, KING)), GAIN_WINDOW))
    return found


def is_clear(field: Sequence[Entrant]) -> bool:
    """Outside the tie window: for no challenger, whole or without any one of its producers, does D lie within 2.1 NOISE
    of epsilon or min(T, T_H) within its window of the quantile; and no D of those that pass lies within 4.2 NOISE of
    the largest less eps_end, nor the crowned one's within 2.1 NOISE of a tenth of a percent (which is `earned`)."""
    tested = []
    for one in field:
        bouts = _pooled(one)
        if len(bouts) > 1:
            tested += verges(bouts)
    won = passing(field)
    gains = [met.improvement for id_, met in meet(SETTING, KING, [king(), *field]).items() if id_ in won]
    tested += [(abs(gain - max(gains) + 0.01), 2 * GAIN_WINDOW) for gain in gains]
    return all(gap > window for gap, window in tested)


def _pooled(one: Entrant) -> list[Bout]:
    assert isinstance(one.result, tuple)
    now = zip(kings(NUMBER), (task.values for task in one.result), strict=True)
    bouts = [Bout(NUMBER, tuple(Pairing(a, b, MAKERS) for a, b in now)), *one.earlier]
    return sorted(bouts, key=lambda b: -b.number)[:3]


@given(
    st.lists(drawn, min_size=1, max_size=3),
    st.integers(0, 9_999),
    st.sampled_from(["each", "all-up", "one-up"]),
)
def test_noise_of_the_arithmetic_moves_no_crown_outside_the_tie_window(rows: list[Drawn], seed: int, kind: str) -> None:
    field = field_of(rows)
    assume(is_clear(field))

    def noisy(number: int, id_: int, values: Values) -> Values:
        rng = random.Random(f"{seed} {number} {id_}")
        sign = {"all-up": 1.0, "one-up": 1.0 if id_ == 1 else -1.0}.get(kind)
        loss, share = (tuple(v * (1 + NOISE * (sign or rng.uniform(-1, 1))) for v in its) for its in values)
        return loss, share

    apart = decide(SETTING, KING, [king(noisy), *field_of(rows, noisy)])
    agreed = decide(SETTING, KING, [king(), *field]).reign
    assert agreed is not None
    assert apart.reign is not None
    assert apart.reign.submission_id == agreed.submission_id
    assert apart.reign.earned == pytest.approx(agreed.earned, abs=0.001 + 1e-9)
