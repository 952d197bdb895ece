"""Drawing from a fixed stock without replacement, in an order that a seed decides; an exhausted stock starts over.

Pure: what is drawn depends on stock, seed and position alone, so that a restarted producer goes on where it was.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Deck(Generic[Item]):
    """A stock of items and the seed of its order, another one for every time through."""

    items: Sequence[Item]
    seed: str

    def draw(self, position: int, count: int) -> tuple[Item, ...]:
        """The items number `position` to `position + count` (exclusive) ever drawn; empty where the stock is."""
        if not self.items or count <= 0:
            return ()
        size = len(self.items)
        orders = {time: self._order(time) for time in range(position // size, (position + count - 1) // size + 1)}
        return tuple(self.items[orders[at // size][at % size]] for at in range(position, position + count))

    def _order(self, time_through: int) -> list[int]:
        order = list(range(len(self.items)))
        random.Random(f"{self.seed}/{time_through}").shuffle(order)
        return order


def shared_out(items: Sequence[Item], part: int, parts: int) -> tuple[Item, ...]:
    """Every `parts`-th item from number `part` on (counted from 0): producers with different parts share no item."""
    return tuple(items[part::parts])
