"""What each loop last said of itself. Mirrors the present: a beat replaces the one before."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from chain.types import Block
from ledger.database import Ledger
from ledger.schema import HeartbeatRow


@dataclass(frozen=True, slots=True)
class Beat:
    """A loop's newest step: when it ended (UTC), at which block, whether it went well, and what it has to say.

    `ok_at` is when a step last went well, None if none ever did.
    """

    loop: str
    at: datetime
    block: Block | None
    ok: bool
    message: str
    ok_at: datetime | None


def beat(ledger: Ledger, loop: str, at: datetime, block: Block | None, ok: bool, message: str) -> None:
    """Replace a loop's beat. `at` is a moment with a time zone."""
    with ledger.writing() as session:
        before = session.get(HeartbeatRow, loop)
        ok_at = at if ok else before and before.ok_at
        session.merge(HeartbeatRow(loop=loop, at=at, block=block, ok=ok, message=message, ok_at=ok_at))


def all_beats(ledger: Ledger) -> tuple[Beat, ...]:
    """Every loop's newest beat, by name."""
    with ledger.reading() as session:
        return beats(session)


def beats(session: Session) -> tuple[Beat, ...]:
    """Every loop's newest beat, by name, within a transaction under way."""
    rows = session.scalars(select(HeartbeatRow).order_by(HeartbeatRow.loop))
    return tuple(Beat(row.loop, row.at, row.block, row.ok, row.message, row.ok_at) for row in rows)
