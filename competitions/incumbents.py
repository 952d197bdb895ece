"""Who a round's incumbent is: whom notes of more than half the stake name, else whom the own ledger does. Pure."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from chain.clock import round_at
from chain.types import Block, Hotkey
from competitions.notes import NotedKing, StandingNote
from competitions.records import Reign
from competitions.spec import Competition


@dataclass(frozen=True, slots=True)
class Agreement:
    """What notes of more than half the stake say: who reigns (None: nobody), and the part of the stake that says so."""

    king: NotedKing | None
    part: float


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The reign that a round opens with, who says so, and what was agreed, if anything was."""

    reign: Reign | None
    by: Literal["notes", "ledger", "nobody"]
    agreed: Agreement | None


def agreed(notes: Mapping[Hotkey, StandingNote], stakes: Mapping[Hotkey, float]) -> Agreement | None:
    """The king (or the vacant throne) that notes of more than half of the whole stake name; None where none do.

    `stakes` are those of all validators that have a permit, whether they noted anything or not; of anybody else no note
    counts. Who is on trial and who is confirmed are two kings. Its blocks, and what it earned, are the medians by stake
    of those who name it: validators differ there by what each found itself.
    """
    whole = math.fsum(stakes.values())
    sides: dict[tuple[Hotkey, str, bool] | None, dict[Hotkey, NotedKing | None]] = {}
    for validator in stakes.keys() & notes.keys():
        king = notes[validator].king
        sides.setdefault((king.hotkey, king.digest, king.confirmed) if king else None, {})[validator] = king
    for named in sides.values():
        weight = math.fsum(stakes[validator] for validator in named)
        if 2 * weight > whole:
            return Agreement(_median({v: king for v, king in named.items() if king}, stakes), weight / whole)
    return None


def incumbent(
    competition: Competition,
    number: int,
    notes: Mapping[Hotkey, StandingNote],
    stakes: Mapping[Hotkey, float],
    own: Reign | None,
    known: Mapping[tuple[Hotkey, str], int],
) -> Incumbent:
    """The incumbent of a round: from notes on the round before it, else from the own ledger, else a vacant throne.

    `notes` are each validator's newest that had opened by the seed block; `own` is the reign after the round before in
    the own ledger, and `known` its submissions by hotkey and digest. An agreed king whom it does not know it cannot
    judge either: then its own counts.
    """
    recent = {v: n for v, n in notes.items() if (n.competition, n.number) == (competition.name, number - 1)}
    found = agreed(recent, stakes)
    if found is not None:
        if found.king is None:
            return Incumbent(None, "notes", found)
        id_ = known.get((found.king.hotkey, found.king.digest))
        if id_ is not None:
            return Incumbent(_reign(competition, found.king, id_, own), "notes", found)
    return Incumbent(own, "ledger" if own else "nobody", found)


def _reign(competition: Competition, king: NotedKing, id_: int, own: Reign | None) -> Reign:
    """The agreed reign; which round it began in is the own ledger's to say, where that has the same reign."""
    since = round_at(king.crown_block, competition.first_block, competition.round_blocks) or 0
    reign = Reign(id_, king.hotkey, since, king.crown_block, king.digest_block, king.earned, king.confirmed)
    is_own = own is not None and (own.submission_id, own.confirmed) == (id_, king.confirmed)
    return replace(reign, since_round=own.since_round) if own is not None and is_own else reign


def _median(named: Mapping[Hotkey, NotedKing], stakes: Mapping[Hotkey, float]) -> NotedKing | None:
    if not named:
        return None

    def of(value: Callable[[NotedKing], float]) -> float:
        values = {validator: value(king) for validator, king in named.items()}
        half = math.fsum(stakes[validator] for validator in values) / 2
        return next(
            one
            for one in sorted({*values.values()})
            if math.fsum(stakes[validator] for validator, its in values.items() if its <= one) >= half
        )

    return replace(
        next(iter(named.values())),
        digest_block=Block(int(of(lambda king: king.digest_block))),
        crown_block=Block(int(of(lambda king: king.crown_block))),
        earned=of(lambda king: king.earned),
    )
