"""Simulated races decide as the real ones do, lose hardly any winner, and crown nobody whom all samples would not."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.races.many import Field, lost_after, races_of
from benchmarks.races.shapes import NAMED
from benchmarks.racing import cell
from evaluation.executor import Race
from evaluation.racing import Stop, counted, look
from evaluation.tasks.spec import TaskSpec

FIELD = Field((128, 64), (0.7, 0.3), (1.0, 2.0))


@pytest.mark.parametrize("shape", ["gains lopsided", "clipped", "gains sparse, floor"])
def test_a_simulated_race_is_lost_where_the_real_one_is(shape: str) -> None:
    run = races_of(np.random.default_rng(3), FIELD, NAMED[shape], -0.01, 0.004, 200)
    names = ("reference_loss", "text_loss")
    tasks = [
        TaskSpec(name, 0, weight, 16.0, sd_floor=floor)
        for name, weight, floor in zip(names, FIELD.weights, run.sd_floors, strict=True)
    ]
    plan, ends = counted(FIELD.samples), []
    for row in range(200):
        race = Race(tuple(tuple(values[row]) for values in run.incumbents), 0.01)
        stops = (
            look(
                tasks,
                race,
                [dict(enumerate(v[row, :n])) for v, n in zip(run.challengers, counts, strict=True)],
                rung,
                3,
            )
            for rung, counts in enumerate(plan, start=1)
        )
        ends.append(next((stop.rung for stop in stops if isinstance(stop, Stop)), 0))
    assert ends == lost_after(run, 0.01).tolist()
    assert len(set(ends)) == 3


@pytest.mark.parametrize("shape", ["normal", "gains lopsided"])
@pytest.mark.parametrize("level", [0.2, 1.0])
def test_hardly_a_winner_is_lost_and_nobody_crowned_whom_all_samples_would_not_crown(level: float, shape: str) -> None:
    found = cell(level, NAMED[shape], 6_000, np.random.default_rng(11))
    of = found.just_enough
    assert of.lost <= stats.binom.ppf(0.999, of.races, 0.005)
    assert of.lost_though_reached <= stats.binom.ppf(0.999, of.reached, 0.005)
    assert (found.false_crowns, of.reached > 2_500) == (0, True)
    assert found.saving("worse") > found.saving("slightly_worse") > found.saving("equal")
