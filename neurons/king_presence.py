"""Is the king's repository still there? Asked once a round, and believed only of a Hub that shows somebody else's."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from chain.types import Block, BlockCount
from competitions.records import Reign, Submission
from hub.port import Hub, HubError, NotFound
from ledger import presence, rounds
from ledger.database import Ledger

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KingPresence:
    """Looks at the Hub, and notes what it says in the ledger."""

    hub: Hub
    ledger: Ledger

    def look(
        self, round_: rounds.Round, reign: Reign, field: Sequence[Submission], head: Block, every: BlockCount
    ) -> None:
        """Note whether the repository of a round's incumbent is there, if that can be told.

        No two looks stand closer than half of `every`: whoever catches up on many rounds would take one hour's outage
        for all of theirs.
        """
        king = next((one for one in field if one.id == reign.submission_id), None)
        last = presence.last_look(self.ledger, round_.competition)
        if king is None or (last is not None and head - last < every / 2):
            return
        present = self._is_there(king, field)
        if present is not None:
            presence.note(self.ledger, round_.id, reign, head, present=present)
        if present is False:
            log.warning("the repository of the king, %s@%s, is gone", king.repo, king.revision)

    def _is_there(self, king: Submission, field: Sequence[Submission]) -> bool | None:
        """None where the Hub cannot be asked, or shows no repository of anybody else's either."""
        others = (one for one in field if one.intake == "accepted" and one.coldkey != king.coldkey)
        try:
            return True if self._shows(king) else False if any(map(self._shows, others)) else None
        except HubError as error:
            log.warning("whether %s is still there cannot be told: %s", king.repo, error)
            return None

    def _shows(self, submission: Submission) -> bool:
        try:
            return not self.hub.describe(submission.repo, "model", submission.revision).gated
        except NotFound:
            return False
