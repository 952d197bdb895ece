"""Each competition as readers see it: who reigns, what is being judged, and the newest rounds with their standings.

Reads only; knows nothing of pages. All of it takes a fixed number of queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from chain.types import Block, BlockCount
from competitions.epsilon import epsilon
from competitions.spec import Table
from competitions.table import competition_named, shares_at
from ledger.directory import Directory, Model
from ledger.readings import FoundRound, RoundReading, newest_rounds, readings
from ledger.schema import ReignRow
from ledger.trends import TrendPoint, closed_trends


@dataclass(frozen=True, slots=True)
class King:
    """Who reigns. `confirmed` is False for the best of a vacant throne, which is on trial and not paid."""

    model: Model
    since_round: int
    crown_block: Block
    earned: float
    confirmed: bool
    age_blocks: BlockCount | None
    """Blocks since its digest was first committed, from which epsilon falls; None where no head is known."""
    needed: float | None
    """Epsilon now: the improvement that would dethrone it; None where the table is unknown here."""


@dataclass(frozen=True, slots=True)
class Contest:
    """One competition; `share` is its share of emission now, None where the table is unknown here."""

    name: str
    share: float | None
    king: King | None
    rounds: tuple[RoundReading, ...]
    """Newest first, the ones not closed yet included."""
    trend: tuple[TrendPoint, ...]
    """Closed rounds, oldest first, further back than `rounds`."""


def contests(
    session: Session, directory: Directory, table: Table | None, head: Block | None, rounds: int, trend: int
) -> tuple[Contest, ...]:
    """Every competition of the table or of any round, the largest share first, with so many of its newest rounds."""
    found = newest_rounds(session, rounds)
    trends = closed_trends(session, trend)
    read = readings(session, directory, found)
    kings = _kings(session, directory, table, head, found)
    shares = shares_at(table, head) if table is not None and head is not None else None
    named = [competition.name for competition in table.competitions] if table is not None else []
    names = dict.fromkeys([*named, *(round_.row.competition for round_ in found)])
    contests = [
        Contest(
            name,
            None if shares is None else shares.get(name, 0.0),
            kings.get(name),
            tuple(read[round_.row.id] for round_ in found if round_.row.competition == name),
            trends.get(name, ()),
        )
        for name in names
    ]
    return tuple(sorted(contests, key=lambda contest: -(contest.share or 0.0)))


def _kings(
    session: Session, directory: Directory, table: Table | None, head: Block | None, found: Sequence[FoundRound]
) -> dict[str, King]:
    """Who reigns after each competition's newest closed round."""
    newest: dict[str, FoundRound] = {}
    for round_ in found:
        if round_.closed_block is not None:
            newest.setdefault(round_.row.competition, round_)
    reigns = {name: round_.reign for name, round_ in newest.items() if round_.reign is not None}
    models = directory.models(session, (reign.submission_id for reign in reigns.values()))
    return {name: _king(name, reign, models[reign.submission_id], table, head) for name, reign in reigns.items()}


def _king(name: str, reign: ReignRow, model: Model, table: Table | None, head: Block | None) -> King:
    rules = competition_named(table, name) if table is not None else None
    age = BlockCount(max(0, head - reign.digest_block)) if head is not None else None
    bar = epsilon(rules.epsilon, reign.earned, age) if rules is not None and age is not None else None
    return King(model, reign.since_round, reign.crown_block, reign.earned, reign.confirmed, age, bar)
