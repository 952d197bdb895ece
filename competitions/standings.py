"""A round's standings: every entrant in its place, with why in words. Pure; decides nothing."""

import math
from collections.abc import Sequence
from dataclasses import replace

from competitions.bouts import Bouts, Met
from competitions.descent import Disguise
from competitions.entrant import Entrant, Setting, needed
from competitions.ownership import Claim, tie_break
from competitions.records import Reign, Role, Standing
from competitions.scores import score
from evaluation.verdicts import Outraced
from models.rejections import Rejection

_VACANT = "the throne is vacant and another scored better"
_UNJUDGED = "nothing changes: the incumbent could not be judged, by our fault"


def standings(
    setting: Setting, incumbent: Reign | None, reign: Reign | None, entrants: Sequence[Entrant], bouts: Bouts
) -> tuple[Standing, ...]:
    """Every entrant in order: the reign's holder; who was judged on all samples, by improvement, or by score where
    nobody was fought; whose race ended early, by improvement; and the rest. Of equals the most senior is first.

    `incumbent` is the one who was fought, None where nobody was.
    """
    holder = reign.submission_id if reign else None

    def order(entrant: Entrant) -> tuple[bool, int, float, int, bytes]:
        sub = entrant.submission
        group, behind = _behind(setting, incumbent, entrant, bouts.get(sub.id))
        return sub.id != holder, group, behind, sub.commit_block, tie_break(setting.seed, sub.hotkey)

    unfought = _UNJUDGED if any(e.submission.id == holder and isinstance(e.result, str) for e in entrants) else _VACANT
    rows = [_standing(setting, incumbent, reign, one, bouts, unfought) for one in sorted(entrants, key=order)]
    return tuple(replace(row, place=place) for place, row in enumerate(rows, start=1))


def _behind(setting: Setting, incumbent: Reign | None, entrant: Entrant, met: Met | None) -> tuple[int, float]:
    """Which group an entrant stands in, and how far behind in it."""
    match entrant.result:
        case Outraced() as race:
            return 1, -race.improvement
        case tuple():
            if incumbent is None:
                return 0, _score(setting, entrant)
            if met is not None:
                return 0, -met.improvement
            return 0, 0.0 if entrant.submission.id == incumbent.submission_id else math.inf
    return 2, 0.0


def _score(setting: Setting, entrant: Entrant) -> float:
    return score(setting.competition, entrant.result) if isinstance(entrant.result, tuple) else math.inf


def _standing(
    setting: Setting, incumbent: Reign | None, reign: Reign | None, entrant: Entrant, bouts: Bouts, unfought: str
) -> Standing:
    id_, met = entrant.submission.id, bouts.get(entrant.submission.id)
    match entrant.result:
        case Claim() as claim:
            why = f"copy: {claim.hotkey} committed this model first, in block {claim.block}"
            return Standing(id_, 0, "copy", None, None, None, why)
        case Disguise() as found:
            return Standing(id_, 0, "copy", None, None, None, found.why)
        case Rejection(reason, detail):
            return Standing(id_, 0, "rejected", None, None, None, f"{reason}: {detail}")
        case str() as cause:
            return Standing(id_, 0, "abandoned", None, None, None, f"not judged, by our fault: {cause}")
        case Outraced() as race:
            bar = needed(setting, incumbent) if incumbent else None
            evidence = met.evidence if met else None
            return Standing(id_, 0, "challenger", None, race.improvement, bar, _outraced(race, bar), evidence)
    role: Role = "king" if reign and reign.confirmed and reign.submission_id == id_ else "challenger"
    loss = _score(setting, entrant)
    if met is None:
        return Standing(id_, 0, role, loss, None, None, _without_fight(incumbent, reign, id_, unfought))
    why = _of_fight(setting, met, crowned=reign is not None and reign.submission_id == id_)
    return Standing(id_, 0, role, loss, met.improvement, met.needed, why, met.evidence)


def _outraced(race: Outraced, bar: float | None) -> str:
    samples = sum(len(task.values) for task in race.tasks)
    wanted = f"; {bar:.2%} is needed" if bar is not None else ""
    return (
        f"stopped after {samples} samples: {race.improvement:+.2%} on the incumbent so far, and at most "
        f"{race.at_best:+.2%} after all of them{wanted}"
    )


def _without_fight(incumbent: Reign | None, reign: Reign | None, id_: int, unfought: str) -> str:
    """Why somebody stands where they do who fought nobody; `unfought` is what to say to those who hold nothing."""
    holds = reign is not None and reign.submission_id == id_
    if incumbent is not None:
        fell = "dethroned" if id_ == incumbent.submission_id else "not comparable with the incumbent"
        return "no challenger has won a title fight" if holds else fell
    if reign is None or not holds:
        return unfought
    if not reign.confirmed:
        return "best score of a vacant throne; a second round must confirm it"
    return "best score twice running; the vacant throne is its"


def _of_fight(setting: Setting, met: Met, *, crowned: bool) -> str:
    """What a title fight came to, and what it would have taken."""
    found = met.evidence
    gained = f"improved {met.improvement:.2%} on the incumbent over {_rounds(found.rounds)}, {met.needed:.2%} needed"
    match found.state:
        case "passed":
            proof = f"p {found.p:.2g}"
            return (
                f"crowned: {gained}, {proof}"
                if crowned
                else f"{gained}, {proof}; another gained more, or as much earlier"
            )
        case "open":
            return f"{gained}; not proven yet ({_doubt(setting, met)})"
        case "close":
            return f"{gained}; within the noise, a second chance follows{_opening(met)}"
    if met.improvement < 0:
        return f"{-met.improvement:.2%} worse than the incumbent over {_rounds(found.rounds)}"
    doubt = "" if met.improvement < met.needed else f"; not proven ({_doubt(setting, met)})"
    return f"{gained}{doubt}{_opening(met)}"


def _doubt(setting: Setting, met: Met) -> str:
    title, found = setting.competition.title, met.evidence
    if found.rounds < title.fewest_rounds:
        return f"{_rounds(title.fewest_rounds)} are needed"
    if left := met.without:
        without = f"without the samples of {', '.join(left.makers)}"
        if left.improvement is None or left.p is None:
            return f"{without} too few are left to compare"
        return f"{without} it is {left.improvement:+.2%} with p {left.p:.2g}"
    return f"p {found.p:.2g}, at most {title.significance:g} needed; {found.enough:.2%} would be"


def _opening(met: Met) -> str:
    wins_at = met.evidence.wins_at
    return f"; epsilon falls to it in block {wins_at}" if wins_at is not None and met.improvement < met.needed else ""


def _rounds(number: int) -> str:
    return f"{number} round{'s' * (number != 1)}"
