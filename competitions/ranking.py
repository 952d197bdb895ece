"""From one round's verdicts to its standings and king. Pure; each challenger is compared with the incumbent alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chain.types import Block, BlockCount
from competitions.descent import Disguise
from competitions.epsilon import earned, epsilon
from competitions.ownership import Claim, tie_break
from competitions.records import Reign, Role, RoundOutcome, Standing, Submission, TaskScore
from competitions.spec import Competition
from evaluation.executor import Race
from evaluation.verdicts import Outraced, Scored, Verdict
from models.rejections import Rejection

Result = tuple[TaskScore, ...] | Outraced | Claim | Disguise | Rejection | str
"""A submission's scores in a round, or why it has none: out of the incumbent's reach on some of the samples already, a
copy, plain or in disguise, a rejection, or our own fault."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A submission in a round, with the first commit block of its digest."""

    submission: Submission
    digest_block: Block
    result: Result


@dataclass(frozen=True, slots=True)
class Setting:
    """The round being decided."""

    competition: Competition
    number: int
    seed_block: Block
    seed: bytes


def score(competition: Competition, tasks: Sequence[TaskScore]) -> float:
    """Weighted mean loss: Σ w_k · mean_k / Σ w_k, lower is better."""
    means = {task.task: sum(task.values) / len(task.values) for task in tasks}
    total = sum(spec.weight for spec in competition.tasks)
    return sum(spec.weight * means[spec.name] for spec in competition.tasks) / total


def decide(setting: Setting, incumbent: Reign | None, entrants: Sequence[Entrant]) -> RoundOutcome:
    """Standings and reign after a round.

    A confirmed incumbent stays unless beaten by epsilon. A vacant throne goes to the best score, confirmed in a second
    round. Where the judging of whoever reigns or is on trial failed by our fault, nothing changes.
    """
    scores = {
        entrant.submission.id: score(setting.competition, entrant.result)
        for entrant in entrants
        if isinstance(entrant.result, tuple)
    }
    king = next((e for e in entrants if incumbent and e.submission.id == incumbent.submission_id), None)
    if king is not None and isinstance(king.result, str):
        return RoundOutcome(_standings(setting, None, incumbent, entrants, scores), incumbent)
    if (
        incumbent is None
        or not incumbent.confirmed
        or king is None
        or isinstance(king.result, Rejection | Claim | Disguise)
    ):
        reign = _elect(setting, incumbent, entrants, scores)
        return RoundOutcome(_standings(setting, None, reign, entrants, scores), reign)
    reign = _fight(setting, incumbent, entrants, scores)
    return RoundOutcome(_standings(setting, incumbent, reign, entrants, scores), reign)


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


def needed(setting: Setting, incumbent: Reign) -> float:
    """Epsilon against this incumbent at the round's seed block."""
    age = BlockCount(max(0, setting.seed_block - incumbent.digest_block))
    return epsilon(setting.competition.epsilon, incumbent.earned, age)


def improvement(scores: Mapping[int, float], incumbent: Reign, submission_id: int) -> float:
    """Relative improvement over the incumbent on the same samples: (S_K − S_C) / S_K."""
    king = scores[incumbent.submission_id]
    return (king - scores[submission_id]) / king if king > 0 else 0.0


def _fight(setting: Setting, incumbent: Reign, entrants: Sequence[Entrant], scores: Mapping[int, float]) -> Reign:
    """The incumbent, or the most senior challenger within eps_end of the largest sufficient improvement."""
    gains = {id_: improvement(scores, incumbent, id_) for id_ in scores if id_ != incumbent.submission_id}
    passed = {id_: gain for id_, gain in gains.items() if gain >= needed(setting, incumbent)}
    if not passed:
        return incumbent
    close = {id_ for id_, gain in passed.items() if gain >= max(passed.values()) - setting.competition.epsilon.end}
    winner = _senior(setting, [e for e in entrants if e.submission.id in close])
    return _crown(setting, winner, earned(passed[winner.submission.id]), confirmed=True)


def _elect(
    setting: Setting, elect: Reign | None, entrants: Sequence[Entrant], scores: Mapping[int, float]
) -> Reign | None:
    """The best score of a vacant throne: on trial at first, king if it was already on trial and is best again."""
    if not scores:
        return elect if elect is not None and not elect.confirmed else None
    limit = min(scores.values()) * (1 + setting.competition.epsilon.end)
    best = _senior(setting, [e for e in entrants if scores.get(e.submission.id, limit + 1) <= limit])
    again = elect is not None and not elect.confirmed and elect.submission_id == best.submission.id
    return _crown(setting, best, setting.competition.epsilon.end, confirmed=again)


def _senior(setting: Setting, entrants: Sequence[Entrant]) -> Entrant:
    return min(entrants, key=lambda e: (e.submission.commit_block, tie_break(setting.seed, e.submission.hotkey)))


def _crown(setting: Setting, winner: Entrant, earned_: float, *, confirmed: bool) -> Reign:
    sub = winner.submission
    return Reign(sub.id, sub.hotkey, setting.number, setting.seed_block, winner.digest_block, earned_, confirmed)


def _standings(
    setting: Setting,
    incumbent: Reign | None,
    reign: Reign | None,
    entrants: Sequence[Entrant],
    scores: Mapping[int, float],
) -> tuple[Standing, ...]:
    """Every entrant in order: the reign's holder, then by score, then the outraced by what they improved, and then
    those who have neither by seniority."""
    holder = reign.submission_id if reign else None

    def order(entrant: Entrant) -> tuple[bool, float, float, int, bytes]:
        sub = entrant.submission
        tie = tie_break(setting.seed, sub.hotkey)
        behind = -entrant.result.improvement if isinstance(entrant.result, Outraced) else float("inf")
        return sub.id != holder, scores.get(sub.id, float("inf")), behind, sub.commit_block, tie

    ordered = sorted(entrants, key=order)
    rows = [_standing(setting, incumbent, reign, entrant, scores) for entrant in ordered]
    return tuple(replace(row, place=place) for place, row in enumerate(rows, start=1))


def _standing(
    setting: Setting, incumbent: Reign | None, reign: Reign | None, entrant: Entrant, scores: Mapping[int, float]
) -> Standing:
    sub = entrant.submission
    match entrant.result:
        case Claim() as claim:
            why = f"copy: {claim.hotkey} committed this model first, in block {claim.block}"
            return Standing(sub.id, 0, "copy", None, None, None, why)
        case Disguise() as found:
            return Standing(sub.id, 0, "copy", None, None, None, found.why)
        case Rejection(reason, detail):
            return Standing(sub.id, 0, "rejected", None, None, None, f"{reason}: {detail}")
        case str() as cause:
            return Standing(sub.id, 0, "abandoned", None, None, None, f"not judged, by our fault: {cause}")
        case Outraced() as race:
            bar = needed(setting, incumbent) if incumbent else None
            return Standing(sub.id, 0, "challenger", None, race.improvement, bar, _outraced(race, bar))
    gain, bar = None, None
    if incumbent and sub.id != incumbent.submission_id:
        gain, bar = improvement(scores, incumbent, sub.id), needed(setting, incumbent)
    role: Role = "king" if reign and reign.confirmed and reign.submission_id == sub.id else "challenger"
    return Standing(sub.id, 0, role, scores[sub.id], gain, bar, _why(incumbent, reign, sub, gain, bar))


def _outraced(race: Outraced, bar: float | None) -> str:
    samples = sum(len(task.values) for task in race.tasks)
    wanted = f"; {bar:.2%} is needed" if bar is not None else ""
    return (
        f"stopped after {samples} samples: {race.improvement:+.2%} on the incumbent so far, and at most "
        f"{race.at_best:+.2%} after all of them{wanted}"
    )


def _why(incumbent: Reign | None, reign: Reign | None, sub: Submission, gain: float | None, bar: float | None) -> str:
    holds = reign is not None and reign.submission_id == sub.id
    if gain is None or bar is None:
        if not holds or reign is None:
            return "the throne is vacant and another scored better" if incumbent is None else ""
        if not reign.confirmed:
            return "best score of a vacant throne; a second round must confirm it"
        return (
            "no challenger improved by epsilon" if incumbent else "best score twice running; the vacant throne is its"
        )
    if holds:
        return f"crowned: improved {gain:.2%} on the incumbent, {bar:.2%} needed"
    if gain < 0:
        return f"{-gain:.2%} worse than the incumbent"
    if gain < bar:
        return f"improved {gain:.2%} on the incumbent, {bar:.2%} needed"
    return f"improved {gain:.2%}, but another improved more, or as much and earlier"
