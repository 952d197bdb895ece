"""A round's verdicts: models lent to the executor as it has room for them, and each verdict recorded as it comes. Knows
nothing of who wins.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from competitions.records import Submission
from competitions.spec import Competition
from evaluation.executor import Executor, Race, Request
from evaluation.verdicts import Abandoned, Outraced, Scored, TaskValues, Verdict
from ledger import rounds, verdicts
from ledger.database import Ledger
from models.rejections import Rejection
from neurons.intake import Intake

log = logging.getLogger(__name__)

_Lent = dict[str, tuple[Submission, ExitStack]]
"""By a request's name, whose model it is, and what gives the model back."""


@dataclass(frozen=True, slots=True)
class RoundVerdicts:
    """Has models judged on a round's samples."""

    ledger: Ledger
    executor: Executor
    intake: Intake
    stopping: threading.Event
    """Set while the validator ends: what is cut short then is no verdict, and is judged anew after the start."""

    def judge(
        self,
        competition: Competition,
        round_: rounds.Round,
        entrants: Sequence[Submission],
        bundle: Path,
        race: Race | None,
    ) -> bool:
        """Judge entrants once each, in their order; False where the validator stopped meanwhile.

        No model is begun once the competition's deadline for one has passed: other competitions have their turn then,
        and the rest is due again.
        """
        lent: _Lent = {}
        with ExitStack() as loans:
            for request, verdict in self.executor.judge(
                self._requests(competition, round_, entrants, bundle, race, lent, loans)
            ):
                if self.stopping.is_set() and isinstance(verdict, Abandoned):
                    return False
                entrant, loan = lent.pop(request.name)
                with loan:
                    checked = self._unless_damaged(request, verdict)
                self._record(competition, round_, entrant, checked)
        return not self.stopping.is_set()

    def _requests(
        self,
        competition: Competition,
        round_: rounds.Round,
        entrants: Sequence[Submission],
        bundle: Path,
        race: Race | None,
        lent: _Lent,
        loans: ExitStack,
    ) -> Iterator[Request]:
        """Files that were lost here are fetched again first, and never the miner's fault."""
        until = time.monotonic() + competition.deadline_s
        for entrant in entrants:
            if self.stopping.is_set() or time.monotonic() > until:
                return
            loan = loans.enter_context(ExitStack())
            model = loan.enter_context(self.intake.lending(entrant, competition))
            if not isinstance(model, Path):
                cause = f"its files were lost here and cannot be had again: {model}"
                self._record(competition, round_, entrant, Abandoned(cause, is_ours_alone=True))
                continue
            lent[str(entrant.id)] = entrant, loan
            asked = competition.tasks, competition.limits.max_length, competition.deadline_s
            yield Request(model, bundle, *asked, race, str(entrant.id))

    def _unless_damaged(self, request: Request, verdict: Verdict) -> Verdict:
        if isinstance(verdict, Scored | Outraced) or not self.intake.cache.is_damaged(request.model.name):
            return verdict
        damaged = f"{in_words(verdict)}; but its files were damaged on this disk, and are fetched again"
        return Abandoned(damaged, is_ours_alone=True)

    def _record(self, competition: Competition, round_: rounds.Round, entrant: Submission, verdict: Verdict) -> None:
        verdicts.record_verdict(self.ledger, round_.id, entrant.id, verdict)
        log.info("%s round %d: %s %s", competition.name, round_.number, entrant.repo, in_words(verdict))


def in_words(verdict: Verdict) -> str:
    """A verdict as a log tells it."""
    match verdict:
        case Scored(tasks=tasks, seconds=seconds):
            return f"scored {', '.join(map(_task_in_words, tasks))} in {seconds:.1f} s"
        case Outraced(tasks=tasks, seconds=seconds, improvement=improvement):
            samples = sum(len(task.values) for task in tasks)
            return f"outraced, {improvement:+.2%} after {samples} samples in {seconds:.1f} s"
        case Rejection(reason, detail):
            return f"rejected, {reason}: {detail}"
        case Abandoned(cause):
            return f"abandoned: {cause}"


def _task_in_words(task: TaskValues) -> str:
    found = [] if task.nats_per_token is None else [f"{task.nats_per_token:.4f} nats a token"]
    found += [f"{number} {name}" for name, number in task.notes]
    return f"{task.task} {sum(task.values) / len(task.values):.4f}" + (f" ({', '.join(found)})" if found else "")
