"""From a round's results to its outcome: each entrant with all that its title fight rests on, from the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from competitions.entrant import Entrant, Result, Setting
from competitions.ranking import decide
from competitions.records import RoundOutcome, Submission
from ledger import fights, rounds
from ledger.database import Ledger
from neurons.field import Field


@dataclass(frozen=True, slots=True)
class Deciding:
    """Reads what earlier rounds left; who wins is `competitions.ranking`'s to say."""

    ledger: Ledger

    def outcome(
        self,
        setting: Setting,
        round_: rounds.Round,
        field: Field,
        entrants: Sequence[Submission],
        results: Mapping[int, Result],
    ) -> RoundOutcome:
        """What a round decides in which every entrant has a result."""
        with self.ledger.reading() as session:
            setting = replace(setting, makers=rounds.makers(session, round_.id))
        reign = field.incumbent if field.incumbent and field.incumbent.confirmed else None
        rivals = [entrant.id for entrant in entrants if reign and entrant.id != reign.submission_id]
        bouts = fights.earlier(self.ledger, setting, reign, rivals) if reign else {}
        states = fights.states(self.ledger, setting, reign, rivals) if reign else {}
        decided = [
            Entrant(e, field.ownership.first_commit(e), results[e.id], bouts.get(e.id, ()), states.get(e.id, ()))
            for e in entrants
        ]
        return decide(setting, field.incumbent, decided)
