"""Racing: rungs hold each sample once and everybody's same part, and a race is lost only where nothing is left."""

import random
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.types import Block, BlockHash, Hotkey, NetUid
from evaluation.executor import Race
from evaluation.paired import Paired, Stratum, at_best, compare
from evaluation.racing import ERROR, Rung, Stop, counted, error_of, in_turn, look, rungs
from evaluation.sources.bundle import Bundle, TaskSamples
from evaluation.sources.content import Content, Pair, Text
from evaluation.sources.sample import Sample
from evaluation.tasks.spec import TaskSpec

MOMENT, HASH = datetime(2025, 1, 31, tzinfo=UTC), BlockHash("0x" + "0" * 64)
ANSWERS, TEXTS = TaskSpec("reference_loss", 0, 2.0, 16.0), TaskSpec("text_loss", 0, 1.0, 16.0)


def sample(number: int, content: Content, producer: int | None) -> Sample:
    owner = None if producer is None else Hotkey("5" + "abcdefghijkmnopq"[producer] * 47)
    return Sample(content, "pydoc", owner, None if owner is None else NetUid(2), MOMENT, Block(number + 1), HASH)


def bundle_of(answers: list[int | None], texts: list[int | None]) -> Bundle:
    """Two tasks' samples, given who made each."""
    asked = tuple(sample(n, Pair("q", "a"), producer) for n, producer in enumerate(answers))
    read = tuple(sample(n, Text("text"), producer) for n, producer in enumerate(texts))
    return Bundle((TaskSamples("reference_loss", asked), TaskSamples("text_loss", read)))


def parts(most: int) -> st.SearchStrategy[list[int | None]]:
    """Who made each of up to so many samples, in equal parts (some give one more), in any order; or nobody did."""
    made = st.tuples(st.integers(1, most), st.integers(1, 16)).map(lambda both: [n % both[1] for n in range(both[0])])
    return made.flatmap(st.permutations) | st.integers(1, most).map(lambda number: [None] * number)


@given(parts(300), parts(60))
@settings(max_examples=60, deadline=None)
def test_rungs_hold_each_sample_once_and_never_too_few(answers: list[int | None], texts: list[int | None]) -> None:
    made = rungs(bundle_of(answers, texts), (ANSWERS, TEXTS))
    for place, whole in enumerate((answers, texts)):
        assert sorted(index for rung in made for index in rung[place]) == list(range(len(whole)))
        assert all(list(rung[place]) == sorted(rung[place]) for rung in made)
    sizes = [sum(map(len, rung)) for rung in made]
    assert len(made) == 1 or min(sizes) >= 32


@given(parts(300), st.integers(0, 300))
def test_any_beginning_holds_the_same_part_of_every_producers_samples(producers: list[int | None], taken: int) -> None:
    begun = Counter(producers[place] for place in in_turn(producers)[:taken])
    part = min(taken, len(producers)) / len(producers)
    assert all(abs(begun[one] - part * whole) <= 1 for one, whole in Counter(producers).items())


@given(parts(100))
def test_each_producers_samples_are_taken_in_the_bundles_order(producers: list[int | None]) -> None:
    order = in_turn(producers)
    own = [[place for place in order if producers[place] == one] for one in set(producers)]
    assert own == [sorted(places) for places in own]


def test_rungs_follow_the_tasks_asked_for_and_their_order() -> None:
    bundle = bundle_of([n % 4 for n in range(64)], [None] * 128)
    both = rungs(bundle, (ANSWERS, TEXTS))
    assert rungs(bundle, (TEXTS, ANSWERS)) == tuple((texts, answers) for answers, texts in both)
    assert [len(rung[0]) for rung in rungs(bundle, (ANSWERS,))] == [32, 32]


@pytest.mark.parametrize(
    ("totals", "judged"),
    [
        ((16,), [(16,)]),
        ((63,), [(63,)]),
        ((64,), [(32,), (64,)]),
        ((127,), [(63,), (127,)]),
        ((128,), [(32,), (64,), (128,)]),
        ((256,), [(32,), (64,), (128,), (256,)]),
        ((1000,), [(125,), (250,), (500,), (1000,)]),
        ((256, 32, 8), [(32, 16, 8), (64, 16, 8), (128, 16, 8), (256, 32, 8)]),
        ((64, 64), [(16, 16), (32, 32), (64, 64)]),
        ((16,) * 8, [(16,) * 8]),
        ((), [()]),
    ],
)
def test_the_samples_judged_after_each_rung(totals: tuple[int, ...], judged: list[tuple[int, ...]]) -> None:
    assert list(counted(totals)) == judged


@given(st.integers(1, 12))
def test_looks_share_the_error_and_later_ones_have_more(looks: int) -> None:
    spent = [error_of(number, looks) for number in range(1, looks + 1)]
    assert sum(spent) == pytest.approx(ERROR)
    assert spent == sorted(spent)


def drawn(rng: random.Random, samples: int, gain: float, noise: float) -> tuple[tuple[float, ...], list[float]]:
    """An incumbent's values, and those of a challenger better by about `gain`."""
    incumbent = tuple(rng.lognormvariate(0.0, 0.4) for _ in range(samples))
    return incumbent, [value * (1 - gain) - rng.gauss(0, noise) for value in incumbent]


def raced(plan: tuple[Rung, ...], race: Race, challenger: list[list[float]]) -> Stop | list[dict[int, float]]:
    """A race as it is judged: the values rung by rung, a look after each."""
    values: list[dict[int, float]] = [{}, {}]
    for number, rung in enumerate(plan, start=1):
        for own, known, new in zip(challenger, values, rung, strict=True):
            known |= {place: own[place] for place in new}
        if stop := look((ANSWERS, TEXTS), race, values, number, len(plan)):
            return stop
    return values


def improvement(race: Race, challenger: list[list[float]]) -> float:
    """As standings have it, from all samples."""
    king, other = (
        sum(w * sum(v) / len(v) for w, v in zip((2, 1), side, strict=True)) for side in (race.incumbent, challenger)
    )
    return (king - other) / king


PLAN = rungs(bundle_of([n % 8 for n in range(128)], [n % 8 for n in range(64)]), (ANSWERS, TEXTS))


def races(gain: float, noise: float, number: int) -> list[tuple[Race, list[list[float]]]]:
    """A fixed corpus."""
    made, rng = [], random.Random(f"{gain} {noise}")
    for _ in range(number):
        (answers, own_answers), (texts, own_texts) = drawn(rng, 128, gain, noise), drawn(rng, 64, gain, noise)
        made.append((Race((answers, texts), 0.01), [own_answers, own_texts]))
    return made


@pytest.mark.parametrize("noise", [0.02, 0.05, 0.15])
def test_whoever_reaches_what_is_needed_on_all_samples_is_judged_on_all_of_them(noise: float) -> None:
    reach = [(race, own) for race, own in races(0.01, noise, 400) if improvement(race, own) >= race.needed]
    assert len(reach) > 150
    ends = [raced(PLAN, race, own) for race, own in reach]
    assert ends == [[dict(enumerate(values)) for values in own] for _, own in reach]


def test_a_race_that_is_lost_would_have_been_lost_on_all_samples() -> None:
    corpus = races(0.0, 0.03, 200)
    lost = [(race, own) for race, own in corpus if isinstance(raced(PLAN, race, own), Stop)]
    assert len(lost) > 60
    assert max(improvement(race, own) for race, own in lost) < 0.01


def test_who_is_clearly_worse_is_stopped_at_the_first_look_and_told_how_far_off_it_was() -> None:
    race, own = races(-0.1, 0.03, 1)[0]
    first = [Stratum([known[place] for place in new], [value[place] for place in new], weight, sd_floor=0.01)
             for known, value, new, weight in zip(race.incumbent, own, PLAN[0], (2.0, 1.0), strict=True)]  # fmt: skip
    paired = compare(first, 0.01)
    assert isinstance(paired, Paired)
    stop = raced(PLAN, race, own)
    assert stop == Stop(1, paired.improvement, at_best(paired, error_of(1, 2)))
    assert -0.13 < stop.improvement < stop.at_best < 0.0


def test_the_order_in_which_values_came_does_not_matter() -> None:
    race, own = races(-0.1, 0.05, 1)[0]
    forwards = [{place: value[place] for place in new} for value, new in zip(own, PLAN[0], strict=True)]
    backwards = [dict(reversed(known.items())) for known in forwards]
    told = look((ANSWERS, TEXTS), race, forwards, 1, 3)
    assert told is not None
    assert look((ANSWERS, TEXTS), race, backwards, 1, 3) == told


def test_after_the_last_rung_no_race_is_lost() -> None:
    race, own = races(-0.5, 0.01, 1)[0]
    values = [dict(enumerate(value)) for value in own]
    assert look((ANSWERS, TEXTS), race, values, 3, 3) is None
    assert look((ANSWERS, TEXTS), race, values, 2, 3) is not None


@pytest.mark.parametrize(
    ("incumbent", "values"),
    [
        (((0.0,) * 40, (0.0,) * 40), [dict.fromkeys(range(40), 9.0)] * 2),
        (((1.0,) * 40, (1.0,) * 2), [dict.fromkeys(range(40), 9.0), dict.fromkeys(range(2), 9.0)]),
    ],
    ids=["an incumbent without a loss", "a task of two samples"],
)
def test_where_nothing_can_be_compared_the_race_goes_on(
    incumbent: tuple[tuple[float, ...], ...], values: list[dict[int, float]]
) -> None:
    assert look((ANSWERS, TEXTS), Race(incumbent, 0.01), values, 1, 2) is None


@pytest.mark.parametrize(("floor", "lost"), [(0.0, True), (0.005, True), (0.05, False)])
def test_a_few_samples_that_happen_to_agree_end_no_race(floor: float, lost: bool) -> None:
    """Equal but for a millionth: the bound is the improvement itself, unless differences are known to spread."""
    task = TaskSpec("text_loss", 0, 1.0, 16.0, sd_floor=floor)
    known = tuple(1.0 + n / 64 for n in range(64))
    values = {place: known[place] + 1e-6 * (place % 3) for place in range(32)}
    assert isinstance(look((task,), Race((known,), 0.01), [values], 1, 2), Stop) is lost
