"""A model's score in one round: weighted, normalised, the same whatever the order of tasks or values."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.records import TaskScore
from competitions.scores import score
from competitions.spec import Competition
from competitions.table import parse
from evaluation.tasks.spec import TaskSpec
from tests.competitions.builders import TABLE, scored

LOSS = TaskSpec("reference_loss", 4, 3.0, 16.0)
SHARE = TaskSpec("multiple_choice", 4, 1.0, 0.8, normalisation="by_incumbent")
TEXT = TaskSpec("text_loss", 4, 4.0, 16.0, normalisation="saturating", ceiling=2.0)

values = st.lists(st.floats(0, 16), min_size=1, max_size=9).map(tuple)


def of(*tasks: TaskSpec) -> Competition:
    return replace(parse(TABLE).competitions[0], tasks=tasks)


def test_of_one_plain_task_it_is_the_mean(chat: Competition) -> None:
    assert score(chat, scored(1.0, 2.0, 6.0)) == 3.0


def test_tasks_weigh_as_the_table_says_each_in_its_own_units() -> None:
    """A share in units of its cap, since there is no incumbent; a text's loss of 2 is at its ceiling."""
    judged = (
        TaskScore("multiple_choice", (0.4, 0.2)),
        TaskScore("text_loss", (1.0, 5.0)),
        TaskScore("reference_loss", (2.0,)),
    )
    assert score(of(LOSS, SHARE, TEXT), judged) == pytest.approx((3 * 2.0 + 1 * 0.3 / 0.8 + 4 * 1.0) / 8)


@given(values, values, st.randoms(use_true_random=False))
def test_no_order_moves_a_bit(one: tuple[float, ...], two: tuple[float, ...], random: object) -> None:
    shuffled = list(one)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    judged = TaskScore("reference_loss", one), TaskScore("text_loss", two)
    moved = judged[1], TaskScore("reference_loss", tuple(shuffled))
    assert score(of(TEXT, LOSS), moved) == score(of(LOSS, TEXT), judged)


@given(values, st.integers(0, 8), st.floats(0, 8))
def test_it_never_falls_as_a_value_rises(judged: tuple[float, ...], at: int, by: float) -> None:
    worse = tuple(value + by * (place == at % len(judged)) for place, value in enumerate(judged))
    for task in (LOSS, replace(SHARE, name="reference_loss"), replace(TEXT, name="reference_loss")):
        assert score(of(task), scored(*worse)) >= score(of(task), scored(*judged))
