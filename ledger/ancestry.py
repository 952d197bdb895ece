"""What models are to those committed before them, as readers want it: with the parents' repositories. Reads only."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chain.types import Hotkey
from ledger.schema import IntakeRow, LineageRow, SubmissionRow


@dataclass(frozen=True, slots=True)
class Parent:
    """A model that another was made of, and its first submission, None where nobody submitted it (such as a base)."""

    digest: str
    weight: float
    repo: str | None
    hotkey: Hotkey | None


@dataclass(frozen=True, slots=True)
class Ancestry:
    """The newest lineage traced of a model: a Kind, and the relative distance, None where no known model compares."""

    kind: str
    parents: tuple[Parent, ...]
    distance: float | None
    confidence: float


def ancestries(session: Session, digests: Iterable[str]) -> dict[str, Ancestry]:
    """The ancestries of those models that were traced, by digest."""
    newest = select(func.max(LineageRow.id)).where(LineageRow.digest.in_(set(digests))).group_by(LineageRow.digest)
    rows = session.scalars(select(LineageRow).where(LineageRow.id.in_(newest))).all()
    told = {row.digest: tuple(zip(json.loads(row.parents), json.loads(row.weights), strict=True)) for row in rows}
    first = _first(session, {digest for parents in told.values() for digest, _ in parents})
    return {
        row.digest: Ancestry(
            row.kind,
            tuple(Parent(digest, weight, *first.get(digest, (None, None))) for digest, weight in told[row.digest]),
            row.distance,
            row.confidence,
        )
        for row in rows
    }


def _first(session: Session, digests: set[str]) -> dict[str, tuple[str, Hotkey]]:
    """Repository and hotkey of the first submission of each digest, whether its pointer told it or its files did."""
    digest = func.coalesce(func.nullif(SubmissionRow.digest, ""), IntakeRow.digest)
    query = (
        select(digest, SubmissionRow.repo, SubmissionRow.hotkey)
        .join(IntakeRow, (IntakeRow.submission_id == SubmissionRow.id) & (IntakeRow.outcome == "accepted"))
        .where(digest.in_(digests))
        .order_by(SubmissionRow.commit_block.desc(), SubmissionRow.id.desc())
    )
    return {its: (repo, hotkey) for its, repo, hotkey in session.execute(query)}  # the first overwrites the later ones
