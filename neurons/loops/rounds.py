"""Rounds: judge every competition's rounds in order, each for its own seed block.

Whatever a round decides is a function of chain state at its seed block, of files pinned by revision and of the beacon;
whatever was interrupted is a row that says how far it got.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from chain.clock import round_at, round_seed, seed_block
from chain.reader import ChainReader
from chain.types import Block, NetUid
from competitions.eligibility import eligible_from
from competitions.ranking import Entrant, Result, Setting, decide, race_against
from competitions.records import RoundOutcome, Submission, TaskScore
from competitions.spec import Competition, Table
from competitions.table import competition_named
from evaluation.executor import Executor
from evaluation.sources.held import Cause, Held
from evaluation.sources.registry import PoolReader
from evaluation.verdicts import Abandoned, Outraced, Scored, Verdict
from ledger import lineages, rounds, submissions, verdicts, waits
from ledger.database import Ledger
from models.rejections import Rejection
from neurons.descent import Descent
from neurons.field import Field, assemble
from neurons.intake import PATIENCE, Intake
from neurons.reporting import Reporter
from neurons.round_samples import RoundSamples
from neurons.round_verdicts import RoundVerdicts
from neurons.supervisor import Wakes

log = logging.getLogger(__name__)

_ATTEMPTS = 3
"""Judgings of one model in one round that may be abandoned before the round goes on without it."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """Judges what a round still needs in one step: the incumbent, then all challengers against its values."""

    chain: ChainReader
    ledger: Ledger
    netuid: NetUid
    table: Table
    sources: PoolReader
    executor: Executor
    intake: Intake
    descent: Descent
    bundles: Path
    catch_up: int
    """Rounds before the newest that a fresh ledger judges first."""
    wakes: Wakes
    reporter: Reporter
    stopping: threading.Event
    """Set while the validator ends."""
    name: str = "rounds"

    def step(self) -> bool:
        """Bring each competition's next round a step further; one that is held or fails holds no other's.

        Raises what failed where nothing else advanced.
        """
        finalized = self.chain.finalized().number
        advanced, failure = False, None
        for competition in self.table.competitions:
            try:
                advanced |= self._advance(competition, finalized)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other competitions go on
                log.warning("%s cannot go on: %s: %s", competition.name, type(error).__name__, error)
                failure = error
        if failure is not None and not advanced:
            raise failure
        return advanced

    def _advance(self, competition: Competition, finalized: Block) -> bool:
        number = self._next(competition, finalized)
        at = seed_block(number, competition.first_block, competition.round_blocks)
        round_ = self._open(competition, number, at) if at <= finalized else None
        if round_ is None:
            return False
        field = assemble(self.chain, self.ledger, self.netuid, self.table, competition, round_)
        if field is None:
            self.wakes.poke("watch")
            return False
        if not all(self._is_given_up(submission) for submission in field.awaited):
            self.wakes.poke("fetch")
            return False
        if competition.base and competition.base.digest not in lineages.sketched(self.ledger):
            missing = Held(Cause.NO_BASE, f"the competition's base {competition.base.repo} is not here yet")
            waits.hold(self.ledger, round_.id, missing, self.chain.head())
            self.wakes.poke("fetch")
            return False
        return self._judge(competition, round_, field)

    def _is_given_up(self, submission: Submission) -> bool:
        """Whether files that are due were asked for in vain so often that no round waits for them any more."""
        rules = competition_named(self.table, submission.competition)
        if rules is None:
            return True
        return submissions.retries(self.ledger, submission.id, eligible_from(submission, rules)) >= PATIENCE

    def _next(self, competition: Competition, finalized: Block) -> int:
        """The round after the last closed one; on a fresh ledger, `catch_up` rounds before the newest.

        A fresh ledger's first round is the first one whose samples could be had.
        """
        begun = rounds.first_begun(self.ledger, competition.name)
        if begun is not None:
            return begun
        closed = rounds.last_closed(self.ledger, competition.name)
        if closed is not None:
            return closed + 1
        newest = round_at(finalized, competition.first_block, competition.round_blocks)
        return 0 if newest is None else max(0, newest - self.catch_up)

    def _open(self, competition: Competition, number: int, at: Block) -> rounds.Round | None:
        """The round with its seed; None until the beacon has spoken. No seed, no round."""
        moment = self.chain.timestamp(at) + timedelta(seconds=competition.beacon_delay_s)
        signature = self.chain.beacon_signature(self.chain.beacon_round(moment))
        if signature is None:
            return None
        hash_ = self.chain.block_hash(at)
        seed = round_seed(competition.name, hash_, signature)
        return rounds.open_round(self.ledger, competition.name, number, at, hash_, seed)

    def _judge(self, competition: Competition, round_: rounds.Round, field: Field) -> bool:
        """Judge what the round still needs, or close it; False while it is held."""
        found = verdicts.verdicts(self.ledger, round_.id)
        disguised = self.descent.disguised(field.entrants, field.ownership, competition)
        results = {
            entrant.id: disguised.get(entrant.id) or self._result(round_, field, entrant, found.get(entrant.id))
            for entrant in field.entrants
        }
        king = field.incumbent
        is_scored = king is not None and isinstance(results.get(king.submission_id), tuple)
        if not is_scored:  # against nobody that still stands, a lost race tells nothing
            results = {id_: None if isinstance(result, Outraced) else result for id_, result in results.items()}
        unjudged = [entrant for entrant in field.entrants if results[entrant.id] is None]
        if not unjudged:
            entrants = [
                Entrant(entrant, field.ownership.first_commit(entrant), result)
                for entrant in field.entrants
                if (result := results[entrant.id]) is not None
            ]
            self._close(competition, round_, field, entrants)
            return True
        bundle = RoundSamples(self.ledger, self.sources, self.bundles).bundle(competition, round_)
        if isinstance(bundle, Held):
            return self._hold(competition, round_, field, bundle)
        first = [entrant for entrant in unjudged if king and entrant.id == king.submission_id]
        race = race_against(_setting(competition, round_), king, found) if is_scored else None
        judging = RoundVerdicts(self.ledger, self.executor, self.intake, self.stopping)
        return judging.judge(competition, round_, first or unjudged, bundle, race)

    def _hold(self, competition: Competition, round_: rounds.Round, field: Field, held: Held) -> bool:
        """Wait for samples; where no wait will bring them the round ends with nothing changed, and later ones go on."""
        waits.hold(self.ledger, round_.id, held, self.chain.head())
        log.warning("%s round %d held: %s", competition.name, round_.number, held)
        if held.lasting:
            outcome = RoundOutcome((), field.incumbent)
            rounds.close_round(self.ledger, round_.id, outcome, self.chain.head())
            log.warning("%s round %d closed unjudged; the reign stays", competition.name, round_.number)
        return held.lasting

    def _result(
        self, round_: rounds.Round, field: Field, entrant: Submission, verdict: Verdict | None
    ) -> Result | None:
        """What needs no judging, or no more of it: a copy, a refusal, a verdict, or our fault once too often."""
        if claim := field.ownership.copied_from(entrant):
            return claim
        if refusal := submissions.rejection(self.ledger, entrant.id):
            return refusal
        if entrant.intake == "due":
            return f"its files could not be had in {PATIENCE} attempts; they are asked for again"
        match verdict:
            case Scored(tasks=tasks):
                return tuple(TaskScore(task.task, task.values) for task in tasks)
            case Rejection() | Outraced() as ended:
                return ended
            case Abandoned(cause) if verdicts.attempts(self.ledger, round_.id, entrant.id) >= _ATTEMPTS:
                return cause
        return None

    def _close(self, competition: Competition, round_: rounds.Round, field: Field, entrants: list[Entrant]) -> None:
        outcome = decide(_setting(competition, round_), field.incumbent, entrants)
        rounds.close_round(self.ledger, round_.id, outcome, self.chain.head())
        log.info("%s round %d closed: %s", competition.name, round_.number, outcome.reign)
        self.reporter.round_closed(competition.name, round_.number, round_.seed_block, outcome)
        self.wakes.poke("weigh")


def _setting(competition: Competition, round_: rounds.Round) -> Setting:
    return Setting(competition, round_.number, round_.seed_block, round_.seed)
