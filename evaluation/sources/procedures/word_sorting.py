"""Exercises in putting words into order."""

from collections.abc import Callable

from evaluation.sources.content import Pair
from evaluation.sources.procedures.draws import Draws
from evaluation.sources.procedures.words import WORDS

_FEWEST, _MOST = 3, 14


def word_sorting(draws: Draws) -> Pair:
    """Some words and the same words in order; where they are neighbours in the list, first letters do not help."""
    number = draws.between(_FEWEST, _MOST)
    start = draws.below(len(WORDS) - 2 * number + 1)
    choice = WORDS[start : start + 2 * number] if draws.below(2) else WORDS
    words = draws.some_of(choice, number)
    asked, ordered = draws.one_of(_ORDERS)
    mark = draws.one_of((", ", " "))
    return Pair(f"Put these words {asked}: {mark.join(words)}\n", mark.join(ordered(words)))


def _alphabetical(words: list[str]) -> list[str]:
    return sorted(words)


def _reverse(words: list[str]) -> list[str]:
    return sorted(words, reverse=True)


def _by_length(words: list[str]) -> list[str]:
    return sorted(words, key=lambda word: (len(word), word))


_ORDERS: tuple[tuple[str, Callable[[list[str]], list[str]]], ...] = (
    ("into alphabetical order", _alphabetical),
    ("into reverse alphabetical order", _reverse),
    ("into order of length, the shortest first, equally long ones alphabetically", _by_length),
)
