"""Which models rounds to come may need, and which of the others go first, from the ledger and the table alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from chain.clock import seed_block
from chain.types import Block, NetUid
from competitions.eligibility import Presence, may_yet_enter
from competitions.records import Submission
from competitions.spec import Competition, Table
from ledger import clear_texts, registrations, rounds, submissions
from ledger.database import Ledger

_REIGNS = 2
"""The king's model, and that of the king before it."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Asked anew each time: what is needed changes with every round that closes and every poll."""

    ledger: Ledger
    netuid: NetUid
    table: Table

    def digests(self) -> frozenset[str]:
        """Digests of models that may enter a round that is not closed yet, vetted or due, of kings and of bases."""
        return self._needed(self._known())

    def spare(self, here: Sequence[str]) -> tuple[str, ...]:
        """Of digests on disk, the oldest arrival first: those that are not needed, in the order in which they may go.

        What no submission names goes last: it may be the model of a pointer in clear, about to be accepted.
        """
        known = self._known()
        named, needed = {submission.digest for submission in known}, self._needed(known)
        going = [digest for digest in here if digest not in needed]
        return tuple(sorted(going, key=lambda digest: digest not in named))

    def _needed(self, known: Sequence[Submission]) -> frozenset[str]:
        entering = (s for s in may_yet_enter(self._present(known), self.table, self._first()) if s.intake != "rejected")
        crowned = (
            submissions.get(self.ledger, reign.submission_id)
            for competition in self.table.competitions
            for reign in rounds.reigns(self.ledger, competition.name)[:_REIGNS]
        )
        bases = (rules.base.digest for rules in self.table.competitions if rules.base is not None)
        return frozenset((*bases, *(s.digest for s in (*entering, *crowned) if s.digest is not None)))

    def _known(self) -> list[Submission]:
        return [s for competition in self.table.competitions for s in submissions.all_of(self.ledger, competition.name)]

    def _first(self) -> Block:
        """The first seed block of a round that is not closed: what is replaced by then is needed by no round."""
        return min(self._next(competition) for competition in self.table.competitions)

    def _next(self, competition: Competition) -> Block:
        begun, closed = (ask(self.ledger, competition.name) for ask in (rounds.first_begun, rounds.last_closed))
        number = begun if begun is not None else 0 if closed is None else closed + 1
        return seed_block(number, competition.first_block, competition.round_blocks)

    def _present(self, known: Sequence[Submission]) -> Sequence[Submission]:
        """Without those who have gone, once no round is left to be judged in which they took part."""
        polled = registrations.last_poll(self.ledger, self.netuid)
        if polled is None or self._first() <= polled:
            return known
        held = registrations.registered(self.ledger, self.netuid)
        presence = Presence(held, clear_texts.withdrawals(self.ledger, self.netuid, polled))
        return [submission for submission in known if presence.holds(submission)]
