"""What rounds wait for: for each round and cause how often, from when to when, and the newest detail.

A held round is tried again every few seconds; so a wait is counted up, once for each block, and never repeated.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from chain.types import Block
from evaluation.sources.held import Held
from ledger.database import Ledger
from ledger.schema import RoundRow, WaitRow

_AGE = func.coalesce(WaitRow.last_block, 0).desc(), WaitRow.id.desc()


@dataclass(frozen=True, slots=True)
class Wait:
    """How often a round was held for one cause; cause and blocks are None where an older version recorded it."""

    cause: str | None
    """A `held.Cause`."""
    detail: str
    """As of the last time."""
    times: int
    """In how many blocks the round was tried in vain."""
    since_block: Block | None
    last_block: Block | None

    def __str__(self) -> str:
        return f"{self.cause}: {self.detail}" if self.cause else self.detail


def hold(ledger: Ledger, round_id: int, held: Held, at: Block) -> None:
    """Record that a round was tried in vain when the head was at a block; it stays held until its bundle is set.

    In a block a cause counts once.
    """
    mine = select(WaitRow).where(WaitRow.round_id == round_id, WaitRow.cause == held.cause)
    with ledger.writing() as session:
        row = session.scalar(mine)
        if row is None:
            row = WaitRow(round_id=round_id, cause=held.cause, detail=held.detail, times=1)
            row.since_block = row.last_block = at
            session.add(row)
        elif row.last_block is None or row.last_block < at:
            row.detail, row.times, row.last_block = held.detail, row.times + 1, at


def newest_wait() -> ScalarSelect[int]:
    """Id of the newest wait of the RoundRow of the query around it."""
    query = select(WaitRow.id).where(WaitRow.round_id == RoundRow.id).order_by(*_AGE).limit(1)
    return query.correlate(RoundRow).scalar_subquery()


def waits(session: Session, round_ids: Iterable[int]) -> dict[int, tuple[Wait, ...]]:
    """What each of these rounds waited for, newest first, by round id; nothing for those that never did."""
    found: dict[int, tuple[Wait, ...]] = {}
    for row in session.scalars(select(WaitRow).where(WaitRow.round_id.in_(set(round_ids))).order_by(*_AGE)):
        found[row.round_id] = (*found.get(row.round_id, ()), wait_of(row))
    return found


def wait_of(row: WaitRow) -> Wait:
    """A row as a record."""
    return Wait(row.cause or None, row.detail, row.times, row.since_block, row.last_block)
