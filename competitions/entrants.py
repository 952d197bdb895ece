"""Who enters a round: the incumbent, and of the others whoever may win now, in a queue that junk cannot hold up. Pure.

Two lanes take turns: who was judged against this incumbent and must be *again*, and who is there for the *first* time.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Literal

from chain.types import Coldkey
from competitions.ownership import tie_break
from competitions.records import Evidence, Reign, Submission
from competitions.spec import EntrantsSpec

Lane = Literal["again", "first"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What one closed round found of a submission that was judged in it."""

    number: int
    score: float | None
    improvement: float | None
    needed: float | None
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Throne:
    """What a round's challengers are up against: the reign before it, and epsilon now where there is a king.

    `line_since` is the first round of the newest election: whoever was judged since then has met this line of kings.
    """

    reign: Reign | None
    needed: float | None
    line_since: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A live submission that nobody knows to be refused, and what closed rounds found of it, the newest first.

    `failed` are the rounds since it was judged last in which its judging failed: it waits behind those that cost nobody
    a time-out yet.
    """

    submission: Submission
    past: tuple[Judged, ...]
    failed: int = 0


def lane(past: Sequence[Judged], throne: Throne) -> Lane | None:
    """In which lane a submission waits; None for one that need not be judged.

    Again goes whoever's title fight is not decided, because it is not proven or lost within the noise, whoever epsilon
    has fallen to since, and once whoever an election passed over, and a king that fell, whom no fight has tried yet.
    While the throne is vacant everybody does. A round whose incumbent could not be judged, or compared with, decided
    nothing for anybody: what came before it stands.
    """
    if not past or past[0].number < throne.line_since:
        return "first"
    if throne.reign is None or not throne.reign.confirmed:
        return "again"
    crowned = throne.reign.since_round
    last = next((one for one in past if one.evidence is not None or one.number <= crowned), None)
    if last is None or last.evidence is None:
        return "again"
    undecided = last.evidence.state in ("passed", "open", "close")
    return "again" if undecided or (last.number > crowned and _fell_to(last, throne)) else None


def entering(waiting: Iterable[Waiting], throne: Throne, rules: EntrantsSpec, seed: bytes) -> tuple[Submission, ...]:
    """Whom a round judges besides the incumbent, the most senior first.

    Each lane is served in order, one place at a time in turn: on a vacant throne the best first, else, and among what
    is new, the oldest first. No coldkey gets more than `per_coldkey` places while another's submission waits.
    """
    lanes: dict[Lane, list[Waiting]] = {"again": [], "first": []}
    for one in sorted(waiting, key=lambda its: _order(its, throne, seed)):
        if found := lane(one.past, throne):
            lanes[found].append(one)
    turns = (one for pair in zip_longest(lanes["again"], lanes["first"]) for one in pair if one is not None)
    chosen = _capped([one.submission for one in turns], rules)
    return tuple(sorted(chosen, key=lambda its: (its.commit_block, tie_break(seed, its.hotkey))))


def line_since(reigns: Mapping[int, Reign | None]) -> int:
    """The first round of the newest election, from who reigned after each closed round; 0 where none is on record."""
    started = 0
    for number in sorted(reigns):
        before, reign = reigns.get(number - 1), reigns[number]
        vacant = reign is None or not reign.confirmed
        was_held = before is not None and before.confirmed
        if vacant and (was_held or number - 1 not in reigns):
            started = number
    return started


def _fell_to(last: Judged, throne: Throne) -> bool:
    if last.evidence is None or last.needed is None or throne.needed is None:
        return False
    return throne.needed <= last.evidence.hope < last.needed


def _order(one: Waiting, throne: Throne, seed: bytes) -> tuple[int, float, float, int, bytes]:
    """Who was judged goes before what is new; on a vacant throne the best of them first."""
    oldest = one.submission.commit_block, tie_break(seed, one.submission.hotkey)
    if not one.past:
        return one.failed, 1.0, 0.0, *oldest
    last = one.past[0]
    if last.number < throne.line_since:
        return one.failed, 0.0, _best(None if last.improvement is None else -last.improvement), *oldest
    vacant = throne.reign is None or not throne.reign.confirmed
    return one.failed, 0.0, _best(last.score) if vacant else 0.0, *oldest


def _best(value: float | None) -> float:
    return float("inf") if value is None else value


def _capped(queue: Sequence[Submission], rules: EntrantsSpec) -> list[Submission]:
    """The first `most` of a queue, those beyond a coldkey's places behind everybody else's."""
    seen: Counter[Coldkey] = Counter()
    within: list[Submission] = []
    beyond: list[Submission] = []
    for submission in queue:
        (within if seen[submission.coldkey] < rules.per_coldkey else beyond).append(submission)
        seen[submission.coldkey] += 1
    return list(chain(within, beyond))[: rules.most]
