"""What one validator has on record of a round's samples, read for a comparison with another's. Reads only."""

from dataclasses import dataclass

from sqlalchemy import select

from ledger.database import Ledger, NoSuchRecord
from ledger.pools import PoolReading, pools
from ledger.schema import BundleRow, RoundRow
from ledger.waits import waits


@dataclass(frozen=True, slots=True)
class RoundSamples:
    """A round's samples, where they were drawn, and all that they were drawn from."""

    competition: str
    number: int
    seed: str
    """Hex digits."""
    bundle_root: str | None
    """None where they are not drawn."""
    near_duplicates: int | None
    pools: tuple[PoolReading, ...]
    """Empty where they are not drawn, or an older version drew them."""
    cause: str | None
    """What the round last waited for, if it ever did."""


def samples_of(ledger: Ledger, competition: str, number: int) -> RoundSamples:
    """The samples of a round. Raises NoSuchRecord where the ledger has not opened it."""
    query = select(RoundRow, BundleRow).outerjoin(BundleRow, BundleRow.round_id == RoundRow.id)
    query = query.where(RoundRow.competition == competition, RoundRow.number == number)
    with ledger.reading() as session:
        found = session.execute(query).first()
        if found is None:
            raise NoSuchRecord(f"no round {number} of {competition} in {ledger.name}")
        row, bundle = found
        waited = waits(session, [row.id]).get(row.id, ())
        return RoundSamples(
            competition=competition,
            number=number,
            seed=row.seed.hex(),
            bundle_root=bundle.root if bundle else None,
            near_duplicates=bundle.near_duplicates if bundle else None,
            pools=pools(session, [row.id]).get(row.id, ()),
            cause=str(waited[0]) if waited else None,
        )


def drawn(ledger: Ledger) -> dict[str, set[int]]:
    """The numbers of the rounds whose samples are drawn, by competition."""
    query = select(RoundRow.competition, RoundRow.number).join(BundleRow, BundleRow.round_id == RoundRow.id)
    numbers: dict[str, set[int]] = {}
    with ledger.reading() as session:
        for competition, number in session.execute(query):
            numbers.setdefault(competition, set()).add(number)
    return numbers
