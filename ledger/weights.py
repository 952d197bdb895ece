"""Weights on their way to the chain, its answers, and when they were read back. Knows nothing of how they are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from chain.types import Block, Hotkey, Included, Refused, Uid
from ledger.database import Ledger
from ledger.schema import AnswerRow, ReadbackRow, SendingRow, SendingValueRow, SendingWeightRow

Answer = Included | Refused

MOST_TRIES = 16
"""Tries that `tries` tells; the pause between them no longer grows with so many."""


@dataclass(frozen=True, slots=True)
class Sending:
    """Weights by hotkey sent at a head by a table, the chain's answer, and the block at which they were read back."""

    id: int
    block: Block
    fingerprint: str
    weights: Mapping[Hotkey, float]
    answer: Answer | None
    """None while nobody knows what became of them."""
    confirmed_block: Block | None
    values: Mapping[Uid, int] = field(default_factory=dict)
    """The u16 weights by uid, as sent; empty where they were refused without asking the chain."""
    cause: str = ""
    """Why they were due: first, changed, moved, lost or refresh."""
    terms: str = ""
    """What besides the weights decides whether the chain takes them."""
    sealed: bool = False
    """Whether they were committed, for the chain to reveal later."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Weights as they are about to be sent; fields as of a Sending."""

    block: Block
    fingerprint: str
    weights: Mapping[Hotkey, float]
    values: Mapping[Uid, int] = field(default_factory=dict)
    cause: str = ""
    terms: str = ""
    sealed: bool = False


def begin(ledger: Ledger, attempt: Attempt) -> int:
    """Record weights before they leave; gives the sending's id."""
    with ledger.writing() as session:
        return _add(session, attempt)


def answer(ledger: Ledger, sending_id: int, said: Answer) -> None:
    """Record what the chain said of a sending; the first answer stands."""
    with ledger.writing() as session:
        if session.get(AnswerRow, sending_id) is None:
            session.add(_answer_row(sending_id, said))


def record(ledger: Ledger, attempt: Attempt, said: Answer) -> int:
    """Record an attempt together with its answer; gives the sending's id. The same of both is recorded once."""
    row = _answer_row(0, said)
    same = (
        SendingRow.block == attempt.block,
        SendingRow.fingerprint == attempt.fingerprint,
        SendingRow.terms == attempt.terms,
        AnswerRow.answer == row.answer,
    )
    with ledger.writing() as session:
        known = session.scalar(
            select(SendingRow.id).join(AnswerRow, AnswerRow.sending_id == SendingRow.id).where(*same)
        )
        if known is not None:
            return known
        row.sending_id = _add(session, attempt)
        session.add(row)
        return row.sending_id


def confirm(ledger: Ledger, sending_id: int, block: Block) -> None:
    """Record the block at which sent weights were read back from the chain; the first one stands."""
    with ledger.writing() as session:
        if session.get(ReadbackRow, sending_id) is None:
            session.add(ReadbackRow(sending_id=sending_id, block=block))


def last_included(ledger: Ledger) -> Sending | None:
    """The newest sending that stands in a block."""
    return _newest(ledger, AnswerRow.included_block.is_not(None))


def tries(ledger: Ledger) -> tuple[Sending, ...]:
    """The newest sendings after the last one that stands in a block, newest first, at most MOST_TRIES."""
    included = select(func.max(AnswerRow.sending_id)).where(AnswerRow.included_block.is_not(None)).scalar_subquery()
    with ledger.reading() as session:
        return sendings(session, SendingRow.id > func.coalesce(included, 0), MOST_TRIES)


def history(ledger: Ledger, limit: int = 50) -> tuple[Sending, ...]:
    """The newest sendings, newest first."""
    with ledger.reading() as session:
        return sendings(session, true(), limit)


def sendings(session: Session, condition: ColumnElement[bool], limit: int) -> tuple[Sending, ...]:
    """The newest sendings that meet a condition, newest first, within a transaction under way."""
    query = (
        select(SendingRow, AnswerRow, ReadbackRow.block)
        .outerjoin(AnswerRow, AnswerRow.sending_id == SendingRow.id)
        .outerjoin(ReadbackRow, ReadbackRow.sending_id == SendingRow.id)
        .where(condition)
        .order_by(SendingRow.id.desc())
        .limit(limit)
    )
    rows = session.execute(query).all()
    ids = [row.id for row, _, _ in rows]
    weights, values = _weights(session, ids), _values(session, ids)
    return tuple(
        Sending(
            row.id,
            row.block,
            row.fingerprint,
            weights[row.id],
            _answer(said),
            confirmed,
            values[row.id],
            row.cause,
            row.terms,
            row.sealed,
        )
        for row, said, confirmed in rows
    )


def _newest(ledger: Ledger, condition: ColumnElement[bool]) -> Sending | None:
    with ledger.reading() as session:
        found = sendings(session, condition, 1)
    return found[0] if found else None


def _weights(session: Session, ids: Sequence[int]) -> dict[int, dict[Hotkey, float]]:
    weights: dict[int, dict[Hotkey, float]] = {id_: {} for id_ in ids}
    query = select(SendingWeightRow).where(SendingWeightRow.sending_id.in_(ids))
    for row in session.scalars(query.order_by(SendingWeightRow.weight.desc())):
        weights[row.sending_id][row.hotkey] = row.weight
    return weights


def _values(session: Session, ids: Sequence[int]) -> dict[int, dict[Uid, int]]:
    values: dict[int, dict[Uid, int]] = {id_: {} for id_ in ids}
    query = select(SendingValueRow).where(SendingValueRow.sending_id.in_(ids))
    for row in session.scalars(query.order_by(SendingValueRow.uid)):
        values[row.sending_id][row.uid] = row.value
    return values


def _add(session: Session, attempt: Attempt) -> int:
    row = SendingRow(
        block=attempt.block,
        fingerprint=attempt.fingerprint,
        cause=attempt.cause,
        terms=attempt.terms,
        sealed=attempt.sealed,
    )
    session.add(row)
    session.flush()
    session.add_all(SendingWeightRow(sending_id=row.id, hotkey=hot, weight=w) for hot, w in attempt.weights.items())
    session.add_all(SendingValueRow(sending_id=row.id, uid=uid, value=value) for uid, value in attempt.values.items())
    return row.id


def _answer_row(sending_id: int, said: Answer) -> AnswerRow:
    match said:
        case Included(included, extrinsic):
            return AnswerRow(sending_id=sending_id, answer=extrinsic, included_block=included)
        case Refused(name, message):
            return AnswerRow(sending_id=sending_id, answer=name, message=message)


def _answer(row: AnswerRow | None) -> Answer | None:
    if row is None:
        return None
    if row.included_block is not None:
        return Included(row.included_block, row.answer)
    return Refused(row.answer, row.message or "")
