"""Whether a reigning model's repository was there, round by round, as far as a Hub in good health told."""

from itertools import groupby

from sqlalchemy import select

from ledger.database import Ledger
from ledger.schema import PresenceRow, RoundRow


def note(ledger: Ledger, round_id: int, submission_id: int, *, present: bool) -> None:
    """Record what a round's look at the incumbent's repository found; the first look counts."""
    with ledger.writing() as session:
        if session.get(PresenceRow, round_id) is None:
            session.add(PresenceRow(round_id=round_id, submission_id=submission_id, present=present))


def is_noted(ledger: Ledger, round_id: int) -> bool:
    """Whether a round has had its look."""
    with ledger.reading() as session:
        return session.get(PresenceRow, round_id) is not None


def missed(ledger: Ledger, competition: str, upto: int) -> dict[int, int]:
    """For each submission that ever reigned without its repository, the most looks running, in rounds up to one, that
    found it gone.
    """
    query = (
        select(PresenceRow.submission_id, PresenceRow.present)
        .join(RoundRow, RoundRow.id == PresenceRow.round_id)
        .where(RoundRow.competition == competition, RoundRow.number <= upto)
        .order_by(PresenceRow.submission_id, RoundRow.number)
    )
    with ledger.reading() as session:
        looks = [(row[0], row[1]) for row in session.execute(query)]
    runs: dict[int, int] = {}
    for (submission, present), run in groupby(looks):
        if not present:
            runs[submission] = max(runs.get(submission, 0), len(list(run)))
    return runs
