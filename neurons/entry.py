"""Who enters a round, of all that are live: the incumbent, whoever may win now, and once each whoever is refused."""

from collections.abc import Collection
from dataclasses import dataclass

from competitions.entrant import Setting, needed
from competitions.entrants import Throne, Waiting, entering, line_since
from competitions.records import Submission
from ledger import fights
from ledger.database import Ledger
from neurons.field import Field


@dataclass(frozen=True, slots=True)
class Entry:
    """Asks the ledger what earlier rounds found; whom to judge is `competitions.entrants`' to say."""

    ledger: Ledger

    def entrants(self, setting: Setting, field: Field, refused: Collection[int]) -> tuple[Submission, ...]:
        """The round's entrants, in the order of the live."""
        name, number = setting.competition.name, setting.number
        king = field.incumbent.submission_id if field.incumbent else None
        shown = fights.shown_refused(self.ledger, name, number)
        able = [s for s in field.live if s.id not in refused and s.id != king]
        past = fights.judged(self.ledger, name, number, (s.id for s in able))
        waiting = [Waiting(s, past.get(s.id, ())) for s in able]
        throne, rules = self._throne(setting, field), setting.competition.entrants
        chosen = {s.id for s in entering(waiting, throne, rules, setting.seed)}
        told = {id_ for id_ in refused if id_ not in shown}
        return tuple(s for s in field.live if s.id in chosen or s.id in told or s.id == king)

    def _throne(self, setting: Setting, field: Field) -> Throne:
        reign = field.incumbent
        since = line_since(fights.newest_election(self.ledger, setting.competition.name, setting.number))
        return Throne(reign, needed(setting, reign) if reign and reign.confirmed else None, since)
