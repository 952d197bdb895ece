"""Passports: what became of each commitment, its state and reason now, and every step on the way with its block.

Reads only; knows nothing of pages. All of it takes a fixed number of queries.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from chain.types import BeaconRound, Block, Hotkey, Uid
from ledger.ancestry import Ancestry
from ledger.contest import Contest
from ledger.dossiers import Dossier, dossiers
from ledger.schema import IntakeRow, SubmissionRow
from models.rejections import Reason

State = Literal[
    "sealed",  # waits for its beacon round
    "withdrawal",  # names no model, but takes back what came before
    "withdrawn",  # taken back by its hotkey
    "overwritten",  # its hotkey committed anew before it opened
    "ignored",  # never becomes a submission
    "revealed",  # opened, not decoded yet
    "vetting",  # its files are due
    "queued",  # waits for its first round
    "held",  # waits for the samples of the round under way
    "scored",
    "king",
    "rejected",
    "abandoned",  # our fault; it is judged again in the next round
]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a submission, and in which block."""

    block: Block
    what: str


@dataclass(frozen=True, slots=True)
class Named:
    """The model a commitment names."""

    submission_id: int
    competition: str
    repo: str
    revision: str
    digest: str | None
    """None while only the pointer in clear is known."""


@dataclass(frozen=True, slots=True)
class Files:
    """What vetting found of a model it accepted."""

    parameters: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Passport:
    """One commitment and what became of it. What is not known yet, or never will be, is None.

    `reason` is a rejection's code, `detail` the fact behind the state in one line. `uid` is the one at first sight.
    """

    commitment_id: int
    hotkey: Hotkey
    uid: Uid | None
    state: State
    reason: str | None
    detail: str
    model: Named | None
    files: Files | None
    ancestry: Ancestry | None
    """What it is to the models committed before it, once that was traced."""
    commit_block: Block
    reveal_round: BeaconRound | None
    revealed_block: Block | None
    steps: tuple[Step, ...]
    """Oldest first."""


def passports(session: Session, contests: Sequence[Contest], shown: int) -> tuple[Passport, ...]:
    """The newest commitments, newest first."""
    by_name = {contest.name: contest for contest in contests}
    return tuple(_passport(dossier, by_name) for dossier in dossiers(session, shown))


def _passport(dossier: Dossier, contests: Mapping[str, Contest]) -> Passport:
    seen = dossier.commitment
    state, reason, detail = _state(dossier, contests)
    return Passport(
        commitment_id=seen.id,
        hotkey=seen.hotkey,
        uid=seen.uid,
        state=state,
        reason=reason,
        detail=detail,
        model=_named(dossier.submission, dossier.attempts),
        files=_files(dossier.attempts),
        ancestry=dossier.ancestry,
        commit_block=seen.commit_block,
        reveal_round=seen.reveal_round,
        revealed_block=dossier.submission.revealed_block if dossier.submission is not None else dossier.opened,
        steps=tuple(_steps(dossier)),
    )


def _named(row: SubmissionRow | None, attempts: Sequence[IntakeRow]) -> Named | None:
    if row is None:
        return None
    found = attempts[-1].digest if attempts else None
    return Named(row.id, row.competition, row.repo, row.revision, row.digest or found)


def _files(attempts: Sequence[IntakeRow]) -> Files | None:
    last = attempts[-1] if attempts else None
    if last is None or last.parameters is None or last.bytes is None:
        return None
    return Files(last.parameters, last.bytes)


def _state(dossier: Dossier, contests: Mapping[str, Contest]) -> tuple[State, str | None, str]:
    """State, reason code and detail."""
    told = _told_of(dossier, contests)
    if dossier.withdrawn is None or told[0] in ("rejected", "king", "withdrawal", "ignored"):
        return told
    return "withdrawn", None, f"its hotkey withdrew in block {dossier.withdrawn}"


def _told_of(dossier: Dossier, contests: Mapping[str, Contest]) -> tuple[State, str | None, str]:
    """The same, as if it had not been withdrawn."""
    if dossier.submission is None:
        return _unnamed(dossier)
    if contests and dossier.submission.competition not in contests:
        return _nowhere(dossier.submission.competition, contests)
    last = dossier.attempts[-1] if dossier.attempts else None
    if last is None:
        return "vetting", None, "its files are due"
    if last.outcome == "retry":
        return "vetting", None, f"{last.detail}; due again from block {last.retry_block}"
    if last.outcome == "rejected":
        return "rejected", last.reason, last.detail or ""
    return _judged(dossier, dossier.submission.id, contests.get(dossier.submission.competition))


def _nowhere(competition: str, contests: Mapping[str, Contest]) -> tuple[State, str | None, str]:
    """The state of a submission to a competition that the present table does not have; another table may."""
    detail = f"the table has no competition {competition!r}; it has {', '.join(contests)}"
    return "rejected", Reason.COMPETITION.value, detail


def _unnamed(dossier: Dossier) -> tuple[State, str | None, str]:
    """The state of a commitment that names no model, or not yet."""
    seen = dossier.commitment
    if dossier.refusal is not None:
        return "rejected", dossier.refusal.reason, dossier.refusal.detail
    if seen.uid is None:
        return "ignored", None, "its hotkey held no uid when it was first seen"
    if dossier.opened is not None:
        return "revealed", None, "opened by the chain, to be decoded"
    if dossier.is_withdrawal:
        return "withdrawal", None, "withdraws what its hotkey committed before"
    if seen.sealed is None:
        return "ignored", None, "it holds no pointer"
    if not dossier.is_newest:
        return "overwritten", None, "its hotkey committed anew before it opened"
    return "sealed", None, f"opens by itself at beacon round {seen.reveal_round}"


def _judged(dossier: Dossier, submission_id: int, contest: Contest | None) -> tuple[State, str | None, str]:
    """The state of a submission whose files were accepted."""
    if not dossier.placings:
        held = next((r for r in contest.rounds if r.state == "held"), None) if contest is not None else None
        if held is not None:
            return "held", None, f"round {held.number} waits: {held.cause}"
        return "queued", None, "files accepted; waits to be judged in a round"
    last = dossier.placings[-1].standing
    if last.role == "copy":
        return "rejected", Reason.COPY.value, last.why
    if last.role == "rejected":
        return "rejected", _code(dossier, last.why), last.why
    if last.role == "abandoned":
        return "abandoned", None, last.why
    king = contest.king if contest is not None else None
    reigns = king is not None and king.confirmed and king.model.submission_id == submission_id
    return ("king" if reigns else "scored"), None, last.why


def _code(dossier: Dossier, why: str) -> str | None:
    """The judge's reason code; where no judge refused the model but a round did, the one its standing begins with."""
    judged = dossier.verdict.reason if dossier.verdict is not None else None
    first = why.partition(": ")[0]
    return judged or (first if first in set(Reason) else None)


def _steps(dossier: Dossier) -> list[Step]:
    return sorted(_happened(dossier), key=lambda step: step.block)


def _happened(dossier: Dossier) -> Iterator[Step]:
    seen = dossier.commitment
    sealed = f"committed, sealed until beacon round {seen.reveal_round}" if seen.sealed is not None else "committed"
    yield Step(seen.commit_block, sealed)
    if dossier.opened is not None:
        yield Step(dossier.opened, "opened by the chain")
    if dossier.refusal is not None:
        read = dossier.opened if dossier.opened is not None else seen.commit_block
        yield Step(read, f"refused, {dossier.refusal.reason}: {dossier.refusal.detail}")
    if dossier.withdrawn is not None:
        yield Step(dossier.withdrawn, "withdrawn by its hotkey")
    for attempt in dossier.attempts:
        yield Step(attempt.block, _told(attempt))
    for placing in dossier.placings:
        standing = placing.standing
        score = "" if standing.score is None else f", score {standing.score:.4f}"
        why = f" ({standing.why})" if standing.why else ""
        what = f"round {placing.round_number}: place {standing.place}, {standing.role}{score}{why}"
        yield Step(placing.closed_block, what)


def _told(attempt: IntakeRow) -> str:
    if attempt.outcome == "accepted":
        return f"files accepted: {attempt.parameters:,} parameters, {(attempt.bytes or 0) / 1e6:,.1f} MB"
    if attempt.outcome == "rejected":
        return f"files refused, {attempt.reason}: {attempt.detail}"
    return f"files could not be had: {attempt.detail}; asked for again from block {attempt.retry_block}"
