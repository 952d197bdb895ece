"""Is the king's repository still there? Asked once a round, and believed only of a Hub that has other repositories."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from chain.types import Block, BlockCount
from competitions.records import Submission
from hub.port import Hub, HubError, NotFound
from ledger import presence, rounds
from ledger.database import Ledger

log = logging.getLogger(__name__)

_WITNESSES = 3
"""Other repositories asked for before a Hub that has none of them is taken for ill."""


@dataclass(frozen=True, slots=True)
class KingPresence:
    """Looks at the Hub, and notes what it says in the ledger."""

    hub: Hub
    ledger: Ledger

    def look(
        self, round_: rounds.Round, king: Submission, others: Sequence[Submission], head: Block, lasts: BlockCount
    ) -> None:
        """Note whether the king's repository is there, if that can be told, once a round.

        A round that is judged when the next is due already says nothing of its own time, and notes nothing: whoever
        catches up would take one hour's outage for many rounds'.
        """
        if head - round_.seed_block >= lasts or presence.is_noted(self.ledger, round_.id):
            return
        present = self._is_there(king, others)
        if present is not None:
            presence.note(self.ledger, round_.id, king.id, present=present)
        if present is False:
            log.warning("the repository of the king, %s@%s, is gone", king.repo, king.revision)

    def _is_there(self, king: Submission, others: Sequence[Submission]) -> bool | None:
        """None where the Hub cannot be asked, or shows none of the others either."""
        try:
            if self._shows(king):
                return True
            witnesses = [other for other in reversed(others) if other.repo != king.repo][:_WITNESSES]
            return False if not witnesses or any(map(self._shows, witnesses)) else None
        except HubError as error:
            log.warning("whether %s is still there cannot be told: %s", king.repo, error)
            return None

    def _shows(self, submission: Submission) -> bool:
        try:
            return not self.hub.describe(submission.repo, "model", submission.revision).gated
        except NotFound:
            return False
