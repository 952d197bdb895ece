"""The predecessor's rule, to compare with: every model against every other by their mean scores, the earlier one of two
with the advantage of its epsilon; who wins most is paid.

Its moving average of weights is left out: it changes when a new king is paid, not who that is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backtest.rules.port import Occasion, Turn
from chain.types import Block, BlockCount
from competitions.epsilon import epsilon
from competitions.records import Reign, Submission
from competitions.scores import score
from competitions.spec import EpsilonSpec

KEPT = 3
"""Of the models that were judged the best few are judged again in the next round, beside what is new."""

PENDING = 16
"""New models that a round takes, the oldest first."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A model, when it was committed, and its mean score; infinite where its judging failed."""

    id: int
    block: Block
    score: float


def weights(spec: EpsilonSpec, contenders: Sequence[Contender], now: Block) -> dict[int, float]:
    """Whoever wins the largest part of its pairs takes all; equals share, as all do where every score is infinite."""
    won = win_rates(spec, contenders, now)
    best = [id_ for id_, rate in won.items() if rate == max(won.values())]
    return {id_: 1 / len(best) for id_ in best}


def win_rates(spec: EpsilonSpec, contenders: Sequence[Contender], now: Block) -> dict[int, float]:
    """The part of its pairs that each model wins: of two the earlier one's score counts as (1 − epsilon) times as
    much, where epsilon falls with that model's age. Of two from one block neither has the advantage.
    """
    pairs = max(1, len(contenders) - 1)
    return {one.id: sum(_beats(spec, one, other, now) for other in contenders) / pairs for one in contenders}


def _beats(spec: EpsilonSpec, one: Contender, other: Contender, now: Block) -> bool:
    return _advanced(spec, one, other, now) < _advanced(spec, other, one, now)


def _advanced(spec: EpsilonSpec, one: Contender, other: Contender, now: Block) -> float:
    if one.block >= other.block:
        return one.score
    return one.score * (1 - epsilon(spec, spec.start, BlockCount(now - one.block)))


@dataclass(slots=True)
class RoundRobin:
    """Remembers whom it judges again, whom it has judged, and who won last."""

    kept: tuple[int, ...] = ()
    seen: frozenset[int] = frozenset()
    reign: Reign | None = None

    def play(self, occasion: Occasion) -> Turn:
        """Judge the kept and the new ones, and pay whoever won most. It knows no standing notes."""
        before, now = self.reign or occasion.noted, occasion.setting.seed_block
        entrants = self._entering(occasion, before)
        found = [_contender(occasion, one) for one in entrants]
        spec = occasion.setting.competition.epsilon
        shares = weights(spec, found, now) if found else {}
        self.seen |= {one.id for one in found}
        rates = win_rates(spec, found, now)
        self.kept = tuple(sorted(rates, key=lambda id_: (-rates[id_], occasion.live[id_].commit_block, id_))[:KEPT])
        self.reign = _reign(occasion, before, shares)
        return Turn(before, self.reign, shares, float(len(found)))

    def _entering(self, occasion: Occasion, before: Reign | None) -> list[Submission]:
        again = {*self.kept, *([before.submission_id] if before else [])}
        new = [one for id_, one in occasion.live.items() if id_ not in self.seen | again | set(occasion.claims)]
        new.sort(key=lambda one: (one.commit_block, one.id))
        return [one for id_, one in occasion.live.items() if id_ in again] + new[:PENDING]


def _contender(occasion: Occasion, submission: Submission) -> Contender:
    result = occasion.judge(submission, None)
    value = score(occasion.setting.competition, result) if isinstance(result, tuple) else math.inf
    return Contender(submission.id, submission.commit_block, value)


def _reign(occasion: Occasion, before: Reign | None, shares: Mapping[int, float]) -> Reign | None:
    """Who is paid most; of equals who reigned before, else the oldest."""
    if not shares:
        return None
    if before is not None and before.submission_id in shares:
        return before
    best = min(shares, key=lambda id_: (occasion.live[id_].commit_block, id_))
    its, setting = occasion.live[best], occasion.setting
    epsilon_ = setting.competition.epsilon.start
    return Reign(best, its.hotkey, setting.number, setting.seed_block, its.commit_block, epsilon_, confirmed=True)
