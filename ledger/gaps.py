"""Stretches of the past that had to be read and could not be: what was committed there may be missing here."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from chain.types import Block, NetUid
from ledger.database import Ledger
from ledger.schema import GapRow


@dataclass(frozen=True, slots=True)
class Gap:
    """Blocks from `first` to `last`, and what the node said of the newest of them."""

    first: Block
    last: Block
    cause: str


def record_gap(ledger: Ledger, netuid: NetUid, gap: Gap) -> None:
    """Record a gap, once."""
    same = GapRow.netuid == netuid, GapRow.first_block == gap.first, GapRow.last_block == gap.last
    with ledger.writing() as session:
        if session.scalar(select(GapRow.id).where(*same)) is None:
            session.add(GapRow(netuid=netuid, first_block=gap.first, last_block=gap.last, cause=gap.cause))


def gaps(session: Session, shown: int) -> tuple[Gap, ...]:
    """So many gaps, newest first, within a transaction under way."""
    query = select(GapRow).order_by(GapRow.last_block.desc(), GapRow.id.desc()).limit(shown)
    return tuple(Gap(row.first_block, row.last_block, row.cause) for row in session.scalars(query))
