"""Weights that went to the chain, its answer, and when they were read back. Knows nothing of how they are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from chain.types import Block, Hotkey, Included, Refused
from ledger.database import Ledger
from ledger.schema import ConfirmationRow, SendRow, SendWeightRow


@dataclass(frozen=True, slots=True)
class Sending:
    """Weights by hotkey sent at a head by a table, the chain's answer, and the block at which they were read back."""

    id: int
    block: Block
    fingerprint: str
    weights: Mapping[Hotkey, float]
    answer: Included | Refused
    confirmed_block: Block | None


def record_sent(
    ledger: Ledger, block: Block, fingerprint: str, weights: Mapping[Hotkey, float], answer: Included | Refused
) -> int:
    """Record weights sent at a head by the table of a fingerprint, and the chain's answer; gives the sending's id.

    The same sending with the same answer is recorded once.
    """
    row = _send_row(block, fingerprint, answer)
    same = SendRow.block == block, SendRow.fingerprint == fingerprint, SendRow.answer == row.answer
    with ledger.writing() as session:
        known = session.scalar(select(SendRow.id).where(*same))
        if known is not None:
            return known
        session.add(row)
        session.flush()
        session.add_all(SendWeightRow(send_id=row.id, hotkey=hotkey, weight=w) for hotkey, w in weights.items())
        return row.id


def confirm(ledger: Ledger, sending_id: int, block: Block) -> None:
    """Record the block at which sent weights were read back from the chain; the first one stands."""
    with ledger.writing() as session:
        if session.get(ConfirmationRow, sending_id) is None:
            session.add(ConfirmationRow(send_id=sending_id, block=block))


def last_sent(ledger: Ledger) -> Sending | None:
    """The newest sending, whatever became of it."""
    return _newest(ledger, true())


def last_included(ledger: Ledger) -> Sending | None:
    """The newest sending that stands in a block."""
    return _newest(ledger, SendRow.included_block.is_not(None))


def history(ledger: Ledger, limit: int = 50) -> tuple[Sending, ...]:
    """The newest sendings, newest first."""
    with ledger.reading() as session:
        return sendings(session, true(), limit)


def sendings(session: Session, condition: ColumnElement[bool], limit: int) -> tuple[Sending, ...]:
    """The newest sendings that meet a condition, newest first, within a transaction under way."""
    query = (
        select(SendRow, ConfirmationRow.block)
        .outerjoin(ConfirmationRow, ConfirmationRow.send_id == SendRow.id)
        .where(condition)
        .order_by(SendRow.id.desc())
        .limit(limit)
    )
    rows = session.execute(query).all()
    weights = _weights(session, [row.id for row, _ in rows])
    return tuple(_sending(row, weights[row.id], confirmed) for row, confirmed in rows)


def _newest(ledger: Ledger, condition: ColumnElement[bool]) -> Sending | None:
    with ledger.reading() as session:
        found = sendings(session, condition, 1)
    return found[0] if found else None


def _weights(session: Session, ids: Sequence[int]) -> dict[int, dict[Hotkey, float]]:
    weights: dict[int, dict[Hotkey, float]] = {id_: {} for id_ in ids}
    query = select(SendWeightRow).where(SendWeightRow.send_id.in_(ids)).order_by(SendWeightRow.weight.desc())
    for row in session.scalars(query):
        weights[row.send_id][row.hotkey] = row.weight
    return weights


def _send_row(block: Block, fingerprint: str, answer: Included | Refused) -> SendRow:
    match answer:
        case Included(included, extrinsic):
            return SendRow(block=block, fingerprint=fingerprint, answer=extrinsic, included_block=included)
        case Refused(name, message):
            return SendRow(block=block, fingerprint=fingerprint, answer=name, message=message)


def _sending(row: SendRow, weights: Mapping[Hotkey, float], confirmed: Block | None) -> Sending:
    answer: Included | Refused = Refused(row.answer, row.message or "")
    if row.included_block is not None:
        answer = Included(row.included_block, row.answer)
    return Sending(row.id, row.block, row.fingerprint, weights, answer, confirmed)
