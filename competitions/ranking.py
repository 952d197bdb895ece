"""From one round's verdicts to its king. Pure; each challenger meets the incumbent alone, and nobody else.

decide ──▶ title fights (`bouts`) ──▶ the crown ──▶ standings (`standings`)
"""

import math
from collections.abc import Mapping, Sequence

from competitions.bouts import Bouts, meet
from competitions.descent import Disguise
from competitions.entrant import Entrant, Setting, needed, scored
from competitions.epsilon import earned
from competitions.ownership import Claim, tie_break
from competitions.records import Reign, RoundOutcome
from competitions.scores import score
from competitions.standings import standings
from evaluation.executor import Race
from evaluation.verdicts import Scored, Verdict
from models.rejections import Reason, Rejection


def decide(setting: Setting, incumbent: Reign | None, entrants: Sequence[Entrant]) -> RoundOutcome:
    """Standings and reign after a round.

    A confirmed incumbent stays unless a title fight against it is won. A vacant throne goes to the best score,
    confirmed in a second round; it is vacant where the incumbent is gone, or refused while others are not. Nothing
    changes where nobody was scored, or where the judging of whoever reigns or is on trial failed by our fault.
    """
    king = next((e for e in entrants if incumbent and e.submission.id == incumbent.submission_id), None)
    if king is not None and (isinstance(king.result, str) or not (scored(entrants) or _is_deposed(king))):
        return RoundOutcome(standings(setting, None, incumbent, entrants, {}), incumbent)
    falls = king is None or not isinstance(king.result, tuple)
    if incumbent is None or not incumbent.confirmed or falls:
        reign = _elect(setting, None if falls else incumbent, entrants)
        return RoundOutcome(standings(setting, None, reign, entrants, {}), reign)
    bouts = meet(setting, incumbent, entrants)
    reign = _crowned(setting, entrants, bouts) or incumbent
    return RoundOutcome(standings(setting, incumbent, reign, entrants, bouts), reign)


def race_against(setting: Setting, incumbent: Reign | None, verdicts: Mapping[int, Verdict]) -> Race | None:
    """What a round's challengers are held against while they are judged: a confirmed incumbent's values on the same
    samples, from the round's verdicts by submission. None where it has none, and all challengers need all samples.
    """
    verdict = verdicts.get(incumbent.submission_id) if incumbent and incumbent.confirmed else None
    if incumbent is None or not isinstance(verdict, Scored):
        return None
    values = {task.task: task.values for task in verdict.tasks}
    asked = {task.name: task.samples for task in setting.competition.tasks}
    if {name: len(found) for name, found in values.items()} != asked:
        return None  # of a table that has changed since
    return Race(tuple(values[name] for name in asked), needed(setting, incumbent))


def _crowned(setting: Setting, entrants: Sequence[Entrant], bouts: Bouts) -> Reign | None:
    """Of those that won their title fights, the most senior within eps_end of the largest improvement."""
    passed = {id_: found.improvement for id_, found in bouts.items() if found.evidence.state == "passed"}
    if not passed:
        return None
    close = {id_ for id_, gain in passed.items() if gain >= max(passed.values()) - setting.competition.epsilon.end}
    winner = _senior(setting, [e for e in entrants if e.submission.id in close])
    return _crown(setting, winner, earned(passed[winner.submission.id]), confirmed=True)


def _is_deposed(king: Entrant) -> bool:
    """Whether what is known of a king ends its reign even where nobody else was scored."""
    if isinstance(king.result, Rejection):
        return king.result.reason is Reason.UNAVAILABLE
    return isinstance(king.result, Claim | Disguise)


def _elect(setting: Setting, trial: Reign | None, entrants: Sequence[Entrant]) -> Reign | None:
    """The best score of a vacant throne: on trial at first, king if it was already on trial and is best again."""
    scores = {
        entrant.submission.id: score(setting.competition, entrant.result)
        for entrant in entrants
        if isinstance(entrant.result, tuple)
    }
    if not scores:
        return None
    limit = min(scores.values()) * (1 + setting.competition.epsilon.end)
    best = _senior(setting, [e for e in entrants if scores.get(e.submission.id, math.inf) <= limit])
    again = trial is not None and trial.submission_id == best.submission.id
    return _crown(setting, best, setting.competition.epsilon.end, confirmed=again)


def _senior(setting: Setting, entrants: Sequence[Entrant]) -> Entrant:
    return min(entrants, key=lambda e: (e.submission.commit_block, tie_break(setting.seed, e.submission.hotkey)))


def _crown(setting: Setting, winner: Entrant, earned_: float, *, confirmed: bool) -> Reign:
    sub = winner.submission
    return Reign(sub.id, sub.hotkey, setting.number, setting.seed_block, winner.digest_block, earned_, confirmed)
