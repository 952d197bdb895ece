"""Which models rounds to come may need, and which of the others go first, from the ledger and the table alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from chain.clock import seed_block
from chain.types import Block, NetUid
from competitions.eligibility import Presence, may_yet_enter
from competitions.records import Submission
from competitions.spec import Competition
from competitions.succession import Succession
from ledger import clear_texts, registrations, rounds, submissions
from ledger.database import Ledger
from neurons.rulebook import Rulebook

_REIGNS = 2
"""The king's model, and that of the king before it."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Asked anew each time: what is needed changes with every round that closes and every poll."""

    ledger: Ledger
    netuid: NetUid
    rulebook: Rulebook

    def digests(self) -> frozenset[str]:
        """Digests of models that may enter a round that is not closed yet, vetted or due, of kings and of bases."""
        tables = self.rulebook.succession()
        return self._needed(tables, self._known(tables))

    def spare(self, here: Sequence[str]) -> tuple[str, ...]:
        """Of digests on disk, the oldest arrival first: those that are not needed, in the order in which they may go.

        What no submission names goes last: it may be the model of a pointer in clear, about to be accepted.
        """
        tables = self.rulebook.succession()
        known = self._known(tables)
        named, needed = {submission.digest for submission in known}, self._needed(tables, known)
        going = [digest for digest in here if digest not in needed]
        return tuple(sorted(going, key=lambda digest: digest not in named))

    def _needed(self, tables: Succession, known: Sequence[Submission]) -> frozenset[str]:
        first = self._first(tables)
        present = self._present(known, first)
        entering = (s for table in tables.tables() for s in may_yet_enter(present, table, first))
        crowned = (
            submissions.get(self.ledger, reign.submission_id)
            for competition in tables.paced()
            for reign in rounds.reigns(self.ledger, competition)[:_REIGNS]
        )
        bases = (rules.base.digest for rules in tables.competitions() if rules.base is not None)
        coming = (s for s in entering if s.intake != "rejected")
        return frozenset((*bases, *(s.digest for s in (*coming, *crowned) if s.digest is not None)))

    def _known(self, tables: Succession) -> list[Submission]:
        return [s for competition in tables.paced() for s in submissions.all_of(self.ledger, competition)]

    def _first(self, tables: Succession) -> Block:
        """The first seed block of a round that is not closed: what is replaced by then is needed by no round."""
        return min(self._next(competition) for competition in tables.paced().values())

    def _next(self, competition: Competition) -> Block:
        begun, closed = (ask(self.ledger, competition.name) for ask in (rounds.first_begun, rounds.last_closed))
        number = begun if begun is not None else 0 if closed is None else closed + 1
        return seed_block(number, competition.first_block, competition.round_blocks)

    def _present(self, known: Sequence[Submission], first: Block) -> Sequence[Submission]:
        """Without those who have gone, once no round is left to be judged in which they took part."""
        polled = registrations.last_poll(self.ledger, self.netuid)
        if polled is None or first <= polled:
            return known
        held = registrations.registered(self.ledger, self.netuid)
        presence = Presence(held, clear_texts.withdrawals(self.ledger, self.netuid, polled))
        return [submission for submission in known if presence.holds(submission)]
