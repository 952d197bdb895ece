"""What earlier rounds say of whoever may enter the next: how each fared, its full rounds beside the incumbent, and
since when the throne has passed by title fights. Reads only; decides nothing.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from competitions.bouts import bout
from competitions.entrant import Setting
from competitions.entrants import Judged
from competitions.records import Reign, TaskScore
from competitions.title_fight import Bout
from ledger.database import Ledger
from ledger.evidence import evidence, of_standing
from ledger.rounds import makers, reign_of
from ledger.schema import ClosingRow, EvidenceRow, ReignRow, RoundRow, StandingRow, ValuesRow, VerdictRow
from ledger.verdicts import unpack

_UNJUDGED = ("copy", "rejected", "abandoned")


def judged(ledger: Ledger, competition: str, before: int, ids: Iterable[int]) -> dict[int, tuple[Judged, ...]]:
    """How submissions fared in the closed rounds before one in which they were judged, the newest first."""
    query = (
        select(StandingRow, EvidenceRow, RoundRow.number)
        .join(RoundRow, RoundRow.id == StandingRow.round_id)
        .outerjoin(EvidenceRow, of_standing())
        .where(RoundRow.competition == competition, RoundRow.number < before, StandingRow.role == "challenger")
        .where(StandingRow.submission_id.in_(list(ids)))
        .order_by(RoundRow.number.desc())
    )
    found: dict[int, list[Judged]] = {}
    with ledger.reading() as session:
        for row, its, number in session.execute(query):
            seen = evidence(its) if its is not None else None
            one = Judged(number, row.score, row.improvement, row.needed, seen)
            found.setdefault(row.submission_id, []).append(one)
    return {id_: tuple(past) for id_, past in found.items()}


def shown(ledger: Ledger, competition: str, before: int, ids: Iterable[int]) -> frozenset[int]:
    """Of some submissions, those that closed rounds before one showed in their standings without having judged them."""
    query = select(StandingRow.submission_id).join(RoundRow, RoundRow.id == StandingRow.round_id)
    query = query.where(RoundRow.competition == competition, RoundRow.number < before)
    query = query.where(StandingRow.submission_id.in_(list(ids)), StandingRow.role.in_(_UNJUDGED))
    with ledger.reading() as session:
        return frozenset(session.scalars(query))


def newest_election(ledger: Ledger, competition: str, before: int) -> dict[int, Reign | None]:
    """Who reigned after each closed round before one, from the last of the reign that ended in the newest election to
    the last of that election without a king; empty where none was ever held.
    """
    ended = select(func.max(RoundRow.number)).join(ClosingRow, ClosingRow.round_id == RoundRow.id)
    ended = ended.outerjoin(ReignRow, ReignRow.round_id == RoundRow.id)
    ended = ended.where(RoundRow.competition == competition, RoundRow.number < before)
    query = (
        select(RoundRow.number, ReignRow)
        .join(ClosingRow, ClosingRow.round_id == RoundRow.id)
        .outerjoin(ReignRow, ReignRow.round_id == RoundRow.id)
        .where(RoundRow.competition == competition, RoundRow.number < before)
    )
    held = ReignRow.confirmed.is_(True)
    with ledger.reading() as session:
        vacant = session.scalar(ended.where(or_(ReignRow.round_id.is_(None), ~held)))
        if vacant is None:
            return {}
        since = session.scalar(ended.where(held, RoundRow.number < vacant))
        query = query.where(RoundRow.number >= (since or 0), RoundRow.number <= vacant)
        return {number: reign_of(row) if row is not None else None for number, row in session.execute(query)}


def earlier(ledger: Ledger, setting: Setting, incumbent: Reign, rivals: Collection[int]) -> dict[int, tuple[Bout, ...]]:
    """Each rival's newest full rounds before this one against the same incumbent, so many as a title fight may yet
    take together with it.
    """
    most = setting.competition.title.pooled_rounds - 1
    with ledger.reading() as session:
        full = _full(session, setting, incumbent, {*rivals, incumbent.submission_id})
        kings = full.pop(incumbent.submission_id, {})
        asked = {id_: sorted(kings.keys() & full.get(id_, {}).keys())[-most:] if most else [] for id_ in rivals}
        met = {number for numbers in asked.values() for number in numbers}
        verdicts = [full[id_][number].verdict for id_, numbers in asked.items() for number in numbers]
        values = _values(session, {*verdicts, *(kings[number].verdict for number in met)})
        settings = {number: replace(setting, makers=makers(session, kings[number].round)) for number in met}
    found = {
        id_: [
            bout(settings[number], number, values[kings[number].verdict], values[full[id_][number].verdict])
            for number in numbers
        ]
        for id_, numbers in asked.items()
    }
    return {id_: tuple(one for one in bouts if one is not None) for id_, bouts in found.items()}


@dataclass(frozen=True, slots=True)
class _Full:
    """A judging on every sample: the ids of its verdict and of its round."""

    verdict: int
    round: int


def _full(session: Session, setting: Setting, incumbent: Reign, ids: Iterable[int]) -> dict[int, dict[int, _Full]]:
    """Judgings on every sample in the closed rounds that the incumbent opened, by submission and round number."""
    stands = and_(StandingRow.round_id == RoundRow.id, StandingRow.submission_id == VerdictRow.submission_id)
    query = (
        select(VerdictRow.submission_id, RoundRow.number, func.max(VerdictRow.id), RoundRow.id)
        .join(RoundRow, RoundRow.id == VerdictRow.round_id)
        .join(ClosingRow, ClosingRow.round_id == RoundRow.id)
        .join(StandingRow, stands)  # a round that ended with nothing changed proves nothing
        .where(
            RoundRow.competition == setting.competition.name,
            RoundRow.number > incumbent.since_round,
            RoundRow.number < setting.number,
            VerdictRow.outcome == "scored",
            VerdictRow.submission_id.in_(list(ids)),
        )
        .group_by(VerdictRow.submission_id, RoundRow.number, RoundRow.id)
    )
    found: dict[int, dict[int, _Full]] = {}
    for submission, number, verdict, round_id in session.execute(query):
        found.setdefault(submission, {})[number] = _Full(verdict, round_id)
    return found


def _values(session: Session, verdict_ids: Collection[int]) -> dict[int, tuple[TaskScore, ...]]:
    query = select(ValuesRow).where(ValuesRow.verdict_id.in_(list(verdict_ids)))
    found: dict[int, list[TaskScore]] = {}
    for row in session.scalars(query.order_by(ValuesRow.verdict_id, ValuesRow.position)):
        found.setdefault(row.verdict_id, []).append(TaskScore(row.task, unpack(row.values)))
    return {id_: tuple(tasks) for id_, tasks in found.items()}
