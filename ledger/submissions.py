"""From a readable pointer to files that were vetted: what each commitment names, and what is due next.

Knows nothing of how pointers are decoded or models vetted. Pointers that never were sealed are in `ledger.clear_texts`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import Session, aliased

from chain.types import Block, Hotkey
from competitions.records import Intake, Submission
from ledger.database import Ledger, LedgerConflict, NoSuchRecord
from ledger.lineages import keep_sketch
from ledger.schema import CommitmentRow, IntakeRow, OpeningRow, RefusalRow, SubmissionRow
from models.rejections import Reason, Rejection
from models.sketch import Encoded

_Pointer = tuple[str, str, str, str, str | None]
"""Competition, repository, revision, digest and secure hash."""

_UNTOLD = ""
"""Stands for the digest of a pointer that tells only its secure hash."""

_INTAKE: dict[str | None, Intake] = {None: "due", "retry": "due", "accepted": "accepted", "rejected": "rejected"}
"""State of the files by outcome of the latest attempt."""


@dataclass(frozen=True, slots=True)
class OpenedCommitment:
    """A commitment whose text the chain opened and nobody has decoded yet.

    `texts` counts its fields that opened, whenever: a commitment is one pointer, so more than one is a fault.
    `surplus` says that it held more fields of a kind than one pointer has.
    """

    commitment_id: int
    hotkey: Hotkey
    data: bytes
    commit_block: Block
    open_block: Block
    surplus: bool
    texts: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The files passed vetting; sizes as vetted. `digest` is theirs, and needed where the pointer did not tell it.

    Without its sketch a model's lineage is never traced.
    """

    parameters: int
    bytes: int
    digest: str | None = None
    sketch: Encoded = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Retry:
    """Our fault or the Hub's: the files are due again from a block on."""

    cause: str
    at_block: Block


def undecoded(ledger: Ledger, beside: Collection[bytes] = ()) -> tuple[OpenedCommitment, ...]:
    """Opened commitments that are neither a submission nor refused, most senior first.

    A commitment whose hotkey held no uid when it was first seen is never among them, nor is one with a clear field of
    those `beside` which no pointer is sealed.
    """
    earlier, twin = aliased(OpeningRow), aliased(OpeningRow)
    first = select(func.min(earlier.id)).where(earlier.commitment_id == CommitmentRow.id)
    texts = select(func.count(twin.id)).where(twin.commitment_id == CommitmentRow.id)
    opened = OpeningRow.data, CommitmentRow.commit_block, OpeningRow.open_block
    shown = CommitmentRow.id, CommitmentRow.hotkey, *opened, CommitmentRow.surplus
    query = (
        select(*shown, texts.correlate(CommitmentRow).scalar_subquery())
        .join(OpeningRow, OpeningRow.id == first.correlate(CommitmentRow).scalar_subquery())
        .outerjoin(SubmissionRow, SubmissionRow.commitment_id == CommitmentRow.id)
        .outerjoin(RefusalRow, RefusalRow.commitment_id == CommitmentRow.id)
        .where(SubmissionRow.id.is_(None), RefusalRow.commitment_id.is_(None), CommitmentRow.uid.is_not(None))
        .where(or_(CommitmentRow.raw.is_(None), CommitmentRow.raw.not_in(beside)))
        .order_by(CommitmentRow.commit_block, CommitmentRow.id)
    )
    with ledger.reading() as session:
        return tuple(OpenedCommitment(*row) for row in session.execute(query))


def add(ledger: Ledger, commitment_id: int, competition: str, repo: str, revision: str, digest: str) -> int:
    """Record the model an opened commitment names, once; gives the submission's id.

    Raises NoSuchRecord where the commitment has not opened, LedgerConflict where it was refused, held no uid or already
    names another model.
    """
    return _add(ledger, commitment_id, (competition, repo, revision, digest, None))


def add_hashed(ledger: Ledger, commitment_id: int, competition: str, repo: str, revision: str, secure_hash: str) -> int:
    """Record the model a commitment in clear names, once, revealed by its commit; gives the submission's id.

    Raises NoSuchRecord, and LedgerConflict where it was refused, held no uid or already names another model.
    """
    return _add(ledger, commitment_id, (competition, repo, revision, _UNTOLD, secure_hash))


def refuse(ledger: Ledger, commitment_id: int, rejection: Rejection) -> None:
    """Record that a commitment names no submission; the first refusal stands. Raises LedgerConflict."""
    with ledger.writing() as session:
        if _by_commitment(session, commitment_id) is not None:
            raise LedgerConflict(f"commitment {commitment_id} is a submission already: refuse its files instead")
        if session.get(RefusalRow, commitment_id) is None:
            reason, detail = rejection.reason.value, rejection.detail
            session.add(RefusalRow(commitment_id=commitment_id, reason=reason, detail=detail))


def due_for_intake(ledger: Ledger, competitions: Iterable[str], now_block: Block) -> tuple[Submission, ...]:
    """Submissions to these competitions whose files still have to be vetted; after a retry, from its block on.

    Those never tried come first, then those tried longest ago, then the most senior: no one repository holds up others.
    """
    retry = (IntakeRow.outcome == "retry") & (IntakeRow.retry_block <= now_block)
    with ledger.reading() as session:
        here = SubmissionRow.competition.in_(list(competitions))
        return _select(session, here & (IntakeRow.id.is_(None) | retry), func.coalesce(IntakeRow.block, -1))


def retries(ledger: Ledger, submission_id: int, since: Block) -> int:
    """How many attempts at a submission's files failed, by our fault or the Hub's, from a block on."""
    condition = IntakeRow.submission_id == submission_id, IntakeRow.outcome == "retry", IntakeRow.block >= since
    with ledger.reading() as session:
        return session.scalar(select(func.count(IntakeRow.id)).where(*condition)) or 0


def record_intake(ledger: Ledger, submission_id: int, block: Block, result: Accepted | Rejection | Retry) -> None:
    """Record one attempt at a submission's files, made at a block. The first acceptance or rejection stands.

    Raises LedgerConflict where files are accepted whose digest nobody told.
    """
    row = _intake_row(submission_id, block, result)
    stands = (IntakeRow.outcome != "retry") | ((IntakeRow.block == block) & (IntakeRow.outcome == row.outcome))
    with ledger.writing() as session:
        told = row.digest or session.scalar(select(SubmissionRow.digest).where(SubmissionRow.id == submission_id))
        if row.outcome == "accepted" and told == _UNTOLD:
            raise LedgerConflict(
                f"submission {submission_id} is a pointer in clear: accept its files with their digest"
            )
        if session.scalar(select(IntakeRow.id).where(IntakeRow.submission_id == submission_id, stands)) is None:
            session.add(row)
            if isinstance(result, Accepted) and result.sketch and told:
                keep_sketch(session, told, result.sketch)


def all_of(ledger: Ledger, competition: str) -> tuple[Submission, ...]:
    """Every submission to a competition, most senior first."""
    with ledger.reading() as session:
        return _select(session, SubmissionRow.competition == competition)


def get(ledger: Ledger, submission_id: int) -> Submission:
    """One submission. Raises NoSuchRecord."""
    with ledger.reading() as session:
        found = _select(session, SubmissionRow.id == submission_id)
    if not found:
        raise NoSuchRecord(f"no submission {submission_id} in {ledger.name}")
    return found[0]


def rejection(ledger: Ledger, submission_id: int) -> Rejection | None:
    """Why a submission's files were refused; None where they were not."""
    query = select(IntakeRow).where(IntakeRow.submission_id == submission_id, IntakeRow.outcome == "rejected")
    with ledger.reading() as session:
        row = session.scalar(query)
        return Rejection(Reason(row.reason or ""), row.detail or "") if row else None


def rejections(ledger: Ledger, competition: str) -> dict[int, Rejection]:
    """Why files of a competition's submissions were refused, by submission."""
    query = select(IntakeRow).join(SubmissionRow, SubmissionRow.id == IntakeRow.submission_id)
    query = query.where(SubmissionRow.competition == competition, IntakeRow.outcome == "rejected")
    with ledger.reading() as session:
        rows = session.scalars(query)
        return {row.submission_id: Rejection(Reason(row.reason or ""), row.detail or "") for row in rows}


def _by_commitment(session: Session, commitment_id: int) -> SubmissionRow | None:
    return session.scalar(select(SubmissionRow).where(SubmissionRow.commitment_id == commitment_id))


def _add(ledger: Ledger, commitment_id: int, named: _Pointer) -> int:
    with ledger.writing() as session:
        row = _by_commitment(session, commitment_id)
        if row is None:
            return _insert(session, commitment_id, named)
        if (row.competition, row.repo, row.revision, row.digest, row.secure_hash) != named:
            raise LedgerConflict(f"commitment {commitment_id} is {row.repo}@{row.revision}, it cannot become {named}")
        return row.id


def _insert(session: Session, commitment_id: int, named: _Pointer) -> int:
    owner = session.get(CommitmentRow, commitment_id)
    if owner is None:
        raise NoSuchRecord(f"no commitment {commitment_id}")
    if session.get(RefusalRow, commitment_id) is not None:
        raise LedgerConflict(f"commitment {commitment_id} was refused: it cannot become a submission")
    row = SubmissionRow(commitment_id=commitment_id)
    row.competition, row.repo, row.revision, row.digest, row.secure_hash = named
    row.revealed_block = owner.commit_block if row.secure_hash else _opened_at(session, commitment_id)
    if owner.coldkey is None or owner.uid is None or owner.registered_at is None:
        raise LedgerConflict(f"commitment {commitment_id} is of an unregistered hotkey: it cannot become a submission")
    row.hotkey, row.coldkey, row.uid = owner.hotkey, owner.coldkey, owner.uid
    row.registered_at, row.commit_block = owner.registered_at, owner.commit_block
    session.add(row)
    session.flush()
    return row.id


def _opened_at(session: Session, commitment_id: int) -> Block:
    block = session.scalar(select(func.min(OpeningRow.open_block)).where(OpeningRow.commitment_id == commitment_id))
    if block is None:
        raise NoSuchRecord(f"no opened commitment {commitment_id}: only what the chain opened becomes a submission")
    return block


def _intake_row(submission_id: int, block: Block, result: Accepted | Rejection | Retry) -> IntakeRow:
    row = IntakeRow(submission_id=submission_id, block=block)
    match result:
        case Accepted(parameters, bytes_, digest, _):
            row.outcome, row.parameters, row.bytes, row.digest = "accepted", parameters, bytes_, digest
        case Rejection(reason, detail):
            row.outcome, row.reason, row.detail = "rejected", reason.value, detail
        case Retry(cause, at_block):
            row.outcome, row.detail, row.retry_block = "retry", cause, at_block
    return row


def _select(session: Session, condition: ColumnElement[bool], *order: ColumnElement[int]) -> tuple[Submission, ...]:
    """By columns: as objects of the session fifty thousand rows take seconds."""
    latest = select(func.max(IntakeRow.id)).where(IntakeRow.submission_id == SubmissionRow.id)
    query = (
        select(*SubmissionRow.__table__.columns, IntakeRow.outcome, IntakeRow.digest.label("found"))
        .outerjoin(IntakeRow, IntakeRow.id == latest.correlate(SubmissionRow).scalar_subquery())
        .where(condition)
        .order_by(*order, SubmissionRow.commit_block, SubmissionRow.id)
    )
    return tuple(_submission(row) for row in session.execute(query))


def _submission(row: Row[*tuple[Any, ...]]) -> Submission:
    """From a submission's columns, the `outcome` of the latest attempt at its files, and the digest `found` with it."""
    return Submission(
        id=row.id,
        competition=row.competition,
        repo=row.repo,
        revision=row.revision,
        digest=row.digest or row.found,
        hotkey=row.hotkey,
        coldkey=row.coldkey,
        uid=row.uid,
        registered_at=row.registered_at,
        commit_block=row.commit_block,
        revealed_block=row.revealed_block,
        intake=_INTAKE[row.outcome],
        secure_hash=row.secure_hash,
    )
