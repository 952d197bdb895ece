"""Rounds: judge every competition's rounds in order, each for its own seed block.

Whatever a round decides is a function of chain state at its seed block, of files pinned by revision and of the beacon;
whatever was interrupted is a row that says how far it got.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from chain.clock import round_at, round_seed, seed_block
from chain.reader import ChainReader
from chain.types import Block, NetUid
from competitions.eligibility import eligible_from
from competitions.entrant import Result, Setting
from competitions.ranking import race_against
from competitions.records import RoundOutcome, Submission, TaskScore
from competitions.spec import Competition, Table
from competitions.succession import Succession
from competitions.table import competition_named
from evaluation.executor import Executor
from evaluation.sources.held import Cause, Held
from evaluation.sources.registry import PoolReader
from evaluation.verdicts import Abandoned, Outraced, Scored, Verdict
from ledger import lineages, rounds, submissions, verdicts, waits
from ledger.database import Ledger
from models.rejections import Rejection
from neurons.closing import Closing
from neurons.descent import Descent
from neurons.entry import Entry
from neurons.field import Field, assemble, awaited
from neurons.intake import PATIENCE, Intake
from neurons.refusals import Refusal, Refusals
from neurons.reporting import Reporter
from neurons.round_samples import RoundSamples
from neurons.round_verdicts import RoundVerdicts
from neurons.rulebook import Rulebook
from neurons.supervisor import Wakes

log = logging.getLogger(__name__)

_ATTEMPTS = 3
"""Judgings of one model in one round that may be abandoned before the round goes on without it. Beside an incumbent
that was judged one must do: the device is well, and each may cost a whole deadline."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """Judges what a round still needs in one step: the incumbent, then all challengers against its values."""

    chain: ChainReader
    ledger: Ledger
    netuid: NetUid
    rulebook: Rulebook
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
        known = self.rulebook.succession()
        for name, paced in known.paced().items():
            try:
                advanced |= self._advance(known, paced, finalized)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other competitions go on
                log.warning("%s cannot go on: %s: %s", name, type(error).__name__, error)
                failure = error
        if failure is not None and not advanced:
            raise failure
        return advanced

    def _advance(self, known: Succession, paced: Competition, finalized: Block) -> bool:
        """A step of one competition's next round, by the rules that hold at its seed block."""
        number = self._next(paced, finalized)
        at = seed_block(number, paced.first_block, paced.round_blocks)
        if at > finalized:
            return False
        table = known.at(at)
        if table is None:
            log.debug("%s round %d held: which table holds at block %d is not known yet", paced.name, number, at)
            self.wakes.poke("adopt")
            return False
        competition = competition_named(table, paced.name)
        round_ = None if competition is None else self._open(competition, number, at)
        if competition is None or round_ is None:
            return False
        field = assemble(self.chain, self.ledger, self.netuid, table, competition, round_)
        if field is None:
            self.wakes.poke("watch")
            return False
        setting = Setting(competition, number, at, round_.seed)
        refused = Refusals(self.ledger, self.descent).of(competition, round_, field)
        given_up = {s.id for s in field.live if s.intake == "due" and self._is_given_up(table, s)}
        entrants = Entry(self.ledger).entrants(setting, field, refused, given_up)
        if not all(self._is_given_up(table, one) for one in awaited(field, entrants, competition, refused)):
            self.wakes.poke("fetch")
            return False
        if competition.base and competition.base.digest not in lineages.sketched(self.ledger):
            missing = Held(Cause.NO_BASE, f"the competition's base {competition.base.repo} is not here yet")
            waits.hold(self.ledger, round_.id, missing, self.chain.head())
            self.wakes.poke("fetch")
            return False
        return self._judge(setting, round_, field, entrants, refused)

    def _is_given_up(self, table: Table, submission: Submission) -> bool:
        """Whether files that are due were asked for in vain so often that no round waits for them any more."""
        rules = competition_named(table, submission.competition)
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

    def _judge(
        self,
        setting: Setting,
        round_: rounds.Round,
        field: Field,
        entrants: Sequence[Submission],
        refused: Mapping[int, Refusal],
    ) -> bool:
        """Judge what the round still needs, or close it; False while it is held."""
        competition, king = setting.competition, field.incumbent
        found = verdicts.verdicts(self.ledger, round_.id)
        is_scored = (
            king is not None and king.submission_id not in refused and isinstance(found.get(king.submission_id), Scored)
        )
        own = king.submission_id if king else None
        tries = {e.id: 1 if is_scored and e.id != own else _ATTEMPTS for e in entrants}
        results = {e.id: refused.get(e.id) or self._result(round_, e, found.get(e.id), tries[e.id]) for e in entrants}
        if not is_scored:  # against nobody that still stands, a lost race tells nothing
            results = {id_: None if isinstance(result, Outraced) else result for id_, result in results.items()}
        unjudged = [entrant for entrant in entrants if results[entrant.id] is None]
        if not unjudged:
            ended = {id_: result for id_, result in results.items() if result is not None}
            Closing(self.chain, self.ledger, self.intake.hub, self.reporter).close(
                setting, round_, field, entrants, ended
            )
            self.wakes.poke("weigh")
            return True
        bundle = RoundSamples(self.ledger, self.sources, self.bundles).bundle(competition, round_)
        if isinstance(bundle, Held):
            return self._hold(competition, round_, field, bundle)
        first = [entrant for entrant in unjudged if king and entrant.id == king.submission_id]
        race = race_against(setting, king, found) if is_scored else None
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

    def _result(self, round_: rounds.Round, entrant: Submission, verdict: Verdict | None, tries: int) -> Result | None:
        """A verdict, or our fault once too often; None where the model is still to be judged."""
        if entrant.intake == "due":
            return f"its files could not be had in {PATIENCE} attempts; they are asked for again"
        match verdict:
            case Scored(tasks=tasks):
                return tuple(TaskScore(task.task, task.values) for task in tasks)
            case Rejection() | Outraced() as ended:
                return ended
            case Abandoned(cause, is_ours_alone):
                most = _ATTEMPTS if is_ours_alone else tries
                return cause if verdicts.attempts(self.ledger, round_.id, entrant.id) >= most else None
        return None
