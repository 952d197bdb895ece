"""What was seen on chain: commitments at first sight, the texts the chain opened, and who holds which uid.

Knows nothing of what a commitment says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from chain.types import Block, Commitment, Hotkey, NetUid, Neuron, Opened, Registration, Unreadable
from ledger.database import Ledger
from ledger.schema import CommitmentRow, NeuronRow, OpeningRow, PollRow, UnreadableRow

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

    The chain opens before it takes commitments, so a text is of the entry that stood in the block before. That is the
    standing one if it is older than the opening; else the newest recorded one that is, if that was sealed; else the
    text is kept, but never becomes a submission.
    """
    readable = [entry for entry in commitments if isinstance(entry, Commitment)]
    with ledger.writing() as session:
        _mirror_neurons(session, netuid, block, neurons)
        new = _add_commitments(session, netuid, block, readable, {neuron.hotkey: neuron for neuron in neurons})
        opened = _add_openings(session, netuid, readable)
        unreadable = _add_unreadable(session, netuid, block, commitments)
    return PollResult(new, opened, unreadable)


def unwitnessed(ledger: Ledger, netuid: NetUid, commitments: Sequence[Commitment | Unreadable]) -> tuple[Block, ...]:
    """Blocks, oldest first, in which stood what the present no longer shows: the entries of texts not yet recorded.

    Recording the state at each of them first makes a text the same commitment's for whoever polled when.
    """
    readable = [entry for entry in commitments if isinstance(entry, Commitment)]
    with ledger.reading() as session:
        fresh = list(_fresh_openings(session, netuid, readable))
    return tuple(sorted({Block(opened.block - 1) for entry, opened in fresh if not _is_of(opened, entry)}))


def registered(ledger: Ledger, netuid: NetUid) -> dict[Hotkey, Registration]:
    """Who held a uid at the newest poll, and since which block."""
    query = select(NeuronRow.hotkey, NeuronRow.uid, NeuronRow.registered_at).where(NeuronRow.netuid == netuid)
    with ledger.reading() as session:
        return {hotkey: Registration(uid, since) for hotkey, uid, since in session.execute(query)}


def last_poll(ledger: Ledger, netuid: NetUid) -> Block | None:
    """Block of the newest poll; None before the first."""
    with ledger.reading() as session:
        return session.scalar(select(PollRow.block).where(PollRow.netuid == netuid))


def _mirror_neurons(session: Session, netuid: NetUid, block: Block, neurons: Sequence[Neuron]) -> None:
    poll = session.get(PollRow, netuid)
    if poll is not None and poll.block > block:
        return
    session.merge(PollRow(netuid=netuid, block=block))
    held = {row.uid: row for row in session.scalars(select(NeuronRow).where(NeuronRow.netuid == netuid))}
    for neuron in neurons:
        row = held.pop(neuron.uid, None)
        if row is None:
            row = NeuronRow(netuid=netuid, uid=neuron.uid)
            session.add(row)
        row.hotkey, row.coldkey, row.stake = neuron.hotkey, neuron.coldkey, neuron.stake
        row.permit, row.registered_at = neuron.permit, neuron.registered_at
    for row in held.values():
        session.delete(row)


def _add_commitments(
    session: Session, netuid: NetUid, block: Block, entries: Sequence[Commitment], owners: Mapping[Hotkey, Neuron]
) -> int:
    known = _standing(session, netuid, entries)
    new = [entry for entry in entries if entry.block is not None and (entry.hotkey, entry.block) not in known]
    session.add_all(_commitment_row(netuid, block, entry, owners.get(entry.hotkey)) for entry in new)
    session.flush()
    return len(new)


def _commitment_row(netuid: NetUid, block: Block, entry: Commitment, owner: Neuron | None) -> CommitmentRow:
    return CommitmentRow(
        netuid=netuid,
        hotkey=entry.hotkey,
        commit_block=entry.block,
        coldkey=owner and owner.coldkey,
        uid=owner and owner.uid,
        registered_at=owner and owner.registered_at,
        first_seen=block,
        sealed=entry.sealed and entry.sealed.ciphertext,
        reveal_round=entry.sealed and min(entry.sealed.reveal_round, _LAST_ROUND),
        raw=entry.raw,
    )


def _standing(session: Session, netuid: NetUid, entries: Iterable[Commitment]) -> dict[tuple[Hotkey, Block], int]:
    """Ids of the entries now standing, as far as recorded."""
    key = tuple_(CommitmentRow.hotkey, CommitmentRow.commit_block)
    keys = [(entry.hotkey, entry.block) for entry in entries if entry.block is not None]
    query = select(CommitmentRow.id, CommitmentRow.hotkey, CommitmentRow.commit_block)
    rows = session.execute(query.where(CommitmentRow.netuid == netuid, key.in_(keys)))
    return {(hotkey, commit_block): id_ for id_, hotkey, commit_block in rows}


def _add_openings(session: Session, netuid: NetUid, entries: Sequence[Commitment]) -> int:
    """Oldest first, so that each finds those before it attached."""
    fresh = list(_fresh_openings(session, netuid, entries))
    standing = _standing(session, netuid, [entry for entry, _ in fresh])
    for entry, opened in fresh:
        if entry.block is not None and _is_of(opened, entry):
            owner: int | None = standing[entry.hotkey, entry.block]
        else:
            owner = _sealed_before(session, netuid, entry.hotkey, opened.block)
        row = OpeningRow(
            netuid=netuid, hotkey=entry.hotkey, open_block=opened.block, data=opened.data, commitment_id=owner
        )
        session.add(row)
        session.flush()
    return len(fresh)


def _fresh_openings(
    session: Session, netuid: NetUid, entries: Sequence[Commitment]
) -> Iterator[tuple[Commitment, Opened]]:
    key = tuple_(OpeningRow.hotkey, OpeningRow.open_block)
    keys = [(entry.hotkey, opened.block) for entry in entries for opened in entry.opened]
    query = select(OpeningRow.hotkey, OpeningRow.open_block, OpeningRow.data)
    rows = session.execute(query.where(OpeningRow.netuid == netuid, key.in_(keys)))
    known = {(hotkey, block, data) for hotkey, block, data in rows}
    for entry in entries:
        for opened in sorted(entry.opened, key=lambda text: text.block):
            if (entry.hotkey, opened.block, opened.data) not in known:
                known.add((entry.hotkey, opened.block, opened.data))
                yield entry, opened


def _is_of(opened: Opened, entry: Commitment) -> bool:
    """Whether the entry stood when the text opened; one committed in that very block came after the opening."""
    return entry.block is not None and entry.block < opened.block


def _sealed_before(session: Session, netuid: NetUid, hotkey: Hotkey, open_block: Block) -> int | None:
    """The hotkey's newest recorded commitment before a block, None where that held no seal."""
    query = (
        select(CommitmentRow)
        .where(CommitmentRow.netuid == netuid, CommitmentRow.hotkey == hotkey, CommitmentRow.commit_block < open_block)
        .order_by(CommitmentRow.commit_block.desc())
        .limit(1)
    )
    row = session.scalar(query)
    return row.id if row is not None and row.sealed is not None else None


def _add_unreadable(session: Session, netuid: NetUid, block: Block, entries: Sequence[Commitment | Unreadable]) -> int:
    seen = {(entry.hotkey, reason) for entry in entries if (reason := _fault(entry))}
    key = tuple_(UnreadableRow.hotkey, UnreadableRow.reason)
    query = select(UnreadableRow.hotkey, UnreadableRow.reason).where(UnreadableRow.netuid == netuid, key.in_(seen))
    known = {(hotkey, reason) for hotkey, reason in session.execute(query)}
    new = sorted(seen - known)
    session.add_all(UnreadableRow(netuid=netuid, hotkey=hot, reason=why, first_seen=block) for hot, why in new)
    return len(new)


def _fault(entry: Commitment | Unreadable) -> str | None:
    """Why an entry will never be a submission, as far as the chain alone shows."""
    if isinstance(entry, Unreadable):
        # strangers' bytes may have become text that no database takes
        return entry.reason[:_LONGEST_REASON].encode(errors="replace").decode().replace("\0", "�")
    return f"the timelocked field committed in block {entry.block} could not be opened" if entry.failed else None
