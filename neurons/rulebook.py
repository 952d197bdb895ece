"""Which table holds at which block: the one a neuron was started with, then each announced one from its activation."""

from dataclasses import dataclass
from functools import lru_cache

from chain.types import Block, NetUid
from competitions.announcements import NOTICE_BLOCKS
from competitions.spec import Table
from competitions.succession import Chapter, Succession
from competitions.table import parse
from ledger import announcements, registrations
from ledger.announcements import Announced
from ledger.database import Ledger


@dataclass(frozen=True, slots=True)
class Listening:
    """Where announced tables are recorded."""

    ledger: Ledger
    netuid: NetUid


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Read anew at each step, so that loops agree without knowing one another."""

    first: Table
    listening: Listening | None = None

    @classmethod
    def of(cls, table: Table) -> "Rulebook":
        """One table for good, whatever is announced."""
        return cls(table)

    def succession(self) -> Succession:
        """All that is known now."""
        if self.listening is None:
            return Succession(self.first)
        ledger, netuid = self.listening.ledger, self.listening.netuid
        read = registrations.last_poll(ledger, netuid)
        with ledger.reading() as session:
            unheard = announcements.unheard(session, netuid)
            standing = announcements.standing(session, netuid)
        later = [_chapter(one) for one in standing if not one.dismissed]
        later += [Chapter(Block(one.block + NOTICE_BLOCKS), None) for one in unheard[:1]]
        return Succession(self.first, tuple(later), read)


def _chapter(announced: Announced) -> Chapter:
    return Chapter(announced.announcement.activation, None if announced.table is None else _parsed(announced.table))


@lru_cache(maxsize=16)
def _parsed(text: str) -> Table:
    return parse(text)
