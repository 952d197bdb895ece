"""What each source gave a round: its pool's root, who made the samples in it, and how many each rule kept out.

Recorded once, together with the bundle that was drawn from it; two validators whose pools differ see it here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from chain.types import Coldkey, Hotkey
from evaluation.sources.pool import Pool, Proof
from ledger.schema import PoolDropRow, PoolProducerRow, PoolRow


@dataclass(frozen=True, slots=True)
class ProducerReading:
    """A qualified producer that had committed samples by the seed block, and how many of them are in the pool."""

    hotkey: Hotkey
    coldkey: Coldkey
    batch_root: str | None
    """Root of what it had committed; None where its source knows none."""
    samples: int
    fault: str | None
    """Why all of its samples were left out."""


@dataclass(frozen=True, slots=True)
class PoolReading:
    """A pool as it was when the round's samples were drawn from it."""

    source: str
    """Its name in the table."""
    proof: Proof
    """What stands behind a sample: its producer's signature, one over the run it came in, or the round's seed."""
    root: str
    samples: int
    producers: tuple[ProducerReading, ...]
    """By hotkey."""
    dropped: dict[str, int]
    """How many were left out, by `drops.Drop`."""


PoolRows = tuple[list[PoolRow], list[PoolProducerRow | PoolDropRow]]


def rows_of(round_id: int, pools: Mapping[str, Pool]) -> PoolRows:
    """The rows of a round's pools, by the names of their sources. Reckons their roots: not for inside a transaction."""
    heads = [
        PoolRow(round_id=round_id, source=name, proof=pool.proof, root=pool.root, samples=len(pool.samples))
        for name, pool in pools.items()
    ]
    parts = [row for name, pool in pools.items() for row in _parts(round_id, name, pool)]
    return heads, parts


def record_pools(session: Session, rows: PoolRows) -> None:
    """Add what `rows_of` made to the transaction that sets the round's bundle: a kill leaves both or neither."""
    for part in rows:
        session.flush()
        session.add_all(part)


def pools(session: Session, round_ids: Iterable[int]) -> dict[int, tuple[PoolReading, ...]]:
    """The pools of those rounds that have some on record, by source, by round id; older ledgers recorded none."""
    ids = set(round_ids)
    dropped: dict[tuple[int, str], dict[str, int]] = {}
    for drop in session.scalars(select(PoolDropRow).where(PoolDropRow.round_id.in_(ids)).order_by(PoolDropRow.reason)):
        dropped.setdefault((drop.round_id, drop.source), {})[drop.reason] = drop.samples
    own = (PoolProducerRow.round_id == PoolRow.round_id) & (PoolProducerRow.source == PoolRow.source)
    query = select(PoolRow, PoolProducerRow).outerjoin(PoolProducerRow, own).where(PoolRow.round_id.in_(ids))
    rows = session.execute(query.order_by(PoolRow.round_id, PoolRow.source, PoolProducerRow.hotkey)).all()
    found: dict[int, tuple[PoolReading, ...]] = {}
    for _, group in groupby(rows, key=lambda row: (row[0].round_id, row[0].source)):
        members = list(group)
        row = members[0][0]
        producers = tuple(_producer(made) for _, made in members if made is not None)
        kept_out = dropped.get((row.round_id, row.source), {})
        pool = PoolReading(row.source, cast(Proof, row.proof), row.root, row.samples, producers, kept_out)
        found[row.round_id] = (*found.get(row.round_id, ()), pool)
    return found


def _parts(round_id: int, source: str, pool: Pool) -> Iterable[PoolProducerRow | PoolDropRow]:
    for one in pool.producers:
        yield PoolProducerRow(
            round_id=round_id,
            source=source,
            hotkey=one.hotkey,
            coldkey=one.coldkey,
            batch_root=one.root,
            samples=one.samples,
            fault=one.fault,
        )
    for reason, number in pool.counts.items():
        yield PoolDropRow(round_id=round_id, source=source, reason=str(reason), samples=number)


def _producer(row: PoolProducerRow) -> ProducerReading:
    return ProducerReading(row.hotkey, row.coldkey, row.batch_root or None, row.samples, row.fault)
