"""A simulated contest: one field at one noise level, several validators that play by one set of rules side by side."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from backtest.field import Field, Level
from backtest.noise import SHARED, Judgings
from backtest.population import Model, Population
from backtest.rules.port import Judge, Occasion, Turn
from backtest.rules.registry import RULES
from chain.clock import seed_block
from competitions.entrant import Result, Setting
from competitions.records import Reign, Submission, TaskScore
from competitions.spec import Competition
from evaluation.executor import Race
from evaluation.racing import counted, in_turn, look
from evaluation.verdicts import Outraced, TaskValues

Bundles = Literal["shared", "independent"]
"""Whether validators judge on the same samples, or each on its own."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a simulation depends on."""

    field: Field
    level: Level
    competition: Competition
    rule: str
    bundles: Bundles
    rounds: int
    seed: int


@dataclass(frozen=True, slots=True)
class Story:
    """What came of it: every validator's turn in each round, and the models as they truly are."""

    scene: Scene
    turns: tuple[tuple[Turn, ...], ...]
    """By round, then by validator."""
    models: dict[int, Model]


def simulate(scene: Scene, tick: Callable[[], None] = lambda: None) -> Story:
    """Play a scene. Two runs of one scene are the same."""
    scene = replace(scene, competition=_at_level(scene.competition, scene.level))
    population = Population(scene.field, scene.competition, scene.seed)
    judgings = Judgings(scene.field, scene.competition, population, scene.level.rho, scene.seed)
    validators = [RULES[scene.rule]() for _ in range(scene.field.validators)]
    kings: Sequence[Reign | None] = [_first_reign(population.models[1])] * len(validators)
    turns = []
    for number in range(1, scene.rounds + 1):
        population.turn(number, population.models[_named_most(kings)])
        occasions = [_occasion(scene, number, at, population, judgings, kings) for at in range(len(validators))]
        played = tuple(one.play(occasion) for one, occasion in zip(validators, occasions, strict=True))
        kings = [turn.reign for turn in played]
        turns.append(played)
        tick()
    return Story(scene, tuple(turns), population.models)


def _at_level(competition: Competition, level: Level) -> Competition:
    """A competition with what its table would say for that much noise."""
    title = replace(
        competition.title,
        pooled_rounds=level.pooled_rounds,
        fewest_rounds=level.fewest_rounds,
        significance_without=level.significance_without,
    )
    return replace(competition, title=title)


def _first_reign(model: Model) -> Reign:
    its = model.submission
    return Reign(its.id, its.hotkey, 0, its.commit_block, its.commit_block, 0.0, confirmed=True)


def _named_most(kings: Sequence[Reign | None]) -> int:
    """Whom most validators name; of equals the newest."""
    votes = Counter(king.submission_id for king in kings if king)
    return max(votes, key=lambda id_: (votes[id_], id_))


def _noted(kings: Sequence[Reign | None]) -> Reign | None:
    """Whom more than half of the validators name, all stakes being equal."""
    votes = Counter(king.submission_id for king in kings if king)
    return next((king for king in kings if king and 2 * votes[king.submission_id] > len(kings)), None)


def _occasion(
    scene: Scene, number: int, at: int, population: Population, judgings: Judgings, kings: Sequence[Reign | None]
) -> Occasion:
    competition = scene.competition
    block = seed_block(number, competition.first_block, competition.round_blocks)
    seed = hashlib.sha256(f"{scene.seed} {number}".encode()).digest()
    setting = Setting(competition, number, block, seed, judgings.makers())
    draw = SHARED if scene.bundles == "shared" else 1 + at
    claims = {id_: claim for id_ in population.live if (claim := population.models[id_].claim)}
    blocks = {id_: claim.block for id_, claim in claims.items()}
    judge = _judge(scene, setting, lambda one: judgings.scores(number, draw, at, population.models[one.id]))
    return Occasion(setting, population.live, claims, blocks, _noted(kings), judge)


def _judge(scene: Scene, setting: Setting, scores: Callable[[Submission], tuple[TaskScore, ...]]) -> Judge:
    """Judges from drawn values; a race is looked at after each rung, as a worker does."""
    tasks = setting.competition.tasks
    orders = [in_turn(setting.makers[task.name]) for task in tasks]
    rungs = counted(tuple(task.samples for task in tasks))

    def judge(submission: Submission, race: Race | None) -> Result:
        found = scores(submission)
        for rung, counts in enumerate(rungs if race and scene.field.racing else (), start=1):
            some = [order[:count] for order, count in zip(orders, counts, strict=True)]
            known = [{at: one.values[at] for at in places} for one, places in zip(found, some, strict=True)]
            if race and (stop := look(tasks, race, known, rung, len(rungs))):
                values = tuple(TaskValues(t.name, (), tuple(its.values())) for t, its in zip(tasks, known, strict=True))
                return Outraced(values, 0.0, 0, 0, "", stop.rung, stop.improvement, stop.at_best)
        return found

    return judge
