"""Whole numbers that a key decides: the same on every machine and under every Python, since they are made of SHA-256
over a counter and nothing else.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_BYTES = 8
_SPAN = 256**_BYTES


class Draws:
    """The stream sha256(key ‖ 0), sha256(key ‖ 1), … read eight bytes at a time; every draw takes the next of them."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._block = 0
        self._left = b""

    def below(self, number: int) -> int:
        """0, …, number − 1, each as likely: what would favour small numbers is passed over."""
        while True:
            drawn = self._next()
            if drawn < _SPAN - _SPAN % number:
                return drawn % number

    def between(self, low: int, high: int) -> int:
        """low, …, high, each as likely."""
        return low + self.below(high - low + 1)

    def one_of(self, items: Sequence[T]) -> T:
        """One of the items, each as likely."""
        return items[self.below(len(items))]

    def some_of(self, items: Sequence[T], number: int) -> list[T]:
        """`number` of the items in drawn order, none of them twice."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(number)]

    def _next(self) -> int:
        if not self._left:
            self._left = hashlib.sha256(self._key + self._block.to_bytes(8, "big")).digest()
            self._block += 1
        taken, self._left = self._left[:_BYTES], self._left[_BYTES:]
        return int.from_bytes(taken, "big")
