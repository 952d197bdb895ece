"""Answers that can keep every rule and say nothing, each by a name. Pure, of whole numbers alone, so that every
validator names the same.
"""

from typing import Literal

from evaluation.tasks.words import words

SanityVerdict = Literal["empty", "cut", "repetitive", "parrot"]
"""`empty` it has no word; `cut` it had not ended when the limit came, so nobody knows the text that the rules speak of;
`repetitive` most of it has been said before in it; `parrot` most of it stands in the prompt."""

STRETCH = 12
"""Letters and spaces that are compared at once: two words or three, so that words any two texts share do not count."""


def sanity_verdicts(prompt: str, answer: str, *, ended: bool) -> tuple[SanityVerdict, ...]:
    """What an answer is besides right or wrong, in the order of the names; none for nearly all that people write.

    "Most" is more than half of all stretches of STRETCH letters, in folded words joined by single spaces: neither case
    nor signs hide anything. Of 4,744 texts of Python 3.11's own documentation the one that repeats itself most does so
    in 47 of 100 stretches, and the answer nearest to its question has 42 of 100 from it. A phrase of four words written
    three times over has 59.
    """
    said = _stretches(answer)
    asked = frozenset(_stretches(prompt))
    fired: dict[SanityVerdict, bool] = {
        "empty": not words(answer),
        "cut": not ended,
        "repetitive": 2 * len(set(said)) < len(said),
        "parrot": 2 * sum(stretch in asked for stretch in said) > len(said),
    }
    return tuple(name for name, fires in fired.items() if fires)


def _stretches(text: str) -> list[str]:
    """Every STRETCH letters in a row, one from each place on; none where there are fewer."""
    folded = " ".join(words(text))
    return [folded[at : at + STRETCH] for at in range(len(folded) - STRETCH + 1)]
