"""A ledger's closed rounds as rules can decide them again: who took part, and what their judging came to."""

from collections.abc import Mapping
from dataclasses import dataclass

from chain.types import Block, Coldkey, Hotkey
from competitions.entrant import Result
from competitions.ownership import Claim, Ownership
from competitions.records import Reign, Standing, Submission, TaskScore
from evaluation.verdicts import Outraced, Scored, Verdict
from ledger import rounds, submissions, verdicts
from ledger.database import Ledger, NoSuchRecord
from models.rejections import Reason, Rejection

_SOMEBODY = Claim(Coldkey(""), Hotkey(""), Block(0))
"""Stands for whoever a copy was taken from: rules ask only whether it is one."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A closed round as the ledger has it."""

    number: int
    seed_block: Block
    seed: bytes
    before: Reign | None
    reign: Reign | None
    results: Mapping[int, Result]
    """By submission; whoever is not here did not take part, or nobody recorded with what result."""
    claims: Mapping[int, Claim]
    """Copies among them, plain or in disguise."""
    digest_blocks: Mapping[int, Block]
    """First commit block of each one's digest."""
    makers: Mapping[str, tuple[str, ...]]
    """By task, the coldkey of each sample's producer; older ledgers do not know it, and nobody's are removed then."""


@dataclass(frozen=True, slots=True)
class History:
    """A competition's closed rounds, the oldest first, and its submissions by id."""

    rounds: tuple[Recorded, ...]
    submissions: Mapping[int, Submission]


def history(ledger: Ledger, competition: str) -> History:
    """What a ledger has on record of a competition. Raises NoSuchRecord where it closed no round of it."""
    every = {one.id: one for one in submissions.all_of(ledger, competition)}
    closed = rounds.closed(ledger, competition)
    if not closed:
        raise NoSuchRecord(f"{ledger.name} has closed no round of {competition}: name another competition or ledger")
    before, found = rounds.reign_after(ledger, competition, closed[0].number - 1), []
    for one in closed:
        after = rounds.reign_after(ledger, competition, one.number)
        found.append(_recorded(ledger, one, every, before, after))
        before = after
    return History(tuple(found), every)


def _recorded(
    ledger: Ledger, one: rounds.Round, every: Mapping[int, Submission], before: Reign | None, after: Reign | None
) -> Recorded:
    judged, rows = verdicts.verdicts(ledger, one.id), rounds.standings(ledger, one.id)
    with ledger.reading() as session:
        made = rounds.makers(session, one.id)
    owned = Ownership([its for its in every.values() if its.revealed_block <= one.seed_block], one.seed)
    results = {row.submission_id: _result(row, judged.get(row.submission_id)) for row in rows}
    blocks = {id_: owned.first_commit(every[id_]) for id_ in results if id_ in every}
    blocks |= {reign.submission_id: reign.digest_block for reign in (before, after) if reign}
    return Recorded(
        number=one.number,
        seed_block=one.seed_block,
        seed=one.seed,
        before=before,
        reign=after,
        results={id_: result for id_, result in results.items() if id_ in every},
        claims={id_: result for id_, result in results.items() if isinstance(result, Claim)},
        digest_blocks=blocks,
        makers=made,
    )


def _result(row: Standing, verdict: Verdict | None) -> Result:
    """What a standing rests on: for a copy and for a refusal the standing itself says it."""
    if row.role == "copy":
        return _SOMEBODY
    if row.role == "rejected":
        reason, _, detail = row.why.partition(": ")
        return Rejection(Reason(reason), detail)
    match verdict:
        case Scored(tasks=tasks) if row.role != "abandoned":
            return tuple(TaskScore(task.task, task.values) for task in tasks)
        case Outraced() as race if row.role != "abandoned":
            return race
    return row.why
