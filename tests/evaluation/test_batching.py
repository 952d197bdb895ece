"""Batches: every item once, within the budget, the same whatever the order."""

import random

from hypothesis import given
from hypothesis import strategies as st

from evaluation.batching import batches

lengths = st.lists(st.integers(1, 60), max_size=40)
budgets = st.integers(1, 200)


@given(lengths, budgets)
def test_every_item_is_in_one_batch(lengths: list[int], budget: int) -> None:
    made = batches(lengths, [f"{index}" for index in range(len(lengths))], budget)
    assert sorted(index for batch in made for index in batch) == list(range(len(lengths)))


@given(lengths, budgets)
def test_the_budget_holds_but_for_single_long_items(lengths: list[int], budget: int) -> None:
    made = batches(lengths, [f"{index}" for index in range(len(lengths))], budget)
    padded = [len(batch) * max(lengths[index] for index in batch) for batch in made if len(batch) > 1]
    assert all(tokens <= budget for tokens in padded)


@given(lengths, budgets, st.randoms(use_true_random=False))
def test_neighbours_are_the_same_whatever_the_order(lengths: list[int], budget: int, shuffler: random.Random) -> None:
    items = [(length, f"{index}") for index, length in enumerate(lengths)]
    shuffled = shuffler.sample(items, len(items))

    def in_keys(some: list[tuple[int, str]]) -> list[list[str]]:
        made = batches([length for length, _ in some], [key for _, key in some], budget)
        return [[some[index][1] for index in batch] for batch in made]

    assert in_keys(shuffled) == in_keys(items)


def test_the_golden_batches() -> None:
    assert batches([3, 9, 3, 2, 30], ["d", "b", "a", "c", "e"], 18) == ((4,), (1, 2), (0, 3))
