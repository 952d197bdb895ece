"""The board: one consistent reading of the ledger for people; the page, its JSON and `validator status` all show it.

Reads only, in a fixed number of queries however much the ledger holds.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from chain.types import Block, Hotkey, Uid
from competitions.spec import Table
from competitions.table import parse
from competitions.toml_records import TableError
from ledger import announcements, heartbeats, network
from ledger.contest import Contest, contests
from ledger.database import Ledger
from ledger.directory import Directory, directory
from ledger.gaps import Gap, gaps
from ledger.heartbeats import Beat
from ledger.network import HeadSeen, Identity
from ledger.passports import Passport, passports
from ledger.schema import UnreadableRow
from ledger.weights import Sending, sendings

VERSION = 1
"""Rises when a field of the board changes its meaning or goes; new fields do not raise it."""


@dataclass(frozen=True, slots=True)
class ChainWeight:
    """One uid's weight on chain by this validator; `hotkey` is None where nobody is known to hold the uid."""

    uid: Uid
    hotkey: Hotkey | None
    weight: float


@dataclass(frozen=True, slots=True)
class OwnWeights:
    """This validator's weights as read from the chain at a block, largest first."""

    block: Block
    weights: tuple[ChainWeight, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """A hotkey's commitment that cannot be read, and why."""

    hotkey: Hotkey
    reason: str
    first_seen: Block


@dataclass(frozen=True, slots=True)
class Board:
    """Everything a reader needs. What no validator has recorded yet is None or empty."""

    version: int
    identity: Identity | None
    head: HeadSeen | None
    contests: tuple[Contest, ...]
    """The largest share of emission first."""
    submissions: tuple[Passport, ...]
    """The newest commitments, newest first."""
    unreadable: tuple[Unread, ...]
    gaps: tuple[Gap, ...]
    """Blocks whose state could not be read when it was needed, newest first."""
    on_chain: OwnWeights | None
    sendings: tuple[Sending, ...]
    """Weights sent, newest first."""
    loops: tuple[Beat, ...]


def board(ledger: Ledger, *, rounds: int = 3, trend: int = 60, submissions: int = 200, sent: int = 10) -> Board:
    """Read the ledger: so many newest rounds and trend points a competition, commitments and sendings.

    Raises LedgerUnavailable.
    """
    with ledger.reading() as session:
        identity, head = network.identity(session), network.head(session)
        who = directory(session, identity)
        identity = _in_force(session, identity, head)
        table = _table(identity.table_text) if identity is not None else None
        held = contests(session, who, table, head.block if head is not None else None, rounds, trend)
        return Board(
            version=VERSION,
            identity=identity,
            head=head,
            contests=held,
            submissions=passports(session, held, submissions),
            unreadable=_unreadable(session, submissions),
            gaps=gaps(session, submissions),
            on_chain=_own_weights(session, who),
            sendings=sendings(session, true(), sent),
            loops=heartbeats.beats(session),
        )


def _in_force(session: Session, identity: Identity | None, head: HeadSeen | None) -> Identity | None:
    """The identity with the announced table that holds by now, if one does."""
    text = announcements.in_force(session, identity.netuid, head.block) if identity and head else None
    table = _table(text) if text is not None else None
    if identity is None or text is None or table is None:
        return identity
    return replace(identity, table_text=text, table_fingerprint=table.fingerprint)


@lru_cache(maxsize=4)
def _table(text: str) -> Table | None:
    """The validator's table; None where this version cannot read it, which costs the page no more than the shares."""
    try:
        return parse(text)
    except TableError:
        return None


def _own_weights(session: Session, who: Directory) -> OwnWeights | None:
    read = network.chain_weights(session)
    if read is None or who.paid is None:
        return None
    hotkeys = {uid: hotkey for hotkey, uid in who.uids.items()}
    rows = sorted(who.paid.items(), key=lambda pair: (-pair[1], pair[0]))
    return OwnWeights(read.block, tuple(ChainWeight(uid, hotkeys.get(uid), weight) for uid, weight in rows))


def _unreadable(session: Session, shown: int) -> tuple[Unread, ...]:
    query = select(UnreadableRow).order_by(UnreadableRow.id.desc()).limit(shown)
    return tuple(Unread(row.hotkey, row.reason, row.first_seen) for row in session.scalars(query))
