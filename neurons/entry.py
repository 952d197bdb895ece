"""Who enters a round, of all that are live: the incumbent, whoever may win now, and once each whoever is refused."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from competitions.entrant import Setting, needed
from competitions.entrants import Throne, Waiting, entering, line_since
from competitions.records import Submission
from ledger import fights, verdicts
from ledger.database import Ledger
from neurons.field import Field
from neurons.histories import Histories


@dataclass(frozen=True, slots=True)
class Entry:
    """Asks the ledger what earlier rounds found; whom to judge is `competitions.entrants`' to say."""

    ledger: Ledger

    def entrants(
        self, setting: Setting, field: Field, refused: Collection[int], given_up: Collection[int]
    ) -> tuple[Submission, ...]:
        """The round's entrants, in the order of the live. Whoever is refused, or given up for now, is told once."""
        name, number = setting.competition.name, setting.number
        king = field.incumbent.submission_id if field.incumbent else None
        out = {*refused, *given_up}
        told = out - fights.shown(self.ledger, name, number, out)
        able = _one_of_each([s for s in field.live if s.id not in out or s.id == king], king)
        waiting = self._waiting(setting, field, [s for s in able if s.id != king])
        throne, rules = self._throne(setting, field, refused), setting.competition.entrants
        chosen = {s.id for s in entering(waiting, throne, rules, setting.seed)}
        return tuple(s for s in field.live if s.id in chosen or s.id in told or s.id == king)

    def _waiting(self, setting: Setting, field: Field, able: Sequence[Submission]) -> list[Waiting]:
        past = Histories(self.ledger, setting, field).past(s.id for s in able)
        same = {one for s in able for one in field.same[s.id]}
        failed = verdicts.failures(self.ledger, setting.competition.name, setting.number, same)
        return [
            Waiting(s, past[s.id], sum(failed[one].rounds for one in field.same[s.id] if one in failed)) for s in able
        ]

    def _throne(self, setting: Setting, field: Field, refused: Collection[int]) -> Throne:
        """A king who is refused, or has left the subnet, falls when the round closes: whoever may win then enters."""
        here = {s.id for s in field.live} - {*refused}
        reign = field.incumbent if field.incumbent and field.incumbent.submission_id in here else None
        since = line_since(fights.newest_election(self.ledger, setting.competition.name, setting.number))
        return Throne(reign, needed(setting, reign) if reign and reign.confirmed else None, since)


def _one_of_each(live: Sequence[Submission], king: int | None) -> list[Submission]:
    """Of several hotkeys of one coldkey with one model the king's, or the most senior."""
    kept: dict[tuple[str, str], Submission] = {}
    for one in sorted(live, key=lambda s: s.id != king):
        kept.setdefault((one.coldkey, one.digest or str(one.id)), one)
    return list(kept.values())
