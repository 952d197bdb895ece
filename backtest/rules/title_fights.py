"""A validator that plays by Crucible's own rules: the same functions that the rounds of a live validator call."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backtest.rules.port import Occasion, Turn
from competitions.bouts import bout
from competitions.entrant import Entrant, Result, Setting, needed
from competitions.entrants import Judged, Throne, Waiting, entering, line_since
from competitions.ranking import decide
from competitions.records import FightState, Reign, RoundOutcome, Submission
from competitions.title_fight import Bout
from evaluation.executor import Race
from evaluation.verdicts import Outraced

_Pair = tuple[int, int]
"""Incumbent and challenger, by submission."""


@dataclass(slots=True)
class TitleFights:
    """Remembers who reigned, what rounds found of whom, and the bouts of every pair."""

    reign: Reign | None = None
    reigns: dict[int, Reign | None] = field(default_factory=dict)
    past: dict[int, tuple[Judged, ...]] = field(default_factory=dict)
    """What rounds found of a submission, the newest first."""
    bouts: dict[_Pair, tuple[Bout, ...]] = field(default_factory=dict)
    states: dict[_Pair, tuple[FightState, ...]] = field(default_factory=dict)

    def play(self, occasion: Occasion) -> Turn:
        """Who may enter enters, the incumbent is judged first, the others race it, and the title fights decide."""
        setting, before = occasion.setting, occasion.noted or self.reign
        results = self._judged(occasion, before)
        entrants = [self._entrant(occasion, before, id_, result) for id_, result in results.items()]
        outcome = decide(setting, before, entrants)
        self._remember(setting, before, results, outcome)
        return Turn(before, outcome.reign, paid(setting, before, outcome.reign), _cost(setting, results))

    def _judged(self, occasion: Occasion, before: Reign | None) -> dict[int, Result]:
        king = occasion.live.get(before.submission_id) if before else None
        found: dict[int, Result] = {king.id: occasion.judge(king, None)} if king else {}
        race = _race(occasion.setting, before, found.get(king.id)) if king else None
        for submission in self._entering(occasion, before):
            found[submission.id] = occasion.judge(submission, race)
        return found

    def _entering(self, occasion: Occasion, before: Reign | None) -> tuple[Submission, ...]:
        holder = before.submission_id if before else None
        waiting = [
            Waiting(one, self.past.get(id_, ()))
            for id_, one in occasion.live.items()
            if id_ != holder and id_ not in occasion.claims
        ]
        setting = occasion.setting
        bar = needed(setting, before) if before and before.confirmed else None
        throne = Throne(before, bar, line_since(self.reigns))
        return entering(waiting, throne, setting.competition.entrants, setting.seed)

    def _entrant(self, occasion: Occasion, before: Reign | None, id_: int, result: Result) -> Entrant:
        submission = occasion.live[id_]
        pair = (before.submission_id if before else 0, id_)
        block = occasion.digest_blocks.get(id_, submission.commit_block)
        return Entrant(submission, block, result, self.bouts.get(pair, ()), self.states.get(pair, ()))

    def _remember(
        self, setting: Setting, before: Reign | None, results: Mapping[int, Result], outcome: RoundOutcome
    ) -> None:
        self.reign = self.reigns[setting.number] = outcome.reign
        king = results.get(before.submission_id) if before else None
        for row in outcome.standings:
            if row.role == "abandoned":  # our fault is no judging: it waits as it did before
                continue
            one = Judged(setting.number, row.score, row.improvement, row.needed, row.evidence)
            self.past[row.submission_id] = (one, *self.past.get(row.submission_id, ()))
            if before is None or row.evidence is None or not isinstance(king, tuple):
                continue
            pair, result = (before.submission_id, row.submission_id), results[row.submission_id]
            self.states[pair] = (row.evidence.state, *self.states.get(pair, ()))
            if isinstance(result, tuple) and (now := bout(setting, setting.number, king, result)):
                latest = (now, *self.bouts.get(pair, ()))
                self.bouts[pair] = latest[: setting.competition.title.pooled_rounds]


def paid(setting: Setting, before: Reign | None, reign: Reign | None) -> dict[int, float]:
    """Shares of a round's pay: half to the old and half to the new king in a reign's first round."""
    if reign is None or not reign.confirmed:
        return {}
    if before and before.confirmed and reign.since_round == setting.number and before.hotkey != reign.hotkey:
        return {before.submission_id: 0.5, reign.submission_id: 0.5}
    return {reign.submission_id: 1.0}


def _race(setting: Setting, before: Reign | None, king: Result | None) -> Race | None:
    if before is None or not before.confirmed or not isinstance(king, tuple):
        return None
    return Race(tuple(task.values for task in king), needed(setting, before))


def _cost(setting: Setting, results: Mapping[int, Result]) -> float:
    """Models judged, each counted by the part of the samples that it took."""
    total = sum(task.samples for task in setting.competition.tasks)
    return sum(_samples(result) for result in results.values()) / total


def _samples(result: Result) -> int:
    match result:
        case Outraced(tasks=tasks):
            return sum(len(task.values) for task in tasks)
        case tuple() as scores:
            return sum(len(task.values) for task in scores)
    return 0
