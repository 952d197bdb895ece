"""Each competition as readers see it: who reigns, what is being judged, and the newest rounds with their standings.

Reads only; knows nothing of pages. All of it takes a fixed number of queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chain.types import Block, BlockCount
from competitions.epsilon import epsilon
from competitions.records import Role
from competitions.spec import Table
from competitions.table import competition_named, shares_at
from ledger.directory import Directory, Model
from ledger.rounds import RoundState, state_of
from ledger.schema import BundleRow, ClosingRow, HoldRow, ReignRow, RoundRow, StandingRow, VerdictRow
from ledger.trends import TrendPoint, closed_trends, round_age


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
class Place:
    """One row of a round's standings."""

    place: int
    model: Model
    role: Role
    score: float | None
    improvement: float | None
    needed: float | None
    why: str


@dataclass(frozen=True, slots=True)
class RoundReading:
    """A round. `judged` counts its final verdicts, `cause` says why a held one waits."""

    number: int
    seed_block: Block
    state: RoundState
    cause: str | None
    bundle_root: str | None
    closed_block: Block | None
    judged: int
    standings: tuple[Place, ...]


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


@dataclass(frozen=True, slots=True)
class _Found:
    """A round as it lies in the ledger."""

    row: RoundRow
    bundle_root: str | None
    closed_block: Block | None
    cause: str | None
    reign: ReignRow | None


def contests(
    session: Session, directory: Directory, table: Table | None, head: Block | None, rounds: int, trend: int
) -> tuple[Contest, ...]:
    """Every competition of the table or of any round, the largest share first, with so many of its newest rounds."""
    found = _newest_rounds(session, rounds)
    trends = closed_trends(session, trend)
    places = _places(session, directory, found)
    judged = _judged(session, found)
    kings = _kings(session, directory, table, head, found)
    shares = shares_at(table, head) if table is not None and head is not None else None
    named = [competition.name for competition in table.competitions] if table is not None else []
    names = dict.fromkeys([*named, *(round_.row.competition for round_ in found)])
    contests = [
        Contest(
            name,
            None if shares is None else shares.get(name, 0.0),
            kings.get(name),
            tuple(_reading(r, places[r.row.id], judged.get(r.row.id, 0)) for r in found if r.row.competition == name),
            trends.get(name, ()),
        )
        for name in names
    ]
    return tuple(sorted(contests, key=lambda contest: -(contest.share or 0.0)))


def _newest_rounds(session: Session, shown: int) -> list[_Found]:
    """The newest rounds of each competition, newest first."""
    ranked = select(RoundRow.id, round_age()).subquery()
    newest_hold = select(func.max(HoldRow.id)).where(HoldRow.round_id == RoundRow.id).correlate(RoundRow)
    query = (
        select(RoundRow, BundleRow.root, ClosingRow.at_block, HoldRow.cause, ReignRow)
        .join(ranked, ranked.c.id == RoundRow.id)
        .outerjoin(BundleRow, BundleRow.round_id == RoundRow.id)
        .outerjoin(ClosingRow, ClosingRow.round_id == RoundRow.id)
        .outerjoin(HoldRow, HoldRow.id == newest_hold.scalar_subquery())
        .outerjoin(ReignRow, ReignRow.round_id == RoundRow.id)
        .where(ranked.c.age <= shown)
        .order_by(RoundRow.competition, RoundRow.number.desc())
    )
    return [_Found(*row) for row in session.execute(query)]


def _places(session: Session, directory: Directory, found: Sequence[_Found]) -> dict[int, tuple[Place, ...]]:
    """Standings by round id."""
    ids = [round_.row.id for round_ in found]
    query = select(StandingRow).where(StandingRow.round_id.in_(ids)).order_by(StandingRow.round_id, StandingRow.place)
    rows = session.scalars(query).all()
    models = directory.models(session, (row.submission_id for row in rows))
    places: dict[int, list[Place]] = {id_: [] for id_ in ids}
    for row in rows:
        places[row.round_id].append(_place(row, models[row.submission_id]))
    return {id_: tuple(rows) for id_, rows in places.items()}


def _place(row: StandingRow, model: Model) -> Place:
    return Place(row.place, model, cast(Role, row.role), row.score, row.improvement, row.needed, row.why)


def _judged(session: Session, found: Sequence[_Found]) -> dict[int, int]:
    """How many submissions have a final verdict, by round id."""
    query = (
        select(VerdictRow.round_id, func.count())
        .where(VerdictRow.round_id.in_([round_.row.id for round_ in found]), VerdictRow.outcome != "abandoned")
        .group_by(VerdictRow.round_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _kings(
    session: Session, directory: Directory, table: Table | None, head: Block | None, found: Sequence[_Found]
) -> dict[str, King]:
    """Who reigns after each competition's newest closed round."""
    newest: dict[str, _Found] = {}
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


def _reading(found: _Found, places: tuple[Place, ...], judged: int) -> RoundReading:
    state = state_of(found.closed_block, found.bundle_root, found.cause)
    return RoundReading(
        number=found.row.number,
        seed_block=found.row.seed_block,
        state=state,
        cause=found.cause if state == "held" else None,
        bundle_root=found.bundle_root,
        closed_block=found.closed_block,
        judged=judged,
        standings=places,
    )
