"""Simulated fields: chance comes from the seed alone, noise is as strong as asked, figures count what happened."""

from dataclasses import replace
from pathlib import Path
from statistics import stdev

import pytest

from backtest.field import FIELDS, Arrivals, Field, Level, read_field
from backtest.figures import figures
from backtest.noise import SHARED, Judgings
from backtest.population import Model, Population
from backtest.rules.port import Turn
from backtest.rules.registry import COMPARISON, OURS
from backtest.simulation import Scene, Story, simulate
from chain.types import Block, Hotkey
from competitions.records import Reign
from competitions.table import parse
from competitions.toml_records import TableError
from tests.competitions.builders import submit

CHAT = parse((FIELDS / "table.toml").read_text(encoding="utf-8")).competitions[0]
FIELD = replace(read_field(FIELDS / "decayed.toml"), validators=2)
SCENE = Scene(FIELD, FIELD.levels[0], CHAT, OURS, "independent", rounds=9, seed=3)


@pytest.mark.parametrize("rule", [OURS, COMPARISON])
def test_a_simulation_is_what_its_seed_makes_it(rule: str) -> None:
    scene = replace(SCENE, rule=rule)
    assert simulate(scene) == simulate(scene)
    assert simulate(scene).turns != simulate(replace(scene, seed=4)).turns


def test_validators_that_find_the_same_values_do_the_same() -> None:
    story = simulate(replace(SCENE, field=replace(FIELD, float_noise=0.0), bundles="shared"))
    assert all(one == other for one, other in story.turns)


def test_float_noise_moves_every_value_a_little_and_differently_on_each_validator() -> None:
    population = Population(FIELD, CHAT, seed=1)
    first = population.models[1]
    exact, one, other = (
        Judgings(replace(FIELD, float_noise=noise), CHAT, population, 0.7, 1).scores(1, SHARED, at, first)[0].values
        for noise, at in ((0.0, 0), (2e-4, 0), (2e-4, 1))
    )
    assert all(0 < abs(value / true - 1) <= 2.001e-4 for value, true in zip(one, exact, strict=True))
    assert all(value != its for value, its in zip(one, other, strict=True))


def test_a_better_model_is_crowned_by_the_rules_and_pays_both_kings_at_first() -> None:
    story = simulate(replace(SCENE, rounds=7))
    arrived = next(id_ for id_, model in story.models.items() if model.name == "better")
    assert [turn.paid for turn in story.turns[5]] == [{1: 0.5, arrived: 0.5}] * 2
    assert [turn.paid for turn in story.turns[6]] == [{arrived: 1.0}] * 2


@pytest.mark.parametrize("shape", ["normal", "heavy", "skewed"])
@pytest.mark.parametrize("part", [0.0, 0.05])
def test_one_rounds_improvement_has_the_standard_error_that_the_level_asks_for(shape: str, part: float) -> None:
    """Variance that a producer's samples have in common does not average out within a round, and adds to it."""
    field = replace(FIELD, shape=shape, producer_part=part, arrivals=(Arrivals("equal", 1, 1, 0.0),))
    population = Population(field, CHAT, seed=1)
    population.turn(0, population.models[1])
    judgings = Judgings(field, CHAT, population, rho=0.7, seed=1)

    def mean(number: int, id_: int) -> float:
        (task,) = judgings.scores(number, SHARED, 0, population.models[id_])
        return sum(task.values) / len(task.values)

    gains = [1 - mean(number, 2) / mean(number, 1) for number in range(600)]
    each = CHAT.tasks[0].samples / field.producers
    assert stdev(gains) == pytest.approx(0.007 * (1 - part + part * each) ** 0.5, rel=0.1)


def turn(before: int, after: int) -> Turn:
    def reign(id_: int) -> Reign:
        return Reign(id_, Hotkey(f"hot{id_}"), 0, Block(1), Block(1), 0.01, confirmed=True)

    return Turn(reign(before), reign(after), {after: 1.0}, judged=2.0)


def test_a_colluding_producer_crowns_its_friend_only_where_no_producer_is_removed() -> None:
    field = replace(read_field(FIELDS / "colluding.toml"), validators=1)
    scene = replace(SCENE, field=field, level=field.levels[0], rounds=6)
    trusting = replace(CHAT, title=replace(CHAT.title, producers_removed=0))
    assert figures(simulate(scene)).false_crowns == 0
    assert figures(simulate(replace(scene, competition=trusting))).false_crowns > 0.1


def test_figures_count_false_crowns_waits_agreement_and_moved_pay() -> None:
    """Of two validators one crowns an equal model in round 2, and a round later than the other the better one."""
    level = Level(rho=0.5, pooled_rounds=3, fewest_rounds=2, significance_without=0.01, limit_rounds=2)
    field: Field = replace(FIELD, arrivals=(Arrivals("better", 9, 1, 0.02), Arrivals("equal", 1, 1, 0.0)))
    models = {
        1: Model(submit(1), "first", 1.0, 0),
        2: Model(submit(2), "equal", 1.0, 1),
        3: Model(submit(3), "better", 0.98, 2),
    }
    turns = ((turn(1, 1), turn(1, 1)), (turn(1, 1), turn(1, 2)), (turn(1, 3), turn(2, 2)), (turn(3, 3), turn(2, 3)))
    found = figures(Story(replace(SCENE, field=field, level=level, rounds=4), turns, models))
    assert (found.false_crowns, found.waits, found.crowned_in_time, found.arrivals) == (1 / 8, (2, 3), 0.5, 1)
    assert (found.agreement, found.moved, found.judged) == (0.5, (0.5, 0.5, 0.5), 2.0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("validators = 5", "validators = 0", "field.validators: must be at least 1 (it is 0)"),
        (
            'shape = "normal"',
            'shape = "odd"',
            "field.shape: input should be 'normal', 'heavy' or 'skewed' (it is 'odd')",
        ),
        ("racing = true", "raceing = true", "field.raceing: unknown field; known are"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, words: str) -> None:
    file = tmp_path / "field.toml"
    file.write_text((FIELDS / "decayed.toml").read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(TableError) as caught:
        read_field(file)
    assert words in str(caught.value)
