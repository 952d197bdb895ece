"""Sketches of vetted models by digest, and what was traced from them. Knows no rule."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ledger.database import Ledger
from ledger.schema import IntakeRow, LineageRow, SketchRow, SubmissionRow
from models.lineage import Kind, Lineage
from models.sketch import ModelSketch, decode


def sketched(ledger: Ledger) -> tuple[str, ...]:
    """The digests whose sketches are recorded, sorted."""
    with ledger.reading() as session:
        return tuple(session.scalars(select(SketchRow.digest).order_by(SketchRow.digest)))


class Sketches(Mapping[str, ModelSketch]):
    """The sketches of digests that have one, each read from the ledger when it is asked for."""

    def __init__(self, ledger: Ledger, digests: tuple[str, ...]) -> None:
        self._ledger, self._digests = ledger, digests

    def __getitem__(self, digest: str) -> ModelSketch:
        """Raises KeyError where none is recorded."""
        with self._ledger.reading() as session:
            row = session.get(SketchRow, digest)
            if row is None:
                raise KeyError(digest)
            return decode(row.data)

    def __iter__(self) -> Iterator[str]:
        return iter(self._digests)

    def __len__(self) -> int:
        return len(self._digests)


def add_sketch(ledger: Ledger, digest: str, data: bytes) -> None:
    """Record a model's encoded sketch; the first one of a digest stands, as all are the same."""
    with ledger.writing() as session:
        keep_sketch(session, digest, data)


def keep_sketch(session: Session, digest: str, data: bytes) -> None:
    """The same, as a part of what a session writes."""
    if session.get(SketchRow, digest) is None:
        session.add(SketchRow(digest=digest, data=data))


def submitted(ledger: Ledger) -> dict[str, str]:
    """Name → digest of every submitted model that has a sketch, named by repository, revision and hotkey."""
    digest = func.coalesce(func.nullif(SubmissionRow.digest, ""), IntakeRow.digest)
    query = (
        select(SubmissionRow.repo, SubmissionRow.revision, SubmissionRow.hotkey, digest)
        .join(IntakeRow, (IntakeRow.submission_id == SubmissionRow.id) & (IntakeRow.outcome == "accepted"))
        .join(SketchRow, SketchRow.digest == digest)
    )
    with ledger.reading() as session:
        rows = session.execute(query).all()
    return {f"{repo}@{revision[:8]} of {hotkey}": its for repo, revision, hotkey, its in rows}


def record(ledger: Ledger, digest: str, known: Iterable[str], lineage: Lineage) -> None:
    """Record what a model is to known ones; the first record of the same question stands."""
    distance = lineage.distance if math.isfinite(lineage.distance) else None
    with ledger.writing() as session:
        if session.scalar(_asked(digest, known)) is None:
            row = LineageRow(digest=digest, known=_hash(known), kind=lineage.kind.value, confidence=lineage.confidence)
            row.parents, row.weights, row.distance = json.dumps(lineage.parents), json.dumps(lineage.weights), distance
            session.add(row)


def found(ledger: Ledger, digest: str, known: Iterable[str]) -> Lineage | None:
    """What was recorded of a model among these known ones, in any order; None where that was never asked."""
    with ledger.reading() as session:
        row = session.scalar(_asked(digest, known))
        return _lineage(row) if row is not None else None


def _asked(digest: str, known: Iterable[str]) -> Select[LineageRow]:
    return select(LineageRow).where(LineageRow.digest == digest, LineageRow.known == _hash(known))


def _hash(known: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(known)).encode()).hexdigest()


def _lineage(row: LineageRow) -> Lineage:
    parents, weights = tuple(json.loads(row.parents)), tuple(json.loads(row.weights))
    distance = math.inf if row.distance is None else row.distance
    return Lineage(Kind(row.kind), parents, weights, distance, row.confidence)
