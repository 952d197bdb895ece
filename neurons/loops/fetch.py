"""Fetch: take in what was submitted, in turn, until each model is a clean directory or refused."""

import logging
from dataclasses import dataclass, field

from chain.reader import ChainReader
from chain.types import Block
from competitions.eligibility import eligible_from, is_void
from competitions.records import Submission
from competitions.spec import Competition
from competitions.succession import Succession
from ledger import lineages, submissions
from ledger.database import Ledger
from models.rejections import Reason, Rejection
from neurons.intake import Intake, Unfetched, pause
from neurons.rulebook import Rulebook
from neurons.supervisor import Wakes

log = logging.getLogger(__name__)

Outcome = submissions.Accepted | submissions.Retry | Rejection


@dataclass(frozen=True, slots=True)
class Fetch:
    """One model a step, so that a stop or a newer wish never waits for a queue."""

    chain: ChainReader
    ledger: Ledger
    intake: Intake
    rulebook: Rulebook
    wakes: Wakes
    name: str = "fetch"
    _bases: dict[str, tuple[int, Block]] = field(default_factory=dict)
    """Of bases that are not to be had, by their digest, the attempts that failed and the block of the next."""

    def step(self) -> bool:
        """Take in the model whose turn it is, bases first; True where another one waits."""
        head, known = self.chain.head(), self.rulebook.succession()
        self._bring_bases(known, head)
        waiting = submissions.due_for_intake(self.ledger, known.paced(), head)
        due = [(s, rules) for s in waiting if (rules := known.rules_of(s.competition, s.commit_block)) is not None]
        if not due:
            return False
        submission, rules = due[0]
        outcome = self._take_in(submission, rules, head)
        submissions.record_intake(self.ledger, submission.id, head, outcome)
        log.info("%s@%s: %s", submission.repo, submission.revision[:8], outcome)
        self.wakes.poke("rounds")
        return len(due) > 1

    def _bring_bases(self, known: Succession, head: Block) -> None:
        """Have the sketch of every base that a table names: lineage needs it, and adapters the base itself."""
        there = set(lineages.sketched(self.ledger))
        for competition in known.competitions():
            base = competition.base
            if base is None or base.digest in there:
                continue
            failures, due = self._bases.get(base.digest, (0, head))
            if head < due:
                continue
            sketch = self.intake.base_sketch(competition, base)
            if isinstance(sketch, Unfetched):
                self._bases[base.digest] = failures + 1, Block(head + pause(failures))
            else:
                lineages.add_sketch(self.ledger, base.digest, sketch)
                there.add(base.digest)  # another competition may have the same base
                self.wakes.poke("rounds")

    def _take_in(self, submission: Submission, competition: Competition, head: Block) -> Outcome:
        """What became of one model; its repository may stay private until it is due."""
        if is_void(submission, competition):
            sealed = submission.revealed_block - submission.commit_block
            detail = f"the pointer was sealed for {sealed} blocks; at most {competition.max_seal_blocks} are allowed"
            return Rejection(Reason.LATE_REVEAL, detail)
        due = eligible_from(submission, competition)
        taken = self.intake.take_in(submission, competition)
        if isinstance(taken, Unfetched):
            failures = submissions.retries(self.ledger, submission.id, due)
            return submissions.Retry(taken.cause, Block(head + pause(failures)))
        if isinstance(taken, Rejection):
            early = taken.reason is Reason.UNAVAILABLE and head < due
            return submissions.Retry(taken.detail, Block(head + pause(0))) if early else taken
        return submissions.Accepted(taken.parameters, taken.bytes, taken.digest, taken.sketch)
