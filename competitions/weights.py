"""From reigns to weights: winner takes all within a competition, shares from the table. Pure; hotkeys, not uids."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chain.types import Block, Hotkey
from competitions.records import Reign
from competitions.spec import Table
from competitions.table import shares_at

_NOISE = 1e-9
"""What shares that are meant to sum to 1 miss it by, as the table allows; it is nobody's pay."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A competition's newest settled round: who reigns after it, and who was the confirmed king before that."""

    number: int
    reign: Reign | None
    previous: Hotkey | None


@dataclass(frozen=True, slots=True)
class Pay:
    """Weights by hotkey and what is left for the burn uid; together they sum to 1."""

    hotkeys: Mapping[Hotkey, float]
    burn: float


def pay(table: Table, block: Block, settled: Mapping[str, Settled]) -> Pay:
    """Weights at a block. A reign's first round pays old and new king half each.

    The share of a competition without a king is burnt, or goes to those that have one, in proportion to their shares at
    the block, as the table says; where none has one, it is burnt.
    """
    shares = shares_at(table, block)
    paid = {name: winners for name in shares if (winners := _winners(settled.get(name)))}
    weights: dict[Hotkey, float] = {}
    for name, share in _without_kingless(table, shares, paid).items():
        for hotkey, part in paid[name].items():
            weights[hotkey] = weights.get(hotkey, 0.0) + share * part
    rest = 1.0 - math.fsum(weights.values())
    return Pay(weights, rest if rest > _NOISE else 0.0)


def _without_kingless(table: Table, shares: Mapping[str, float], paid: Collection[str]) -> dict[str, float]:
    """What each competition with a king is given."""
    held = {name: share for name, share in shares.items() if name in paid}
    total = math.fsum(held.values())
    if table.without_king == "burn" or total == 0:
        return held
    return {name: math.fsum(shares.values()) * (share / total) for name, share in held.items()}


def _winners(settled: Settled | None) -> dict[Hotkey, float]:
    if settled is None or settled.reign is None or not settled.reign.confirmed:
        return {}
    king, previous = settled.reign.hotkey, settled.previous
    if settled.reign.since_round == settled.number and previous is not None and previous != king:
        return {previous: 0.5, king: 0.5}
    return {king: 1.0}
