"""What was seen on chain: every commitment at first sight, the texts the chain opened, and who holds which uid.

Knows nothing of what a commitment says, nor which blocks must be looked at so that none is missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from chain.types import BeaconRound, Block, Commitment, Hotkey, NetUid, Neuron, Unreadable
from ledger import registrations
from ledger.database import Ledger
from ledger.lookup import rows_with
from ledger.openings import add_openings
from ledger.schema import CommitmentRow, UnreadableRow

_LONGEST_REASON = 300
"""Characters kept of a reason, which may quote a stranger."""

_LAST_ROUND = 2**63 - 1
"""The largest number a database keeps. The chain takes beacon rounds up to twice that; none of them is ever reached."""


@dataclass(frozen=True, slots=True)
class PollResult:
    """How much one poll told that was not known: commitments, openings, and commitments that cannot be read."""

    new: int
    opened: int
    unreadable: int


def record_poll(
    ledger: Ledger,
    netuid: NetUid,
    block: Block,
    neurons: Sequence[Neuron],
    commitments: Sequence[Commitment | Unreadable],
) -> PollResult:
    """Record what a poll of a subnet, taken at one block, shows for the first time.

    A commitment is recorded with whoever held its hotkey, and for which coldkey, at the block of that poll. Polls come
    oldest first, and one at every block in which somebody committed: the owner is then the owner at the commit.
    """
    readable = [entry for entry in commitments if isinstance(entry, Commitment)]
    with ledger.writing() as session:
        registrations.mirror(session, netuid, block, neurons)
        new = _add_commitments(session, netuid, block, readable, {neuron.hotkey: neuron for neuron in neurons})
        opened = add_openings(session, netuid, readable)
        unreadable = _add_unreadable(session, netuid, block, commitments)
    return PollResult(new, opened, unreadable)


def newest_blocks(ledger: Ledger, netuid: NetUid, at: Block) -> dict[Hotkey, Block]:
    """The newest block, at or before one, in which each hotkey committed, whatever it was."""
    query = (
        select(CommitmentRow.hotkey, func.max(CommitmentRow.commit_block))
        .where(CommitmentRow.netuid == netuid, CommitmentRow.commit_block <= at)
        .group_by(CommitmentRow.hotkey)
    )
    with ledger.reading() as session:
        return {row.hotkey: row[1] for row in session.execute(query)}


def _add_commitments(
    session: Session, netuid: NetUid, block: Block, entries: Sequence[Commitment], owners: Mapping[Hotkey, Neuron]
) -> int:
    known = _known(session, netuid, entries)
    new = [entry for entry in entries if entry.block is not None and (entry.hotkey, entry.block) not in known]
    session.add_all(_commitment_row(netuid, block, entry, owners.get(entry.hotkey)) for entry in new)
    session.flush()
    return len(new)


def _commitment_row(netuid: NetUid, block: Block, entry: Commitment, owner: Neuron | None) -> CommitmentRow:
    row = CommitmentRow(netuid=netuid, hotkey=entry.hotkey, commit_block=entry.block, first_seen=block)
    if owner is not None:
        row.coldkey, row.uid, row.registered_at = owner.coldkey, owner.uid, owner.registered_at
    if entry.sealed is not None:
        row.sealed, row.reveal_round = entry.sealed.ciphertext, BeaconRound(min(entry.sealed.reveal_round, _LAST_ROUND))
    elif entry.failed:
        row.sealed = b""
    row.raw, row.surplus = entry.raw, entry.surplus or _is_opened_in_part(entry)
    return row


def _is_opened_in_part(entry: Commitment) -> bool:
    """Whether one seal of an entry opened and it holds another one: to a late first sight each looks like the only."""
    block = entry.block or 0
    return (entry.sealed is not None or entry.failed) and any(opened.block > block for opened in entry.opened)


def _known(session: Session, netuid: NetUid, entries: Sequence[Commitment]) -> set[tuple[Hotkey, Block]]:
    key = tuple_(CommitmentRow.hotkey, CommitmentRow.commit_block)
    keys = [(entry.hotkey, entry.block) for entry in entries if entry.block is not None]
    query = select(CommitmentRow.hotkey, CommitmentRow.commit_block).where(CommitmentRow.netuid == netuid)
    return {(hotkey, block) for hotkey, block in rows_with(session, query, key, keys)}


def _add_unreadable(session: Session, netuid: NetUid, block: Block, entries: Sequence[Commitment | Unreadable]) -> int:
    seen = {(entry.hotkey, reason) for entry in entries if (reason := _fault(entry))}
    key = tuple_(UnreadableRow.hotkey, UnreadableRow.reason)
    query = select(UnreadableRow.hotkey, UnreadableRow.reason).where(UnreadableRow.netuid == netuid)
    known = {(hotkey, reason) for hotkey, reason in rows_with(session, query, key, sorted(seen))}
    new = sorted(seen - known)
    session.add_all(UnreadableRow(netuid=netuid, hotkey=hot, reason=why, first_seen=block) for hot, why in new)
    return len(new)


def _fault(entry: Commitment | Unreadable) -> str | None:
    """Why an entry will never be a submission, as far as the chain alone shows."""
    if isinstance(entry, Unreadable):
        # strangers' bytes may have become text that no database takes
        return entry.reason[:_LONGEST_REASON].encode(errors="replace").decode().replace("\0", "�")
    return f"the timelocked field committed in block {entry.block} could not be opened" if entry.failed else None
