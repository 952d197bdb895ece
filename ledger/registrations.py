"""Who holds which uid now, as of the newest poll. Mirrors the present; what was is in the commitments' own rows."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from chain.types import Block, Hotkey, NetUid, Neuron, Registration
from ledger.database import Ledger
from ledger.schema import NeuronRow, PollRow


def registered(ledger: Ledger, netuid: NetUid) -> dict[Hotkey, Registration]:
    """Who held a uid at the newest poll, and since which block."""
    query = select(NeuronRow.hotkey, NeuronRow.uid, NeuronRow.registered_at).where(NeuronRow.netuid == netuid)
    with ledger.reading() as session:
        return {hotkey: Registration(uid, since) for hotkey, uid, since in session.execute(query)}


def last_poll(ledger: Ledger, netuid: NetUid) -> Block | None:
    """Block of the newest poll; None before the first."""
    with ledger.reading() as session:
        return session.scalar(select(PollRow.block).where(PollRow.netuid == netuid))


def mirror(session: Session, netuid: NetUid, block: Block, neurons: Sequence[Neuron]) -> None:
    """Make the present that of a poll, unless a newer one was recorded; rows that stay the same are not written."""
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
