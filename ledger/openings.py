"""Texts the chain opened, each at the one commitment it can belong to. Knows nothing of what a text says.

The chain opens before it takes commitments, so a text is of the entry that stood in the block before. That is the
standing one if it is older than the opening; else the newest recorded one that is, if that was sealed; else the text
is kept, but never becomes a submission.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from chain.types import Block, Commitment, Hotkey, NetUid, Opened
from ledger.lookup import rows_with
from ledger.schema import CommitmentRow, OpeningRow


def add_openings(session: Session, netuid: NetUid, entries: Sequence[Commitment]) -> int:
    """Record what opened and is not known, oldest first; how many texts. The entries are recorded already."""
    fresh = list(_fresh(session, netuid, entries))
    session.add_all([_row(session, netuid, entry, opened) for entry, opened in fresh])
    return len(fresh)


def _row(session: Session, netuid: NetUid, entry: Commitment, opened: Opened) -> OpeningRow:
    stands = entry.block is not None and entry.block < opened.block
    owner = _standing(session, netuid, entry) if stands else _sealed_before(session, netuid, entry, opened.block)
    row = OpeningRow(netuid=netuid, hotkey=entry.hotkey, open_block=opened.block, data=opened.data)
    row.commitment_id = owner
    return row


def _fresh(session: Session, netuid: NetUid, entries: Sequence[Commitment]) -> Iterator[tuple[Commitment, Opened]]:
    known = _known(session, netuid, entries)
    for entry in entries:
        for opened in sorted(entry.opened, key=lambda text: text.block):
            if (entry.hotkey, opened.block, opened.data) not in known:
                known.add((entry.hotkey, opened.block, opened.data))
                yield entry, opened


def _known(session: Session, netuid: NetUid, entries: Sequence[Commitment]) -> set[tuple[Hotkey, Block, bytes]]:
    key = tuple_(OpeningRow.hotkey, OpeningRow.open_block)
    keys = sorted({(entry.hotkey, opened.block) for entry in entries for opened in entry.opened})
    query = select(OpeningRow.hotkey, OpeningRow.open_block, OpeningRow.data).where(OpeningRow.netuid == netuid)
    return {(hotkey, block, data) for hotkey, block, data in rows_with(session, query, key, keys)}


def _standing(session: Session, netuid: NetUid, entry: Commitment) -> int | None:
    same = CommitmentRow.netuid == netuid, CommitmentRow.hotkey == entry.hotkey
    return session.scalar(select(CommitmentRow.id).where(*same, CommitmentRow.commit_block == entry.block))


def _sealed_before(session: Session, netuid: NetUid, entry: Commitment, open_block: Block) -> int | None:
    """The hotkey's newest recorded commitment before a block, None where that held no seal."""
    query = (
        select(CommitmentRow.id, CommitmentRow.sealed)
        .where(CommitmentRow.netuid == netuid, CommitmentRow.hotkey == entry.hotkey)
        .where(CommitmentRow.commit_block < open_block)
        .order_by(CommitmentRow.commit_block.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return row.id if row is not None and row.sealed is not None else None
