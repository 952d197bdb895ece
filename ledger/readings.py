"""Rounds as readers see them: how far each is, what it waited for, what it was judged on, and who came where.

Reads only; knows nothing of pages. However many rounds are read, it takes a fixed number of queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chain.types import Block
from competitions.records import Evidence, Flag, Role
from ledger.directory import Directory, Model
from ledger.evidence import evidence, of_standing
from ledger.pools import PoolReading, pools
from ledger.rounds import RoundState, state_of
from ledger.schema import (
    BundleRow,
    ClosingRow,
    EvidenceRow,
    FlagRow,
    ReignRow,
    RoundRow,
    StandingRow,
    SubmissionRow,
    VerdictRow,
)
from ledger.trends import round_age
from ledger.waits import Wait, waits


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
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class RoundReading:
    """A round. `judged` counts its final verdicts, `cause` says why a held one waits."""

    number: int
    seed_block: Block
    state: RoundState
    cause: str | None
    waits: tuple[Wait, ...]
    """All that it waited for so far, the newest first."""
    bundle_root: str | None
    near_duplicates: int | None
    """Samples passed over in the draw beside nearly equal ones; None without a bundle, and where nobody counted."""
    samples: tuple[PoolReading, ...]
    """What each source gave; empty without a bundle, and where an older version drew it."""
    closed_block: Block | None
    judged: int
    standings: tuple[Place, ...]
    flags: tuple[Flag, ...] = ()
    """Producers to be looked at, the most striking first."""


@dataclass(frozen=True, slots=True)
class FoundRound:
    """A round as it lies in the ledger, with who reigns after it."""

    row: RoundRow
    bundle: BundleRow | None
    closed_block: Block | None
    reign: ReignRow | None


def newest_rounds(session: Session, shown: int) -> list[FoundRound]:
    """So many newest rounds of each competition, newest first."""
    ranked = select(RoundRow.id, round_age()).subquery()
    query = (
        select(RoundRow, BundleRow, ClosingRow.at_block, ReignRow)
        .join(ranked, ranked.c.id == RoundRow.id)
        .outerjoin(BundleRow, BundleRow.round_id == RoundRow.id)
        .outerjoin(ClosingRow, ClosingRow.round_id == RoundRow.id)
        .outerjoin(ReignRow, ReignRow.round_id == RoundRow.id)
        .where(ranked.c.age <= shown)
        .order_by(RoundRow.competition, RoundRow.number.desc())
    )
    return [FoundRound(*row) for row in session.execute(query)]


def readings(session: Session, directory: Directory, found: Sequence[FoundRound]) -> dict[int, RoundReading]:
    """Those rounds as readers see them, by round id."""
    ids = [round_.row.id for round_ in found]
    places, judged = _places(session, directory, ids), _judged(session, ids)
    waited, drawn_from, flagged = waits(session, ids), pools(session, ids), _flags(session, ids)
    return {
        id_: _reading(
            round_, waited.get(id_, ()), drawn_from.get(id_, ()), judged.get(id_, 0), places[id_], flagged.get(id_, ())
        )
        for id_, round_ in zip(ids, found, strict=True)
    }


def _flags(session: Session, ids: Sequence[int]) -> dict[int, tuple[Flag, ...]]:
    """Flagged producers by round id."""
    query = select(FlagRow).where(FlagRow.round_id.in_(ids)).order_by(func.abs(FlagRow.z).desc(), FlagRow.maker)
    found: dict[int, tuple[Flag, ...]] = {}
    for row in session.scalars(query):
        found[row.round_id] = (*found.get(row.round_id, ()), Flag(row.maker, row.z))
    return found


def _places(session: Session, directory: Directory, ids: Sequence[int]) -> dict[int, tuple[Place, ...]]:
    """Standings by round id."""
    query = select(StandingRow, SubmissionRow, EvidenceRow)
    query = query.join(SubmissionRow, SubmissionRow.id == StandingRow.submission_id)
    query = query.outerjoin(EvidenceRow, of_standing())
    query = query.where(StandingRow.round_id.in_(ids)).order_by(StandingRow.round_id, StandingRow.place)
    places: dict[int, list[Place]] = {id_: [] for id_ in ids}
    for row, submission, found in session.execute(query):
        places[row.round_id].append(_place(row, directory.model(submission), found))
    return {id_: tuple(rows) for id_, rows in places.items()}


def _place(row: StandingRow, model: Model, found: EvidenceRow | None) -> Place:
    proof = evidence(found) if found is not None else None
    return Place(row.place, model, cast(Role, row.role), row.score, row.improvement, row.needed, row.why, proof)


def _judged(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """How many submissions have a final verdict, by round id."""
    query = (
        select(VerdictRow.round_id, func.count())
        .where(VerdictRow.round_id.in_(ids), VerdictRow.outcome != "abandoned")
        .group_by(VerdictRow.round_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _reading(
    found: FoundRound,
    waited: tuple[Wait, ...],
    drawn: tuple[PoolReading, ...],
    judged: int,
    places: tuple[Place, ...],
    flags: tuple[Flag, ...],
) -> RoundReading:
    cause = str(waited[0]) if waited else None
    root, near_duplicates = (found.bundle.root, found.bundle.near_duplicates) if found.bundle else (None, None)
    state = state_of(found.closed_block, root, cause)
    return RoundReading(
        number=found.row.number,
        seed_block=found.row.seed_block,
        state=state,
        cause=cause if state == "held" else None,
        waits=waited,
        bundle_root=root,
        near_duplicates=near_duplicates,
        samples=drawn,
        closed_block=found.closed_block,
        judged=judged,
        standings=places,
        flags=flags,
    )
