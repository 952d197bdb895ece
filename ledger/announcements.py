"""Tables announced on chain: which were announced by whom and when, what came of each, and which of them stand.

Knows neither who owns a subnet nor how a table is had; what came of an announcement is recorded once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from chain.types import Block, Hotkey, NetUid
from competitions.announcements import FIRST_WORD, Announcement
from competitions.succession import stand
from ledger.database import Ledger
from ledger.schema import AdoptionRow, AnnouncementRow, CommitmentRow, DismissalRow


class Dismissal(StrEnum):
    """Why an announcement never comes to hold; each follows from the chain and the announced file alone."""

    MALFORMED = "malformed"
    NOT_OWNER = "not_owner"
    """Its hotkey did not own the subnet when it was committed."""
    TOO_LATE = "too_late"
    SIGNATURE = "signature"
    """The file is not signed by that hotkey, for this chain, subnet, block and text."""
    FAULTY = "faulty"
    """The text is no table."""
    FORBIDDEN = "forbidden"
    """It changes what a table before it lets no other change."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A commitment meant as an announcement, which nobody has judged yet."""

    commitment_id: int
    hotkey: Hotkey
    block: Block
    text: bytes


@dataclass(frozen=True, slots=True)
class Announced:
    """An owner's announcement that stands: no newer one replaced it. `table` is its text once it was had."""

    commitment_id: int
    hotkey: Hotkey
    block: Block
    announcement: Announcement
    table: str | None
    dismissed: bool


def unheard(session: Session, netuid: NetUid) -> tuple[Heard, ...]:
    """Commitments meant as announcements that are neither recorded as such nor dismissed, oldest first."""
    query = (
        select(CommitmentRow.id, CommitmentRow.hotkey, CommitmentRow.commit_block, CommitmentRow.raw)
        .outerjoin(AnnouncementRow, AnnouncementRow.commitment_id == CommitmentRow.id)
        .outerjoin(DismissalRow, DismissalRow.commitment_id == CommitmentRow.id)
        .where(CommitmentRow.netuid == netuid, CommitmentRow.raw >= FIRST_WORD, CommitmentRow.raw < _AFTER)
        .where(AnnouncementRow.commitment_id.is_(None), DismissalRow.commitment_id.is_(None))
        .order_by(CommitmentRow.commit_block, CommitmentRow.id)
    )
    return tuple(Heard(id_, hotkey, block, raw or b"") for id_, hotkey, block, raw in session.execute(query))


_AFTER = FIRST_WORD + b"!"
"""Beyond the first word with a space after it, as bytes are ordered."""


def standing(session: Session, netuid: NetUid) -> tuple[Announced, ...]:
    """An owner's announcements that no newer one replaced, whatever came of each, oldest first."""
    query = (
        select(CommitmentRow, AnnouncementRow, AdoptionRow.text, DismissalRow.commitment_id)
        .join(AnnouncementRow, AnnouncementRow.commitment_id == CommitmentRow.id)
        .outerjoin(AdoptionRow, AdoptionRow.commitment_id == CommitmentRow.id)
        .outerjoin(DismissalRow, DismissalRow.commitment_id == CommitmentRow.id)
        .where(CommitmentRow.netuid == netuid)
        .order_by(CommitmentRow.commit_block, CommitmentRow.id)
    )
    found = [_announced(*row) for row in session.execute(query)]
    stands = stand([(one.block, one.announcement.activation) for one in found])
    return tuple(one for one, holds in zip(found, stands, strict=True) if holds)


def in_force(session: Session, netuid: NetUid, at: Block) -> str | None:
    """The text of the newest announced table that was had and has come to hold at a block; None where none has."""
    held = [one.table for one in standing(session, netuid) if one.table and one.announcement.activation <= at]
    return held[-1] if held else None


def announce(ledger: Ledger, heard: Heard, announcement: Announcement) -> None:
    """Record that the owner announced a table, once."""
    row = AnnouncementRow(commitment_id=heard.commitment_id, activation_block=announcement.activation)
    row.repo, row.digest, row.reader = announcement.repo, announcement.digest, announcement.reader
    with ledger.writing() as session:
        session.merge(row)


def adopt(ledger: Ledger, commitment_id: int, fingerprint: str, text: str) -> None:
    """Record an announced table, once."""
    with ledger.writing() as session:
        if session.get(AdoptionRow, commitment_id) is None:
            session.add(AdoptionRow(commitment_id=commitment_id, fingerprint=fingerprint, text=text))


def dismiss(ledger: Ledger, commitment_id: int, reason: Dismissal, detail: str) -> None:
    """Record that an announcement comes to nothing, once."""
    with ledger.writing() as session:
        if session.get(DismissalRow, commitment_id) is None:
            session.add(DismissalRow(commitment_id=commitment_id, reason=reason, detail=detail))


def dismissals(ledger: Ledger) -> Sequence[tuple[Block, Hotkey, Dismissal, str]]:
    """Every announcement that came to nothing: its block, its hotkey and why, oldest first."""
    query = (
        select(CommitmentRow.commit_block, CommitmentRow.hotkey, DismissalRow.reason, DismissalRow.detail)
        .join(DismissalRow, DismissalRow.commitment_id == CommitmentRow.id)
        .order_by(CommitmentRow.commit_block, CommitmentRow.id)
    )
    with ledger.reading() as session:
        return [(block, hotkey, Dismissal(reason), detail) for block, hotkey, reason, detail in session.execute(query)]


def _announced(commitment: CommitmentRow, row: AnnouncementRow, text: str | None, dismissed: int | None) -> Announced:
    announcement = Announcement(row.repo, row.digest, row.activation_block, row.reader)
    whose = commitment.id, commitment.hotkey, commitment.commit_block
    return Announced(*whose, announcement, text, dismissed is not None)
