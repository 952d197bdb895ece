"""Recorded rounds decided again under other rules, one after the other, and what would have been different.

What was not judged then cannot be judged now: who has no result on record for what the other rules ask did not enter,
and a king without one stays.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from backtest.figures import moved
from backtest.recorded import History, Recorded
from backtest.rules.port import Judge, Occasion, Turn, Validator
from backtest.rules.registry import RULES
from backtest.rules.title_fights import paid
from chain.types import Hotkey
from competitions.entrant import Result, Setting
from competitions.ownership import Claim
from competitions.records import Reign, Submission
from competitions.spec import Competition
from competitions.toml_records import TableError
from evaluation.executor import Race
from evaluation.verdicts import Outraced
from models.rejections import Rejection

NOT_ON_RECORD = "not on record"


@dataclass(frozen=True, slots=True)
class Replayed:
    """A round as it was, and as it would have been."""

    recorded: Recorded
    was: Mapping[int, float]
    """Who was paid, by submission."""
    turn: Turn
    lacking: int
    """Judgings that the other rules ask for and the ledger does not have."""

    @property
    def differs(self) -> bool:
        """Whether another reigns afterwards."""
        return holder(self.recorded.reign) != holder(self.turn.reign)


def replay(history: History, competition: Competition, rule: str) -> tuple[Replayed, ...]:
    """Every recorded round under a competition's rules, from who reigned before the first of them."""
    _check(history, competition)
    validator, reign = RULES[rule](), history.rounds[0].before
    found = []
    for recorded in history.rounds:
        found.append(_replayed(history, competition, validator, recorded, reign))
        reign = found[-1].turn.reign
    return tuple(found)


def _check(history: History, competition: Competition) -> None:
    """Rules can weigh recorded values anew, but not make values of a task that nobody was judged on."""
    asked = {task.name for task in competition.tasks}
    for recorded in history.rounds:
        for result in recorded.results.values():
            if isinstance(result, tuple) and not asked <= {task.task for task in result}:
                known = ", ".join(task.task for task in result)
                raise TableError(
                    f"competitions.{competition.name}.tasks: round {recorded.number} was judged on {known}, not on "
                    f"{', '.join(sorted(asked))}; replay by a table with recorded tasks"
                )


def holder(reign: Reign | None) -> int | None:
    """Whose reign it is, on trial or confirmed; None for nobody's."""
    return reign.submission_id if reign else None


def income(paid_: Iterable[Mapping[int, float]], history: History) -> dict[Hotkey, float]:
    """Pay by hotkey, in rounds' pay, the most first."""
    total: dict[Hotkey, float] = {}
    for shares in paid_:
        for id_, share in shares.items():
            hotkey = history.submissions[id_].hotkey
            total[hotkey] = total.get(hotkey, 0.0) + share
    return dict(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))


def volatility(paid_: Iterable[Mapping[int, float]]) -> float:
    """The part of the pay that changes hands from one round to the next."""
    every = list(paid_)
    changes = [moved(before, after) for before, after in pairwise(every)]
    return sum(changes) / len(changes) if changes else 0.0


def _replayed(
    history: History, competition: Competition, validator: Validator, recorded: Recorded, reign: Reign | None
) -> Replayed:
    setting = Setting(competition, recorded.number, recorded.seed_block, recorded.seed, recorded.makers)
    lacking: list[int] = []
    live = {id_: history.submissions[id_] for id_, result in recorded.results.items() if _may_enter(result)}
    if reign is not None:
        live[reign.submission_id] = history.submissions[reign.submission_id]
    judge = _judge(recorded, reign, lacking)
    turn = validator.play(Occasion(setting, live, recorded.claims, recorded.digest_blocks, reign, judge))
    return Replayed(recorded, paid(setting, recorded.before, recorded.reign), turn, len(lacking))


def _may_enter(result: Result) -> bool:
    """Copies and refused models enter nothing."""
    return not isinstance(result, Claim | Rejection)


def _judge(recorded: Recorded, reign: Reign | None, lacking: list[int]) -> Judge:
    """Judges from what is on record. A lost race says something only against the incumbent that it was lost to, and
    only where what is needed is still out of reach."""
    same = holder(recorded.before) == holder(reign)

    def judge(submission: Submission, race: Race | None) -> Result:
        result = recorded.results.get(submission.id)
        lost = isinstance(result, Outraced) and same and race is not None and result.at_best < race.needed
        if result is None or (isinstance(result, Outraced) and not lost):
            lacking.append(submission.id)
            return NOT_ON_RECORD
        return result

    return judge
