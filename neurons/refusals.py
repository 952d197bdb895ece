"""Who needs no judging: copies, plain or in disguise, and models that were refused before, here or by the judge."""

from collections.abc import Sequence
from dataclasses import dataclass

from competitions.descent import Disguise
from competitions.ownership import Claim
from competitions.records import Submission
from competitions.spec import Competition
from ledger import presence, rounds, submissions, verdicts
from ledger.database import Ledger
from models.rejections import Reason, Rejection
from neurons.descent import Descent
from neurons.field import Field

Refusal = Claim | Disguise | Rejection

HOPELESS = 3
"""Rounds in which a model's judging was abandoned, while others' was not, after which it is the model's fault."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """Knows each refusal from the ledger, so that none costs a round anything."""

    ledger: Ledger
    descent: Descent

    def of(self, competition: Competition, round_: rounds.Round, field: Field) -> dict[int, Refusal]:
        """By submission, why it is not judged in this round; whoever may be judged is not in it."""
        files = submissions.rejections(self.ledger, competition.name)
        judged = verdicts.rejections_before(self.ledger, competition.name, round_.number)
        lost = self._unloadable(competition, round_) | self._gone(competition, round_)
        copies = self._copies(field.live, field)
        disguised = self.descent.disguised(field.live, field.ownership, competition)
        return {**disguised, **copies, **lost, **judged, **files}

    def _copies(self, live: Sequence[Submission], field: Field) -> dict[int, Claim]:
        found = {submission.id: field.ownership.copied_from(submission) for submission in live}
        return {id_: claim for id_, claim in found.items() if claim is not None}

    def _unloadable(self, competition: Competition, round_: rounds.Round) -> dict[int, Rejection]:
        failed = verdicts.abandoned_rounds(self.ledger, competition.name, round_.number)
        return {
            id_: Rejection(
                Reason.UNLOADABLE,
                f"its judging was abandoned in {number} rounds, in which others were judged: try it with "
                "`crucible miner check`, mend it, and commit it anew",
            )
            for id_, number in failed.items()
            if number >= HOPELESS
        }

    def _gone(self, competition: Competition, round_: rounds.Round) -> dict[int, Rejection]:
        missed = presence.missed(self.ledger, competition.name, round_.number)
        return {
            id_: Rejection(
                Reason.UNAVAILABLE,
                f"its repository was gone for {number} rounds running while it reigned: the throne is vacant; keep a "
                "king's repository public",
            )
            for id_, number in missed.items()
            if number >= competition.absent_rounds
        }
