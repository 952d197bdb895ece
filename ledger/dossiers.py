"""Everything recorded about a commitment, brought together in a fixed number of queries. Judges nothing."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chain.types import Block, Hotkey
from ledger.ancestry import Ancestry, ancestries
from ledger.schema import (
    ClosingRow,
    CommitmentRow,
    IntakeRow,
    OpeningRow,
    RefusalRow,
    RoundRow,
    StandingRow,
    SubmissionRow,
    VerdictRow,
    WithdrawalRow,
)

_ROUNDS_TOLD = 8
"""Newest rounds told of one submission."""


@dataclass(frozen=True, slots=True)
class Placing:
    """A submission's standing after one round."""

    round_number: int
    closed_block: Block
    standing: StandingRow


@dataclass(frozen=True, slots=True)
class Dossier:
    """One commitment's rows. `attempts` at its files and `placings` are oldest first."""

    commitment: CommitmentRow
    is_newest: bool
    """Whether it is its hotkey's newest."""
    opened: Block | None
    refusal: RefusalRow | None
    is_withdrawal: bool
    withdrawn: Block | None
    """Where its hotkey first withdrew after it."""
    submission: SubmissionRow | None
    attempts: Sequence[IntakeRow]
    placings: Sequence[Placing]
    verdict: VerdictRow | None
    """The latest of any round."""
    ancestry: Ancestry | None


def dossiers(session: Session, shown: int) -> list[Dossier]:
    """The newest commitments, newest first."""
    query = (
        select(CommitmentRow, SubmissionRow, RefusalRow)
        .outerjoin(SubmissionRow, SubmissionRow.commitment_id == CommitmentRow.id)
        .outerjoin(RefusalRow, RefusalRow.commitment_id == CommitmentRow.id)
        .order_by(CommitmentRow.commit_block.desc(), CommitmentRow.id.desc())
        .limit(shown)
    )
    rows = session.execute(query).all()
    submissions = [row.id for _, row, _ in rows if row is not None]
    newest = _newest_ids(session)
    opened = _opened(session, [row.id for row, _, _ in rows])
    withdrawn = _withdrawn(session, [row for row, _, _ in rows])
    attempts, placings = _attempts(session, submissions), _placings(session, submissions)
    verdicts = _verdicts(session, submissions)
    digests = {row.id: _digest(row, attempts[row.id]) for _, row, _ in rows if row is not None}
    traced = ancestries(session, (digest for digest in digests.values() if digest))
    return [
        Dossier(
            seen,
            seen.id in newest,
            opened.get(seen.id),
            refusal,
            seen.commit_block in withdrawn.get(seen.hotkey, ()),
            next((block for block in withdrawn.get(seen.hotkey, ()) if block > seen.commit_block), None),
            submission,
            attempts[submission.id] if submission else (),
            placings[submission.id] if submission else (),
            verdicts.get(submission.id) if submission else None,
            traced.get(digests[submission.id] or "") if submission else None,
        )
        for seen, submission, refusal in rows
    ]


def _newest_ids(session: Session) -> set[int]:
    """The newest commitment of each hotkey."""
    order = CommitmentRow.commit_block.desc(), CommitmentRow.id.desc()
    rank = func.row_number().over(partition_by=(CommitmentRow.netuid, CommitmentRow.hotkey), order_by=order)
    ranked = select(CommitmentRow.id, rank.label("rank")).subquery()
    return set(session.scalars(select(ranked.c.id).where(ranked.c.rank == 1)))


def _opened(session: Session, ids: Sequence[int]) -> dict[int, Block]:
    query = select(OpeningRow.commitment_id, func.min(OpeningRow.open_block)).where(OpeningRow.commitment_id.in_(ids))
    rows = session.execute(query.group_by(OpeningRow.commitment_id))
    return {id_: block for id_, block in rows if id_ is not None}


def _withdrawn(session: Session, seen: Sequence[CommitmentRow]) -> dict[Hotkey, list[Block]]:
    """The blocks in which each hotkey withdrew, oldest first."""
    query = select(CommitmentRow.hotkey, CommitmentRow.commit_block).order_by(CommitmentRow.commit_block)
    query = query.join(WithdrawalRow, WithdrawalRow.commitment_id == CommitmentRow.id)
    blocks: dict[Hotkey, list[Block]] = defaultdict(list)
    for hotkey, block in session.execute(query.where(CommitmentRow.hotkey.in_({row.hotkey for row in seen}))):
        blocks[hotkey].append(block)
    return blocks


def _attempts(session: Session, submissions: Sequence[int]) -> dict[int, list[IntakeRow]]:
    attempts: dict[int, list[IntakeRow]] = defaultdict(list)
    query = select(IntakeRow).where(IntakeRow.submission_id.in_(submissions)).order_by(IntakeRow.id)
    for row in session.scalars(query):
        attempts[row.submission_id].append(row)
    return attempts


def _placings(session: Session, submissions: Sequence[int]) -> dict[int, list[Placing]]:
    age = func.row_number().over(partition_by=StandingRow.submission_id, order_by=RoundRow.number.desc())
    ranked = (
        select(StandingRow.round_id, StandingRow.submission_id, RoundRow.number, age.label("age"))
        .join(RoundRow, RoundRow.id == StandingRow.round_id)
        .where(StandingRow.submission_id.in_(submissions))
        .subquery()
    )
    same = (StandingRow.round_id == ranked.c.round_id) & (StandingRow.submission_id == ranked.c.submission_id)
    query = (
        select(ranked.c.number, ClosingRow.at_block, StandingRow)
        .join(StandingRow, same)
        .join(ClosingRow, ClosingRow.round_id == StandingRow.round_id)
        .where(ranked.c.age <= _ROUNDS_TOLD)
        .order_by(ranked.c.number)
    )
    placings: dict[int, list[Placing]] = defaultdict(list)
    for number, closed_block, standing in session.execute(query):
        placings[standing.submission_id].append(Placing(number, closed_block, standing))
    return placings


def _digest(row: SubmissionRow, attempts: Sequence[IntakeRow]) -> str | None:
    """As the pointer told it, or as it was found with the files."""
    return row.digest or (attempts[-1].digest if attempts else None)


def _verdicts(session: Session, submissions: Sequence[int]) -> dict[int, VerdictRow]:
    latest = select(func.max(VerdictRow.id)).where(VerdictRow.submission_id.in_(submissions))
    query = select(VerdictRow).where(VerdictRow.id.in_(latest.group_by(VerdictRow.submission_id)))
    return {row.submission_id: row for row in session.scalars(query)}
