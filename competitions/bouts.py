"""The title fights of one round: every challenger beside the incumbent, and how its fight stands now. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.types import Block
from competitions.entrant import Entrant, Setting, needed
from competitions.epsilon import age_for
from competitions.records import Evidence, FightState, Reign, TaskScore
from competitions.spec import TitleSpec
from competitions.title_fight import NOBODY, Bout, Fight, Pairing, Without, fight
from evaluation.paired import Incomparable
from evaluation.verdicts import Outraced


@dataclass(frozen=True, slots=True)
class Met:
    """How a challenger did against the incumbent, with what it rests on."""

    improvement: float
    needed: float
    evidence: Evidence
    without: Without | None = None


Bouts = Mapping[int, Met]
"""By submission; those that cannot be compared with the incumbent are not in it."""


def meet(setting: Setting, incumbent: Reign, entrants: Sequence[Entrant]) -> dict[int, Met]:
    """Every challenger that was judged, on all samples or some, beside a confirmed incumbent that was scored."""
    king = next(e.result for e in entrants if e.submission.id == incumbent.submission_id)
    rivals = [entrant for entrant in entrants if entrant.submission.id != incumbent.submission_id]
    met = {e.submission.id: _met(setting, incumbent, king, e) for e in rivals if isinstance(king, tuple)}
    return {id_: its for id_, its in met.items() if its is not None}


def bout(setting: Setting, number: int, king: Sequence[TaskScore], challenger: Sequence[TaskScore]) -> Bout | None:
    """Two models' values of one round as a bout; None where they are not of the same samples of the table's tasks.

    Raises ValueError for makers that are not one for each sample.
    """
    ours, theirs = ({task.task: task.values for task in tasks} for tasks in (king, challenger))
    pairings = []
    for name in (task.name for task in setting.competition.tasks):
        a, b = ours.get(name), theirs.get(name)
        if a is None or b is None or len(a) != len(b):
            return None
        makers = setting.makers.get(name, (NOBODY,) * len(a))
        if len(makers) != len(a):
            raise ValueError(f"{name} has {len(a)} samples in round {number} and {len(makers)} makers of them")
        pairings.append(Pairing(a, b, makers))
    return Bout(number, tuple(pairings))


def state(title: TitleSpec, found: Fight, past: Sequence[FightState]) -> FightState:
    """How a title fight stands after one more full round, given how it stood before, the newest first.

    It goes on for `pooled_rounds` rounds in which it is ahead by what it needs and not proven yet. Of losses within the
    noise one is granted a second chance.
    """
    if found.passes:
        return "passed"
    running = next((n for n, one in enumerate(past) if one != "open"), len(past)) + 1
    if found.improvement >= found.needed and running < title.pooled_rounds:
        return "open"
    if found.is_within_noise and "close" not in past:
        return "close"
    return "lost"


def _met(setting: Setting, incumbent: Reign, king: Sequence[TaskScore], challenger: Entrant) -> Met | None:
    bar = needed(setting, incumbent)
    match challenger.result:
        case Outraced() as race:
            samples = sum(len(task.values) for task in race.tasks)
            wins_at = _wins_at(setting, incumbent, race.at_best)
            evidence = Evidence("outraced", 0, samples, None, None, None, race.at_best, wins_at, race.rung)
            return Met(race.improvement, bar, evidence)
        case tuple() as tasks if now := bout(setting, setting.number, king, tasks):
            found = fight(setting.competition, [now, *challenger.earlier], bar)
            return None if isinstance(found, Incomparable) else _told(setting, incumbent, challenger, found)
    return None


def _told(setting: Setting, incumbent: Reign, challenger: Entrant, found: Fight) -> Met:
    evidence = Evidence(
        state=state(setting.competition.title, found, challenger.past),
        rounds=found.rounds,
        samples=found.samples,
        p=found.p,
        rho=found.rho,
        enough=found.enough,
        hope=found.improvement,
        wins_at=_wins_at(setting, incumbent, found.improvement),
    )
    return Met(found.improvement, found.needed, evidence, found.without)


def _wins_at(setting: Setting, incumbent: Reign, improvement: float) -> Block | None:
    age = age_for(setting.competition.epsilon, incumbent.earned, improvement)
    return None if age is None else Block(max(setting.seed_block, incumbent.digest_block + age))
