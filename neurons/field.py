"""The field of a round: who enters it and whose model is whose, from the chain's state at its seed block alone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from chain.reader import ChainReader
from chain.types import Block, NetUid, Registration
from competitions.eligibility import Presence, live, longest_wait, may_own
from competitions.ownership import Ownership
from competitions.records import Reign, Submission
from competitions.spec import Competition, Table
from ledger import clear_texts, commitments, registrations, rounds, submissions
from ledger.database import Ledger
from neurons.pointers import is_all_read


@dataclass(frozen=True, slots=True)
class Field:
    """Whoever may enter a round, the most senior first, the incumbent, and the first claims on all known models.

    `coming` are claims of which nobody knows yet whether they count: their files are due. `same` has for each who is
    live the ids of all that its coldkey ever submitted to the competition with its digest, its own among them: what was
    found of a model stands, whichever commitment names it.
    """

    live: tuple[Submission, ...]
    incumbent: Reign | None
    ownership: Ownership
    coming: tuple[Submission, ...]
    same: Mapping[int, tuple[int, ...]]


def assemble(
    chain: ChainReader, ledger: Ledger, netuid: NetUid, table: Table, competition: Competition, round_: rounds.Round
) -> Field | None:
    """The field as of the round's seed block; None while not all that was committed up to then is recorded and read."""
    if (registrations.last_poll(ledger, netuid) or -1) < round_.seed_block or not is_all_read(ledger):
        return None
    presence = _presence(chain, ledger, netuid, table, round_.seed_block)
    known = _known(ledger, table, round_.seed_block)
    alive = live(known, table, presence, round_.seed_block)
    mine = [submission for submission in alive if submission.competition == competition.name]
    incumbent = rounds.reign_after(ledger, competition.name, round_.number - 1)
    if incumbent and all(s.id != incumbent.submission_id for s in mine):
        king = submissions.get(ledger, incumbent.submission_id)
        mine += [king] if presence.holds(king) else []  # a king's successor must win like anyone
    rules = {rules.name: rules for rules in table.competitions}
    claims = [s for s in known if may_own(s, rules[s.competition], round_.seed_block)]
    coming = [
        s
        for s in known
        if s.intake == "due" and may_own(replace(s, intake="accepted"), rules[s.competition], round_.seed_block)
    ]
    return Field(tuple(mine), incumbent, Ownership(claims, round_.seed), tuple(coming), _same(mine, known))


def awaited(
    field: Field, entrants: Sequence[Submission], competition: Competition, refused: Collection[int] = ()
) -> tuple[Submission, ...]:
    """Those whose files must be had or refused before these entrants can be judged: their own where none are refused
    already, and those of whoever would own an entrant's model if its files turn out to be what it says.
    """
    traced = bool(competition.lineage.refused)
    own = [entrant for entrant in entrants if entrant.intake == "due" and entrant.id not in refused]
    others = [claim for claim in field.coming if claim not in own and _rivals(claim, entrants, traced=traced)]
    return tuple(sorted([*own, *others], key=lambda s: (s.commit_block, s.id)))


def _same(live: Sequence[Submission], known: Sequence[Submission]) -> dict[int, tuple[int, ...]]:
    by_model: dict[tuple[str, str, str | None], list[int]] = {}
    for one in known:
        by_model.setdefault((one.competition, one.coldkey, one.digest), []).append(one.id)
    return {
        one.id: tuple(by_model[one.competition, one.coldkey, one.digest]) if one.digest else (one.id,) for one in live
    }


def _presence(chain: ChainReader, ledger: Ledger, netuid: NetUid, table: Table, at: Block) -> Presence:
    registered = {n.hotkey: Registration(n.uid, n.registered_at) for n in chain.neurons(netuid, at)}
    settled = commitments.newest_blocks(ledger, netuid, Block(at - longest_wait(table)))
    return Presence(registered, clear_texts.withdrawals(ledger, netuid, at), settled)


def _known(ledger: Ledger, table: Table, at: Block) -> list[Submission]:
    """Every submission of every competition that the chain had opened by a block."""
    every = (s for c in table.competitions for s in submissions.all_of(ledger, c.name))
    return [submission for submission in every if submission.revealed_block <= at]


def _rivals(claim: Submission, entrants: Sequence[Submission], *, traced: bool) -> bool:
    """Whether a claim would make a copy of an entrant, or might while either's digest is not known.

    Where lineage is `traced`, an entrant may be a disguise of whatever was public when it was committed; no competition
    waits for another's.
    """
    return any(
        claim.coldkey != entrant.coldkey
        and claim.commit_block <= entrant.commit_block
        and (
            None in (claim.digest, entrant.digest)
            or claim.digest == entrant.digest
            or (claim.repo, claim.revision) == (entrant.repo, entrant.revision)
            or (traced and claim.competition == entrant.competition and claim.revealed_block <= entrant.commit_block)
        )
        for entrant in entrants
    )
