"""How the score of who reigns moved from round to round, further back than standings are told."""

from dataclasses import dataclass

from sqlalchemy import Label, func, select
from sqlalchemy.orm import Session

from chain.types import Block
from ledger.schema import ClosingRow, ReignRow, RoundRow, StandingRow


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The score of who reigned after a closed round; None where the throne was vacant or its holder had no score."""

    number: int
    seed_block: Block
    holder: int | None
    """Submission id."""
    score: float | None


def closed_trends(session: Session, shown: int) -> dict[str, tuple[TrendPoint, ...]]:
    """So many newest closed rounds of each competition, oldest first."""
    ranked = select(RoundRow.id, round_age()).join(ClosingRow, ClosingRow.round_id == RoundRow.id).subquery()
    own = (StandingRow.round_id == ReignRow.round_id) & (StandingRow.submission_id == ReignRow.submission_id)
    query = (
        select(RoundRow.competition, RoundRow.number, RoundRow.seed_block, ReignRow.submission_id, StandingRow.score)
        .join(ranked, ranked.c.id == RoundRow.id)
        .outerjoin(ReignRow, ReignRow.round_id == RoundRow.id)
        .outerjoin(StandingRow, own)
        .where(ranked.c.age <= shown)
        .order_by(RoundRow.number)
    )
    trends: dict[str, tuple[TrendPoint, ...]] = {}
    for competition, number, seed_block, holder, score in session.execute(query):
        trends[competition] = (*trends.get(competition, ()), TrendPoint(number, seed_block, holder, score))
    return trends


def round_age() -> Label[int]:
    """A column `age`: 1 for a competition's newest round of those selected, rising with age."""
    return func.row_number().over(partition_by=RoundRow.competition, order_by=RoundRow.number.desc()).label("age")
