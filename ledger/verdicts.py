"""Verdicts with every value they rest on. All attempts are kept; the first score or rejection is final, while a lost
race may be followed by a judging on all samples.

Knows nothing of how values are made or compared. Values are stored bit for bit, sample ids once per round and task.
"""

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from evaluation.verdicts import Abandoned, Outraced, Scored, TaskValues, Verdict
from ledger.database import Ledger
from ledger.schema import ClosingRow, RaceRow, RoundRow, SampleListRow, ScoringRow, ValuesRow, VerdictRow
from models.rejections import Reason, Rejection

_OURS_ALONE = "ours"
"""Stands for the reason of an abandonment that no model can have caused."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Rounds in which judging a model was abandoned, and it may be why: all of them, and those that scored others."""

    rounds: int
    while_others_were_scored: int


def record_verdict(ledger: Ledger, round_id: int, submission_id: int, verdict: Verdict) -> None:
    """Add an attempt at judging a submission in a round. A score or a rejection is final, and stays.

    Raises LedgerConflict where the round or the submission does not exist.
    """
    with ledger.writing() as session:
        before = _attempts(session, round_id, submission_id)
        if any(row.outcome in ("scored", "rejected") for row in before):
            return
        row = _verdict_row(verdict)
        row.round_id, row.submission_id, row.attempt = round_id, submission_id, len(before) + 1
        session.add(row)
        session.flush()
        if isinstance(verdict, Scored | Outraced):
            _add_scoring(session, row.id, verdict)


def verdicts(ledger: Ledger, round_id: int) -> dict[int, Verdict]:
    """The latest verdict of each submission judged in a round, by submission id; an Abandoned one may be followed."""
    newest = select(func.max(VerdictRow.id)).where(VerdictRow.round_id == round_id).group_by(VerdictRow.submission_id)
    with ledger.reading() as session:
        rows = session.scalars(select(VerdictRow).where(VerdictRow.id.in_(newest))).all()
        scored = _scorings(session, round_id)
        return {row.submission_id: _verdict(row, scored) for row in rows}


def attempts(ledger: Ledger, round_id: int, submission_id: int) -> int:
    """How often judging a submission in a round has ended, whatever the verdict."""
    with ledger.reading() as session:
        return len(_attempts(session, round_id, submission_id))


def rejections_before(ledger: Ledger, competition: str, number: int, ids: Iterable[int]) -> dict[int, Rejection]:
    """Why the judge refused some submissions in closed rounds before one, by submission."""
    query = _in_closed_rounds(competition, number, ids).where(VerdictRow.outcome == "rejected").order_by(VerdictRow.id)
    with ledger.reading() as session:
        rows = session.scalars(query)
        return {row.submission_id: Rejection(Reason(row.reason or ""), row.detail) for row in rows}


def failures(ledger: Ledger, competition: str, number: int, ids: Iterable[int]) -> dict[int, Failures]:
    """What closed rounds before one failed at, since each of some submissions was last judged, by submission."""
    judged: dict[int, int] = {}
    failed: dict[int, set[int]] = {}
    with ledger.reading() as session:
        for row in session.scalars(_in_closed_rounds(competition, number, ids).order_by(VerdictRow.id)):
            if row.outcome in ("scored", "outraced", "rejected"):
                judged[row.submission_id] = row.round_id
                failed.pop(row.submission_id, None)
            elif row.reason != _OURS_ALONE:
                failed.setdefault(row.submission_id, set()).add(row.round_id)
        rounds = {round_ for found in failed.values() for round_ in found}
        healthy = _with_scores(session, rounds)
    return {id_: Failures(len(found), len(found & healthy)) for id_, found in failed.items()}


def _with_scores(session: Session, rounds: Iterable[int]) -> set[int]:
    """Of some rounds, those in which some model was scored."""
    query = select(VerdictRow.round_id).where(VerdictRow.round_id.in_(list(rounds)), VerdictRow.outcome == "scored")
    return set(session.scalars(query.distinct()))


def _in_closed_rounds(competition: str, before: int, ids: Iterable[int]) -> Select[VerdictRow]:
    query = select(VerdictRow).join(RoundRow, RoundRow.id == VerdictRow.round_id)
    query = query.join(ClosingRow, ClosingRow.round_id == RoundRow.id)
    of_rounds = RoundRow.competition == competition, RoundRow.number < before
    return query.where(*of_rounds, VerdictRow.submission_id.in_(list(ids)))


def pack(values: Sequence[float]) -> bytes:
    """Values as little-endian float64, 8 bytes each."""
    return struct.pack(f"<{len(values)}d", *values)


def unpack(blob: bytes) -> tuple[float, ...]:
    """The values of `pack`, bit for bit."""
    return struct.unpack(f"<{len(blob) // 8}d", blob)


def _attempts(session: Session, round_id: int, submission_id: int) -> Sequence[VerdictRow]:
    condition = VerdictRow.round_id == round_id, VerdictRow.submission_id == submission_id
    return session.scalars(select(VerdictRow).where(*condition)).all()


def _verdict_row(verdict: Verdict) -> VerdictRow:
    match verdict:
        case Scored():
            return VerdictRow(outcome="scored", detail="")
        case Outraced():
            return VerdictRow(outcome="outraced", detail="")
        case Rejection(reason, detail):
            return VerdictRow(outcome="rejected", reason=reason.value, detail=detail)
        case Abandoned(cause, is_ours_alone):
            return VerdictRow(outcome="abandoned", reason=_OURS_ALONE if is_ours_alone else None, detail=cause)


def _add_scoring(session: Session, verdict_id: int, scored: Scored | Outraced) -> None:
    row = ScoringRow(verdict_id=verdict_id, seconds=scored.seconds, tokens=scored.tokens)
    row.peak_memory_bytes, row.environment = scored.peak_memory_bytes, scored.environment
    session.add(row)
    session.flush()
    if isinstance(scored, Outraced):
        race = RaceRow(verdict_id=verdict_id, rung=scored.rung, improvement=scored.improvement)
        race.at_best = scored.at_best
        session.add(race)
    for position, task in enumerate(scored.tasks):
        ids = _add_sample_list(session, task.sample_ids)
        values = ValuesRow(verdict_id=verdict_id, position=position, task=task.task, sample_list=ids)
        values.values, values.nats_per_token = pack(task.values), task.nats_per_token
        values.notes = json.dumps(dict(task.notes))
        session.add(values)


def _add_sample_list(session: Session, sample_ids: Iterable[str]) -> str:
    """Keep a list of sample ids under its own sha256; gives that."""
    text = "\n".join(sample_ids)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if session.get(SampleListRow, digest) is None:
        session.add(SampleListRow(digest=digest, ids=text))
        session.flush()
    return digest


def _scorings(session: Session, round_id: int) -> dict[int, Scored | Outraced]:
    """Every verdict of a round that rests on values, by verdict id."""
    in_round = select(VerdictRow.id).where(VerdictRow.round_id == round_id)
    query = (
        select(ValuesRow, SampleListRow.ids)
        .join(SampleListRow, SampleListRow.digest == ValuesRow.sample_list)
        .where(ValuesRow.verdict_id.in_(in_round))
        .order_by(ValuesRow.verdict_id, ValuesRow.position)
    )
    tasks: dict[int, list[TaskValues]] = {}
    for row, ids in session.execute(query):
        tasks.setdefault(row.verdict_id, []).append(_task_values(row, ids))
    races = {row.verdict_id: row for row in session.scalars(select(RaceRow).where(RaceRow.verdict_id.in_(in_round)))}
    rows = session.scalars(select(ScoringRow).where(ScoringRow.verdict_id.in_(in_round)))
    return {row.verdict_id: _scored(row, tasks.get(row.verdict_id, ()), races.get(row.verdict_id)) for row in rows}


def _task_values(row: ValuesRow, ids: str) -> TaskValues:
    notes = tuple(json.loads(row.notes).items())
    return TaskValues(row.task, tuple(ids.split("\n")) if ids else (), unpack(row.values), row.nats_per_token, notes)


def _scored(row: ScoringRow, tasks: Sequence[TaskValues], race: RaceRow | None) -> Scored | Outraced:
    took = row.seconds, row.tokens, row.peak_memory_bytes, row.environment
    if race is None:
        return Scored(tuple(tasks), *took)
    return Outraced(tuple(tasks), *took, race.rung, race.improvement, race.at_best)


def _verdict(row: VerdictRow, scored: Mapping[int, Scored | Outraced]) -> Verdict:
    if row.outcome in ("scored", "outraced"):
        return scored[row.id]
    if row.outcome == "rejected":
        return Rejection(Reason(row.reason or ""), row.detail)
    return Abandoned(row.detail, row.reason == _OURS_ALONE)
