"""Who needs no judging: copies, plain or in disguise, and models that were refused before, here or by the judge."""

from dataclasses import dataclass

from competitions.descent import Disguise
from competitions.ownership import Claim
from competitions.spec import Competition
from ledger import presence, rounds, submissions, verdicts
from ledger.database import Ledger
from models.rejections import Reason, Rejection
from neurons.descent import Descent
from neurons.field import Field

Refusal = Claim | Disguise | Rejection

HOPELESS = 3
"""Rounds running in which a model's judging was abandoned, and others' not, after which it is the model's fault."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """Knows each refusal from the ledger, so that none costs a round anything."""

    ledger: Ledger
    descent: Descent

    def of(self, competition: Competition, round_: rounds.Round, field: Field) -> dict[int, Refusal]:
        """By submission, why it is not judged in this round; whoever may be judged is not in it."""
        files = submissions.rejections(self.ledger, competition.name)
        disguised = self.descent.disguised(field.live, field.ownership, competition)
        copies = {s.id: claim for s in field.live if (claim := field.ownership.copied_from(s))}
        live = {s.id for s in field.live}
        refused = {id_: its for id_, its in files.items() if id_ in live}
        found: dict[int, Refusal] = {**self._of_model(competition, round_, field), **refused, **disguised, **copies}
        return found

    def _of_model(self, competition: Competition, round_: rounds.Round, field: Field) -> dict[int, Rejection]:
        """What was found of a model counts for every commitment of its coldkey that names it."""
        every = {one for same in field.same.values() for one in same}
        judged = verdicts.rejections_before(self.ledger, competition.name, round_.number, every)
        failed = verdicts.failures(self.ledger, competition.name, round_.number, every)
        missed = presence.missed(self.ledger, competition.name, round_.number, every)
        hopeless = {id_: its.while_others_were_scored for id_, its in failed.items()}
        found = {
            **{id_: gone(number) for id_, number in missed.items() if number >= competition.absent_rounds},
            **{id_: _unloadable(number) for id_, number in hopeless.items() if number >= HOPELESS},
            **judged,
        }
        return {id_: found[one] for id_, same in field.same.items() for one in same if one in found}


def gone(number: int) -> Rejection:
    """Why a king falls whose repository was not there for so many rounds running."""
    return Rejection(
        Reason.UNAVAILABLE,
        f"its repository was gone for {number} rounds running while it reigned: the throne is vacant; keep a king's "
        "repository public",
    )


def _unloadable(number: int) -> Rejection:
    return Rejection(
        Reason.UNLOADABLE,
        f"its judging was abandoned in {number} rounds running, in which others were judged: try it with "
        "`crucible miner check`, mend it, and commit it anew",
    )
