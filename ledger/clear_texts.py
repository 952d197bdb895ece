"""Clear fields of commitments, each read once in the order of first sight, and the withdrawals found among them.

Knows nothing of what a clear text says. How far reading came is the one thing here that is overwritten.
"""

import json
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chain.types import Block, Hotkey, NetUid
from ledger.database import Ledger, LedgerConflict
from ledger.schema import CommitmentRow, FactRow, OpeningRow, RefusalRow, SubmissionRow, WithdrawalRow

_READ = "clear_texts_read"
"""Fact: the id of the newest commitment whose clear field was read."""


@dataclass(frozen=True, slots=True)
class ClearText:
    """A commitment's first clear field; `sealed` and `surplus` say what it was committed together with."""

    commitment_id: int
    hotkey: Hotkey
    text: bytes
    sealed: bool
    surplus: bool


def unread(ledger: Ledger) -> tuple[ClearText, ...]:
    """Clear fields nobody has read yet, oldest first; those of hotkeys without a uid at first sight never are."""
    opened = select(OpeningRow.id).where(OpeningRow.commitment_id == CommitmentRow.id).exists()
    sealed = CommitmentRow.sealed.is_not(None) | opened
    with ledger.reading() as session:
        query = (
            select(CommitmentRow.id, CommitmentRow.hotkey, CommitmentRow.raw, sealed, CommitmentRow.surplus)
            .outerjoin(SubmissionRow, SubmissionRow.commitment_id == CommitmentRow.id)
            .outerjoin(RefusalRow, RefusalRow.commitment_id == CommitmentRow.id)
            .where(CommitmentRow.id > _read(session), CommitmentRow.raw.is_not(None), CommitmentRow.uid.is_not(None))
            .where(SubmissionRow.id.is_(None), RefusalRow.commitment_id.is_(None))
            .order_by(CommitmentRow.id)
        )
        return tuple(ClearText(id_, hotkey, raw or b"", *more) for id_, hotkey, raw, *more in session.execute(query))


def mark_read(ledger: Ledger, commitment_id: int) -> None:
    """Record that clear fields were read up to a commitment."""
    with ledger.writing() as session:
        if commitment_id > _read(session):
            session.merge(FactRow(name=_READ, value=json.dumps(commitment_id)))


def withdraw(ledger: Ledger, commitment_id: int) -> None:
    """Record that a commitment is the empty pointer, once. Raises LedgerConflict where it is a submission."""
    with ledger.writing() as session:
        if session.scalar(select(SubmissionRow.id).where(SubmissionRow.commitment_id == commitment_id)) is not None:
            raise LedgerConflict(f"commitment {commitment_id} is a submission already: it withdraws nothing")
        session.merge(WithdrawalRow(commitment_id=commitment_id))


def withdrawals(ledger: Ledger, netuid: NetUid, at: Block) -> dict[Hotkey, Block]:
    """The newest block, at or before one, in which each hotkey that ever did withdrew."""
    query = (
        select(CommitmentRow.hotkey, func.max(CommitmentRow.commit_block))
        .join(WithdrawalRow, WithdrawalRow.commitment_id == CommitmentRow.id)
        .where(CommitmentRow.netuid == netuid, CommitmentRow.commit_block <= at)
        .group_by(CommitmentRow.hotkey)
    )
    with ledger.reading() as session:
        return {row.hotkey: row[1] for row in session.execute(query)}


def _read(session: Session) -> int:
    fact = session.get(FactRow, _READ)
    return int(json.loads(fact.value)) if fact else 0
