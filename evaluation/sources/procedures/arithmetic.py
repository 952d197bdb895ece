"""Exercises in arithmetic: chains of +, - and × with brackets over whole numbers, and their exact values."""

from dataclasses import dataclass

from evaluation.sources.content import Pair
from evaluation.sources.procedures.draws import Draws

_FEWEST, _MOST = 2, 9
_MOST_DIGITS = 4
_LARGEST_FACTOR = 9_999


@dataclass(frozen=True, slots=True)
class _Term:
    text: str
    value: int
    is_sum: bool = False

    @property
    def closed(self) -> str:
        """As it stands beside × or after a sign."""
        return f"({self.text})" if self.is_sum else self.text


def arithmetic(draws: Draws) -> Pair:
    """A chain of 2 to 9 numbers of up to four digits, and what it comes to."""
    numbers, digits = draws.between(_FEWEST, _MOST), draws.between(1, _MOST_DIGITS)
    term = _term(draws, numbers, digits)
    return Pair(f"Work out {term.text}\n", str(term.value))


def _term(draws: Draws, numbers: int, digits: int) -> _Term:
    if numbers == 1:
        value = draws.between(1, 10**digits - 1)
        return _Term(str(value), value)
    first = draws.between(1, numbers - 1)
    left, right = _term(draws, first, digits), _term(draws, numbers - first, digits)
    sign = draws.below(3)
    if sign == 0 and max(abs(left.value), abs(right.value)) <= _LARGEST_FACTOR:
        return _Term(f"{left.closed} × {right.closed}", left.value * right.value)
    if sign == 1:
        return _Term(f"{left.text} - {right.closed}", left.value - right.value, is_sum=True)
    return _Term(f"{left.text} + {right.closed}", left.value + right.value, is_sum=True)
