"""What a validator's ledger must hold after a soak, worked out from what was sent and which block took it.

Shares nothing with the ledger but the words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from benchmarks.soak.plan import NETUID, Ciphertext, Commit, Size, coldkey, raw_text
from chain.types import Block, Hotkey
from competitions.eligibility import Presence, live, longest_wait
from competitions.spec import Competition, Table
from ledger import clear_texts, commitments, registrations, submissions
from ledger.database import Ledger
from ledger.schema import CommitmentRow, OpeningRow, RefusalRow, WithdrawalRow

Facts = dict[str, set[tuple[object, ...]]]


@dataclass(frozen=True, slots=True)
class Registered:
    """A hotkey took a uid in a block, before any commitment of that block."""

    block: Block
    uid: int
    who: int


@dataclass
class Model:
    """The subnet as it must look, played block by block."""

    addresses: Sequence[Hotkey]
    ciphertexts: Sequence[Ciphertext]
    holders: dict[int, tuple[int, Block]] = field(default_factory=dict)
    """Number and registration block by uid."""
    standing: dict[int, Commit] = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)
    pointers: list[tuple[int, Block, Block]] = field(default_factory=list)
    """Readable pointers: who, commit block, block from which everybody could read it."""
    withdrawn: dict[int, Block] = field(default_factory=dict)
    history: dict[int, list[Block]] = field(default_factory=dict)
    """Blocks of everything each number committed, whatever it was, oldest first."""

    def play(self, size: Size, registered: Sequence[Registered], included: Sequence[Commit]) -> None:
        """Everything that happened, in the chain's order: registrations, openings, commitments."""
        self.facts = {name: set() for name in ("commitments", "openings", "refusals", "withdrawals", "submissions")}
        self.holders = {uid: (uid, Block(0)) for uid in range(size.uids)}
        taken, committed = {r.block: r for r in registered}, _by_block(included)
        closed: set[int] = set()
        for block in map(Block, range(1, size.blocks + 1)):
            if block in taken:
                self._take_over(taken[block], closed)
            self._open(block, closed)
            for commit in committed.get(block, ()):
                self._take(commit, closed)

    def live(self, rules: Competition, longest_wait: int, at: Block) -> set[tuple[object, ...]]:
        """Hotkey and commit block of every submission that a round with this seed block judges.

        What was replaced so many blocks ago has ended, whatever replaced it.
        """
        since = dict(self.holders.values())
        ended = {
            who: max((b for b in past if b <= at - longest_wait), default=-1) for who, past in self.history.items()
        }
        newest: dict[int, Block] = {}
        for who, committed, readable in sorted(self.pointers, key=lambda pointer: pointer[1]):
            ready = max(committed + rules.eval_delay_blocks, readable + rules.fetch_blocks)
            counts = who in since and committed >= since[who] and committed > self.withdrawn.get(who, -1)
            counts = counts and committed >= ended[who]
            if counts and ready <= at and readable - committed <= rules.max_seal_blocks:
                newest[who] = committed
        return {(self.addresses[who], block) for who, block in newest.items()}

    def _take_over(self, event: Registered, closed: set[int]) -> None:
        gone, _ = self.holders.get(event.uid, (-1, Block(0)))
        self.standing.pop(gone, None)
        closed.discard(gone)
        self.holders[event.uid] = (event.who, event.block)

    def _open(self, block: Block, closed: set[int]) -> None:
        for who in sorted(closed):
            commit = self.standing[who]
            cipher = self.ciphertexts[commit.cipher or 0]
            if cipher.opens > block:
                continue
            closed.remove(who)
            self.facts["openings"].add((self.addresses[who], block, cipher.text, commit.block))
            if cipher.owner == who:
                self._point(who, commit.block, block)
            else:
                self.facts["refusals"].add((self.addresses[who], commit.block))

    def _take(self, commit: Commit, closed: set[int]) -> None:
        who, hotkey = commit.who, self.addresses[commit.who]
        uid, since = next((uid, since) for uid, (held, since) in self.holders.items() if held == who)
        sealed = self.ciphertexts[commit.cipher].sealed if commit.cipher is not None else None
        owner = coldkey(who), uid, since
        self.facts["commitments"].add(
            (hotkey, commit.block, commit.block, *owner, sealed, raw_text(commit, self.addresses))
        )
        self.standing[who] = commit
        self.history.setdefault(who, []).append(commit.block)
        closed.discard(who)
        match commit.kind:
            case "sealed":
                closed.add(who)
            case "hashed":
                self._point(who, commit.block, commit.block)
            case "malformed":
                self.facts["refusals"].add((hotkey, commit.block))
            case "withdrawal":
                self.facts["withdrawals"].add((hotkey, commit.block))
                self.withdrawn[who] = commit.block

    def _point(self, who: int, committed: Block, readable: Block) -> None:
        self.pointers.append((who, committed, readable))
        self.facts["submissions"].add((self.addresses[who], committed, readable))


def recorded(ledger: Ledger, competition: str) -> Facts:
    """The same facts as the ledger holds them."""
    row, seen = CommitmentRow, (CommitmentRow.hotkey, CommitmentRow.commit_block)
    queries = {
        "commitments": select(*seen, row.first_seen, row.coldkey, row.uid, row.registered_at, row.sealed, row.raw),
        "openings": select(OpeningRow.hotkey, OpeningRow.open_block, OpeningRow.data, row.commit_block).join(
            row, row.id == OpeningRow.commitment_id, isouter=True
        ),
        "refusals": select(*seen).join(RefusalRow, RefusalRow.commitment_id == row.id),
        "withdrawals": select(*seen).join(WithdrawalRow, WithdrawalRow.commitment_id == row.id),
    }
    with ledger.reading() as session:
        facts: Facts = {name: {tuple(found) for found in session.execute(query)} for name, query in queries.items()}
    entered = submissions.all_of(ledger, competition)
    return facts | {"submissions": {(s.hotkey, s.commit_block, s.revealed_block) for s in entered}}


def seen_live(ledger: Ledger, table: Table, competition: str, at: Block) -> set[tuple[object, ...]]:
    """Hotkey and commit block of every live submission, by the ledger and the rules."""
    settled = commitments.newest_blocks(ledger, NETUID, Block(at - longest_wait(table)))
    withdrawn = clear_texts.withdrawals(ledger, NETUID, at)
    presence = Presence(registrations.registered(ledger, NETUID), withdrawn, settled)
    return {(s.hotkey, s.commit_block) for s in live(submissions.all_of(ledger, competition), table, presence, at)}


def differences(
    expected: Mapping[str, set[tuple[object, ...]]], found: Mapping[str, set[tuple[object, ...]]]
) -> list[str]:
    """What is missing and what is too much, in a line each with an example."""
    told = []
    for name in expected:
        for words, rows in (("missing", expected[name] - found[name]), ("unexpected", found[name] - expected[name])):
            if rows:
                told.append(f"{name}: {len(rows)} {words}, such as {str(min(rows, key=repr))[:300]}")
    return told


def _by_block(commits: Sequence[Commit]) -> dict[Block, list[Commit]]:
    by_block: dict[Block, list[Commit]] = {}
    for commit in commits:
        by_block.setdefault(commit.block, []).append(commit)
    return by_block
