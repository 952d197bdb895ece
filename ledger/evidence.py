"""What a challenger's standing rests on, as rows beside the standings."""

from typing import cast

from sqlalchemy import ColumnElement, and_

from competitions.records import Evidence, FightState, Standing
from ledger.schema import EvidenceRow, StandingRow


def of_standing() -> ColumnElement[bool]:
    """Joins a standing with its evidence."""
    return and_(EvidenceRow.round_id == StandingRow.round_id, EvidenceRow.submission_id == StandingRow.submission_id)


def evidence_row(round_id: int, standing: Standing) -> EvidenceRow | None:
    """The row of a standing's evidence, None where it has none."""
    found = standing.evidence
    if found is None:
        return None
    return EvidenceRow(
        round_id=round_id,
        submission_id=standing.submission_id,
        state=found.state,
        rounds=found.rounds,
        samples=found.samples,
        p=found.p,
        rho=found.rho,
        enough=found.enough,
        hope=found.hope,
        wins_at=found.wins_at,
        rung=found.rung,
    )


def evidence(row: EvidenceRow) -> Evidence:
    """The evidence of a row."""
    return Evidence(
        state=cast(FightState, row.state),
        rounds=row.rounds,
        samples=row.samples,
        p=row.p,
        rho=row.rho,
        enough=row.enough,
        hope=row.hope,
        wins_at=row.wins_at,
        rung=row.rung,
    )
