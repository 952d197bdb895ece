"""What closed rounds found of the models that are live, whichever of a coldkey's commitments named them then."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from competitions.entrant import Setting
from competitions.entrants import Judged
from competitions.records import FightState, Reign
from competitions.title_fight import Bout
from ledger import fights
from ledger.database import Ledger
from neurons.field import Field

_Row = TypeVar("_Row", Judged, Bout)


@dataclass(frozen=True, slots=True)
class Histories:
    """Reads the ledger for one field."""

    ledger: Ledger
    setting: Setting
    field: Field

    def past(self, ids: Iterable[int]) -> dict[int, tuple[Judged, ...]]:
        """The rounds before this one that judged each model, the newest first."""
        asked = {id_: self.field.same[id_] for id_ in ids}
        every = {one for same in asked.values() for one in same}
        found = fights.judged(self.ledger, self.setting.competition.name, self.setting.number, every)
        return {id_: _newest([its for one in same for its in found.get(one, ())]) for id_, same in asked.items()}

    def bouts(self, reign: Reign, ids: Iterable[int]) -> dict[int, tuple[Bout, ...]]:
        """Each model's full rounds before this one beside the incumbent."""
        asked = {id_: self.field.same[id_] for id_ in ids}
        every = {one for same in asked.values() for one in same}
        found = fights.earlier(self.ledger, self.setting, reign, every)
        return {id_: _newest([its for one in same for its in found.get(one, ())]) for id_, same in asked.items()}

    def states(self, reign: Reign, ids: Iterable[int]) -> dict[int, tuple[FightState, ...]]:
        """How each model's title fight with the incumbent stood after the rounds before this one, the newest first."""
        return {
            id_: tuple(one.evidence.state for one in past if one.evidence and one.number > reign.since_round)
            for id_, past in self.past(ids).items()
        }


def _newest(rows: Iterable[_Row]) -> tuple[_Row, ...]:
    """One row for each round, the newest first."""
    by_number = {row.number: row for row in rows}
    return tuple(by_number[number] for number in sorted(by_number, reverse=True))
