"""Exercises with nested brackets: close what is open, or say which belong together."""

from evaluation.sources.content import Pair
from evaluation.sources.procedures.draws import Draws

_CLOSES = {"(": ")", "[": "]", "{": "}", "<": ">"}
_FEWEST, _MOST = 3, 24


def brackets(draws: Draws) -> Pair:
    """One of both exercises, with 3 to 24 pairs of brackets."""
    pairs = draws.between(_FEWEST, _MOST)
    return _closing(draws, pairs) if draws.below(2) else _matching(draws, pairs)


def _closing(draws: Draws, pairs: int) -> Pair:
    written, opened = _begun(draws, pairs)
    return Pair(f"Write the brackets that are missing at the end: {written}\n", _closed(opened))


def _matching(draws: Draws, pairs: int) -> Pair:
    written, opened = _begun(draws, pairs)
    whole = written + _closed(opened)
    prompt = f"Count from 1 and name the places of each pair of brackets, in the order in which they open: {whole}\n"
    return Pair(prompt, " ".join(f"{start}-{end}" for start, end in _places(whole)))


def _begun(draws: Draws, pairs: int) -> tuple[str, list[str]]:
    """A text in which `pairs` brackets open, the last thing that happens, and those that are open at its end."""
    written, opened = "", list[str]()
    for _ in range(pairs):
        while opened and not draws.below(3):
            written += _CLOSES[opened.pop()]
        opened.append(draws.one_of(tuple(_CLOSES)))
        written += opened[-1]
    return written, opened


def _closed(opened: list[str]) -> str:
    return "".join(_CLOSES[bracket] for bracket in reversed(opened))


def _places(whole: str) -> list[tuple[int, int]]:
    waiting: list[int] = []
    found: list[tuple[int, int]] = []
    for place, bracket in enumerate(whole, start=1):
        if bracket in _CLOSES:
            waiting.append(place)
        else:
            found.append((waiting.pop(), place))
    return sorted(found)
