"""The port to a set of rules: one validator that plays by them, a round at a time. Knows no rule."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from chain.types import Block
from competitions.entrant import Result, Setting
from competitions.ownership import Claim
from competitions.records import Reign, Submission
from evaluation.executor import Race

Judge = Callable[[Submission, Race | None], Result]
"""Judges a submission on the round's samples, all of them unless its race is lost."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a validator has before it in a round."""

    setting: Setting
    live: Mapping[int, Submission]
    claims: Mapping[int, Claim]
    """Whose model a copy is, by submission."""
    digest_blocks: Mapping[int, Block]
    """First commit block of a submission's digest, where that is not its own commit block."""
    noted: Reign | None
    """Whom more than half of the stake names as king; None where it names nobody."""
    judge: Judge


@dataclass(frozen=True, slots=True)
class Turn:
    """What a round came to for one validator."""

    before: Reign | None
    reign: Reign | None
    paid: Mapping[int, float]
    """Shares of the pay by submission; they sum to at most 1."""
    judged: float
    """Models judged, each counted by the part of the samples that it took."""


class Validator(Protocol):
    """Plays by one set of rules, and remembers what they need."""

    def play(self, occasion: Occasion) -> Turn:
        """Decide a round."""
        ...
