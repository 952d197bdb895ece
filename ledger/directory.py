"""Who is who now: submissions by id, the uid a hotkey holds, and what this validator pays it on chain."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from chain.types import Hotkey, Uid, Weights
from ledger import network
from ledger.network import Identity
from ledger.schema import NeuronRow, SubmissionRow


@dataclass(frozen=True, slots=True)
class Model:
    """A submission as standings name it.

    `uid` is None where its hotkey holds none now, `weight` where this validator's weights were never read from chain.
    """

    submission_id: int
    uid: Uid | None
    hotkey: Hotkey
    repo: str
    revision: str
    weight: float | None


@dataclass(frozen=True, slots=True)
class Directory:
    """Look-ups for one reading of the ledger."""

    uids: Mapping[Hotkey, Uid]
    paid: Weights | None
    """This validator's own weights on chain."""

    def weight(self, hotkey: Hotkey) -> float | None:
        """What a hotkey is paid now."""
        if self.paid is None:
            return None
        uid = self.uids.get(hotkey)
        return 0.0 if uid is None else self.paid.get(uid, 0.0)

    def models(self, session: Session, ids: Iterable[int]) -> dict[int, Model]:
        """Submissions by id."""
        rows = session.scalars(select(SubmissionRow).where(SubmissionRow.id.in_(set(ids))))
        return {row.id: self.model(row) for row in rows}

    def model(self, row: SubmissionRow) -> Model:
        """A submission as readers see it."""
        return Model(row.id, self.uids.get(row.hotkey), row.hotkey, row.repo, row.revision, self.weight(row.hotkey))


def directory(session: Session, identity: Identity | None) -> Directory:
    """The look-ups as the validator of that identity sees them; empty where none is known."""
    if identity is None:
        return Directory({}, None)
    query = select(NeuronRow.hotkey, NeuronRow.uid).where(NeuronRow.netuid == identity.netuid)
    uids = {row.hotkey: row.uid for row in session.execute(query)}
    read, own = network.chain_weights(session), uids.get(identity.hotkey)
    return Directory(uids, read.by_setter.get(own, {}) if read is not None and own is not None else None)
