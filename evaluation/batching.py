"""Batches as a function of sample lengths and the table's token budget, never of order or of free memory. Pure."""

from collections.abc import Sequence


def batches(lengths: Sequence[int], keys: Sequence[str], budget: int) -> tuple[tuple[int, ...], ...]:
    """Indices in batches whose longest length times their number stays within `budget` tokens.

    An item longer than the budget is a batch by itself. Longest first, so that what cannot fit in memory fails at
    once; equal lengths go by key, so that whoever shares a batch does so in whatever order the items came, and a
    value, which may depend on its neighbours in the last bit, is the same. Keys must be distinct.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], keys[index]))
    made: list[tuple[int, ...]] = []
    start = 0
    while start < len(order):
        number = max(1, budget // max(1, lengths[order[start]]))
        made.append(tuple(order[start : start + number]))
        start += number
    return tuple(made)
