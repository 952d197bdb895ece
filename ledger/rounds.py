"""Rounds from their seed to their standings and reign. Knows nothing of how a round is judged or decided.

A round is open from its seed on, held while its samples cannot be had, and closed once, for good.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from chain.types import Block, BlockHash, Coldkey
from competitions.records import Reign, Role, RoundOutcome, Standing
from evaluation.sources.pool import Pool
from ledger.database import Ledger, LedgerConflict, NoSuchRecord
from ledger.evidence import evidence, evidence_row, of_standing
from ledger.pools import record_pools, rows_of
from ledger.schema import (
    BundleRow,
    ClosingRow,
    EvidenceRow,
    FlagRow,
    MakersRow,
    ReignRow,
    RoundRow,
    StandingRow,
    WaitRow,
)
from ledger.waits import newest_wait, wait_of

RoundState = Literal["open", "held", "closed"]


@dataclass(frozen=True, slots=True)
class Round:
    """One judging of one competition. `cause` says why a held round waits."""

    id: int
    competition: str
    number: int
    seed_block: Block
    seed_hash: BlockHash
    seed: bytes
    state: RoundState
    bundle_root: str | None
    cause: str | None


def open_round(
    ledger: Ledger, competition: str, number: int, seed_block: Block, seed_hash: BlockHash, seed: bytes
) -> Round:
    """Open a round with its seed, or give it as it stands. Raises LedgerConflict where it was opened with another."""
    with ledger.writing() as session:
        row = session.scalar(select(RoundRow).where(RoundRow.competition == competition, RoundRow.number == number))
        if row is None:
            row = RoundRow(competition=competition, number=number, seed_block=seed_block, seed_hash=seed_hash)
            row.seed = seed
            session.add(row)
            session.flush()
        if (row.seed_block, row.seed_hash, row.seed) != (seed_block, seed_hash, seed):
            raise LedgerConflict(
                f"round {number} of {competition} was opened with block {row.seed_block} {row.seed_hash}, not "
                f"{seed_block} {seed_hash}: {ledger.name} belongs to another chain, give this one a ledger of its own"
            )
        return _rounds(session, RoundRow.id == row.id)[0]


def set_bundle(
    ledger: Ledger,
    round_id: int,
    root: str,
    pools: Mapping[str, Pool],
    near_duplicates: int,
    makers: Mapping[str, Sequence[Coldkey]] | None = None,
) -> None:
    """Record a round's samples and all that they were drawn from at once, which ends a hold: the bundle's root, the
    pools by their sources' names, how many samples were passed over beside nearly equal ones, and who made each sample
    of each task.

    What was recorded first stays. Raises LedgerConflict where the round has another bundle.
    """
    drawn_from = rows_of(round_id, pools)
    with ledger.writing() as session:
        row = session.get(BundleRow, round_id)
        if row is None:
            session.add(BundleRow(round_id=round_id, root=root, near_duplicates=near_duplicates))
            record_pools(session, drawn_from)
            session.flush()
            session.add_all(
                MakersRow(round_id=round_id, task=task, makers="\n".join(made)) for task, made in (makers or {}).items()
            )
        elif row.root != root:
            raise LedgerConflict(f"round {round_id} is judged on bundle {row.root}, it cannot change to {root}")


def close_round(ledger: Ledger, round_id: int, outcome: RoundOutcome, at_block: Block) -> None:
    """Record a round's standings and reign, and with them its end; the first outcome stands."""
    with ledger.writing() as session:
        if session.get(ClosingRow, round_id) is not None:
            return
        session.add(ClosingRow(round_id=round_id, at_block=at_block))
        session.flush()
        session.add_all(_standing_row(round_id, standing) for standing in outcome.standings)
        session.add_all(FlagRow(round_id=round_id, maker=flag.maker, z=flag.z) for flag in outcome.flags)
        session.flush()
        session.add_all(row for standing in outcome.standings if (row := evidence_row(round_id, standing)))
        if outcome.reign is not None:
            session.add(_reign_row(round_id, outcome.reign))


def last_closed(ledger: Ledger, competition: str) -> int | None:
    """Number of the newest closed round of a competition."""
    query = select(func.max(RoundRow.number)).join(ClosingRow, ClosingRow.round_id == RoundRow.id)
    with ledger.reading() as session:
        return session.scalar(query.where(RoundRow.competition == competition))


def first_begun(ledger: Ledger, competition: str) -> int | None:
    """Number of the oldest round of a competition that has its samples and is not closed."""
    query = select(func.min(RoundRow.number)).join(BundleRow, BundleRow.round_id == RoundRow.id)
    query = query.outerjoin(ClosingRow, ClosingRow.round_id == RoundRow.id)
    with ledger.reading() as session:
        return session.scalar(query.where(RoundRow.competition == competition, ClosingRow.round_id.is_(None)))


def newest_closed(ledger: Ledger, competition: str, upto_seed_block: Block) -> int | None:
    """Number of the newest closed round whose seed block is at or before a block."""
    query = select(func.max(RoundRow.number)).join(ClosingRow, ClosingRow.round_id == RoundRow.id)
    query = query.where(RoundRow.competition == competition, RoundRow.seed_block <= upto_seed_block)
    with ledger.reading() as session:
        return session.scalar(query)


def get(ledger: Ledger, round_id: int) -> Round:
    """One round. Raises NoSuchRecord."""
    with ledger.reading() as session:
        found = _rounds(session, RoundRow.id == round_id)
    if not found:
        raise NoSuchRecord(f"no round {round_id} in {ledger.name}")
    return found[0]


def reign_after(ledger: Ledger, competition: str, number: int) -> Reign | None:
    """Who reigns after the newest closed round numbered at most `number`; None on a vacant throne."""
    query = (
        select(ReignRow)
        .select_from(ClosingRow)
        .join(RoundRow, RoundRow.id == ClosingRow.round_id)
        .outerjoin(ReignRow, ReignRow.round_id == ClosingRow.round_id)
        .where(RoundRow.competition == competition, RoundRow.number <= number)
        .order_by(RoundRow.number.desc())
        .limit(1)
    )
    with ledger.reading() as session:
        row = session.scalar(query)
        return reign_of(row) if row else None


def reigns(ledger: Ledger, competition: str) -> tuple[Reign, ...]:
    """Every reign of a competition, newest first, each as it was after its last round."""
    query = select(ReignRow).join(RoundRow, RoundRow.id == ReignRow.round_id)
    query = query.where(RoundRow.competition == competition).order_by(RoundRow.number.desc())
    found: dict[tuple[int, int], Reign] = {}
    with ledger.reading() as session:
        for row in session.scalars(query):
            found.setdefault((row.submission_id, row.since_round), reign_of(row))
    return tuple(found.values())


def standings(ledger: Ledger, round_id: int) -> tuple[Standing, ...]:
    """A closed round's standings by place; empty before it closes."""
    query = select(StandingRow, EvidenceRow).outerjoin(EvidenceRow, of_standing())
    query = query.where(StandingRow.round_id == round_id).order_by(StandingRow.place)
    with ledger.reading() as session:
        return tuple(_standing(row, found) for row, found in session.execute(query))


def makers(session: Session, round_id: int) -> dict[str, tuple[str, ...]]:
    """Who made each sample of each of a round's tasks, in the bundle's order; an older ledger does not know."""
    rows = session.scalars(select(MakersRow).where(MakersRow.round_id == round_id))
    return {row.task: tuple(row.makers.split("\n")) for row in rows}


def open_round_of(ledger: Ledger, competition: str) -> Round | None:
    """The round of a competition that is under way, open or held."""
    with ledger.reading() as session:
        found = _rounds(session, RoundRow.competition == competition)
    return next((round_ for round_ in found if round_.state != "closed"), None)


def closed(ledger: Ledger, competition: str) -> tuple[Round, ...]:
    """Every closed round of a competition, oldest first."""
    with ledger.reading() as session:
        found = _rounds(session, RoundRow.competition == competition)
    return tuple(sorted((round_ for round_ in found if round_.state == "closed"), key=lambda round_: round_.number))


def _rounds(session: Session, condition: ColumnElement[bool], limit: int | None = None) -> tuple[Round, ...]:
    """Rounds that meet a condition, newest first."""
    query = (
        select(RoundRow, ClosingRow.at_block, BundleRow.root, WaitRow)
        .outerjoin(ClosingRow, ClosingRow.round_id == RoundRow.id)
        .outerjoin(BundleRow, BundleRow.round_id == RoundRow.id)
        .outerjoin(WaitRow, WaitRow.id == newest_wait())
        .where(condition)
        .order_by(RoundRow.number.desc())
        .limit(limit)
    )
    return tuple(_round(*row) for row in session.execute(query))


def state_of(closed_at: Block | None, root: str | None, cause: str | None) -> RoundState:
    """A round's state from its closing, its bundle and the newest cause to wait, each None where there is none."""
    if closed_at is not None:
        return "closed"
    return "held" if cause is not None and root is None else "open"


def _round(row: RoundRow, closed_at: Block | None, root: str | None, wait: WaitRow | None) -> Round:
    cause = str(wait_of(wait)) if wait is not None else None
    state = state_of(closed_at, root, cause)
    seed = row.seed_block, BlockHash(row.seed_hash), row.seed
    return Round(row.id, row.competition, row.number, *seed, state, root, cause if state == "held" else None)


def _reign_row(round_id: int, reign: Reign) -> ReignRow:
    return ReignRow(
        round_id=round_id,
        submission_id=reign.submission_id,
        hotkey=reign.hotkey,
        since_round=reign.since_round,
        crown_block=reign.crown_block,
        digest_block=reign.digest_block,
        earned=reign.earned,
        confirmed=reign.confirmed,
    )


def reign_of(row: ReignRow) -> Reign:
    """The reign of a row."""
    return Reign(
        submission_id=row.submission_id,
        hotkey=row.hotkey,
        since_round=row.since_round,
        crown_block=row.crown_block,
        digest_block=row.digest_block,
        earned=row.earned,
        confirmed=row.confirmed,
    )


def _standing_row(round_id: int, standing: Standing) -> StandingRow:
    return StandingRow(
        round_id=round_id,
        submission_id=standing.submission_id,
        place=standing.place,
        role=standing.role,
        score=standing.score,
        improvement=standing.improvement,
        needed=standing.needed,
        why=standing.why,
    )


def _standing(row: StandingRow, found: EvidenceRow | None) -> Standing:
    return Standing(
        submission_id=row.submission_id,
        place=row.place,
        role=cast(Role, row.role),
        score=row.score,
        improvement=row.improvement,
        needed=row.needed,
        why=row.why,
        evidence=evidence(found) if found is not None else None,
    )
