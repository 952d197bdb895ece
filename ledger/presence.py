"""Whether a reigning model's repository was there, round by round, as far as a Hub in good health told."""

from collections.abc import Iterable
from itertools import groupby

from sqlalchemy import func, select

from chain.types import Block
from competitions.records import Reign
from ledger.database import Ledger
from ledger.schema import PresenceRow, RoundRow


def note(ledger: Ledger, round_id: int, reign: Reign, at: Block, *, present: bool) -> None:
    """Record what a round's look at the incumbent's repository found; the first look counts."""
    with ledger.writing() as session:
        if session.get(PresenceRow, round_id) is None:
            row = PresenceRow(round_id=round_id, submission_id=reign.submission_id, since_round=reign.since_round)
            row.at_block, row.present = at, present
            session.add(row)


def last_look(ledger: Ledger, competition: str) -> Block | None:
    """The block of the newest look of a competition."""
    query = select(func.max(PresenceRow.at_block)).join(RoundRow, RoundRow.id == PresenceRow.round_id)
    with ledger.reading() as session:
        return session.scalar(query.where(RoundRow.competition == competition))


def missed(ledger: Ledger, competition: str, upto: int, ids: Iterable[int]) -> dict[int, int]:
    """For each of some submissions that reigned without its repository, the most looks running, in one reign and in
    rounds up to one, that found it gone.
    """
    reign = PresenceRow.submission_id, PresenceRow.since_round
    query = (
        select(*reign, PresenceRow.present)
        .join(RoundRow, RoundRow.id == PresenceRow.round_id)
        .where(RoundRow.competition == competition, RoundRow.number <= upto)
        .where(PresenceRow.submission_id.in_(list(ids)))
        .order_by(*reign, RoundRow.number)
    )
    with ledger.reading() as session:
        looks = [tuple(row) for row in session.execute(query)]
    runs: dict[int, int] = {}
    for (submission, _, present), run in groupby(looks):
        if not present:
            runs[submission] = max(runs.get(submission, 0), len(list(run)))
    return runs
