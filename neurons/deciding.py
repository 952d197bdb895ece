"""From a round's results to its outcome: each entrant with all that its title fight rests on, from the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from competitions.bouts import bout
from competitions.entrant import Entrant, Result, Setting
from competitions.producers import flagged
from competitions.ranking import decide
from competitions.records import Flag, Reign, RoundOutcome, Submission
from ledger import rounds
from ledger.database import Ledger
from neurons.field import Field
from neurons.histories import Histories


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
        histories = Histories(self.ledger, setting, field)
        bouts = histories.bouts(reign, rivals) if reign else {}
        states = histories.states(reign, rivals) if reign else {}
        decided = [
            Entrant(e, field.ownership.first_commit(e), results[e.id], bouts.get(e.id, ()), states.get(e.id, ()))
            for e in entrants
        ]
        return replace(decide(setting, field.incumbent, decided), flags=_flags(setting, reign, decided))


def _flags(setting: Setting, reign: Reign | None, entrants: Sequence[Entrant]) -> tuple[Flag, ...]:
    """Producers to be looked at, by all that this round's challengers and the incumbent showed so far."""
    king = next((e.result for e in entrants if reign and e.submission.id == reign.submission_id), None)
    if not isinstance(king, tuple):
        return ()
    rivals = [e for e in entrants if reign and e.submission.id != reign.submission_id and isinstance(e.result, tuple)]
    now = ((bout(setting, setting.number, king, e.result), e) for e in rivals if isinstance(e.result, tuple))
    return flagged(setting.competition.tasks, [(one, *e.earlier) for one, e in now if one is not None])
