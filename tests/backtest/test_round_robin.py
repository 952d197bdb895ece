"""The predecessor's rule fails where it is known to fail, and the title fight on the same values does not."""

import math
from collections.abc import Mapping

import pytest

from backtest.rules.port import Occasion, Turn
from backtest.rules.registry import COMPARISON, OURS, RULES
from backtest.rules.round_robin import Contender, weights
from chain.types import Block
from competitions.entrant import Result, Setting
from competitions.records import Reign
from competitions.spec import EpsilonSpec
from competitions.table import parse
from models.rejections import Reason, Rejection
from tests.competitions.builders import TABLE, scored, submit

CHAT = parse(TABLE).competitions[0]
NOW = Block(2_000)
CHAMPION, CHALLENGER = Contender(1, Block(10), 1.00), Contender(9, Block(1_910), 0.98)
CLONES = (Contender(2, Block(1_900), 1.00), Contender(3, Block(1_900), 1.00))


def rates(*contenders: Contender, spec: EpsilonSpec = CHAT.epsilon) -> dict[int, float]:
    return weights(spec, contenders, NOW)


def test_a_challenger_that_is_better_by_more_than_epsilon_takes_everything() -> None:
    assert rates(CHAMPION, CHALLENGER) == {9: 1.0}


def test_one_clone_of_the_champion_splits_the_pay_three_ways() -> None:
    assert rates(CHAMPION, CLONES[0], CHALLENGER) == {1: 1 / 3, 2: 1 / 3, 9: 1 / 3}


def test_two_clones_of_the_champion_keep_everything_for_it() -> None:
    assert rates(CHAMPION, *CLONES, CHALLENGER) == {1: 1.0}


def test_where_every_score_is_infinite_everybody_is_paid_alike() -> None:
    failed = [Contender(n, Block(n), math.inf) for n in (1, 2, 3, 4)]
    assert rates(*failed) == {1: 0.25, 2: 0.25, 3: 0.25, 4: 0.25}


def played(rule: str, results: Mapping[int, Result], commits: Mapping[int, int], rounds: int = 2) -> Turn:
    """The last of so many rounds with the same results, submission 1 being the champion of old."""
    validator = RULES[rule]()
    live = {id_: submit(id_, commit) for id_, commit in commits.items()}
    reign = Reign(1, live[1].hotkey, 0, Block(100), live[1].commit_block, 0.01, confirmed=True)
    for number in range(38, 38 + rounds):
        setting = Setting(CHAT, number, Block(100 + 50 * number), bytes([number]) * 32)
        turn = validator.play(Occasion(setting, live, {}, {}, reign, lambda one, _: results[one.id]))
        reign = turn.reign or reign
    return turn


@pytest.mark.parametrize(("rule", "king"), [(OURS, 9), (COMPARISON, 1)])
def test_clones_shield_the_champion_from_the_round_robin_and_not_from_a_title_fight(rule: str, king: int) -> None:
    champion = [1.0 + 0.001 * (n % 7) for n in range(64)]
    results = dict.fromkeys((1, 2, 3), scored(*champion)) | {9: scored(*(0.98 * value for value in champion))}
    turn = played(rule, results, {1: 10, 2: 1_900, 3: 1_900, 9: 1_910})
    assert turn.reign is not None
    assert turn.reign.submission_id == king


def test_where_nobody_can_be_judged_a_title_fight_leaves_the_pay_as_it_was() -> None:
    refused: dict[int, Result] = dict.fromkeys((1, 2, 3), Rejection(Reason.WEIGHTS, "not a number"))
    commits = {1: 10, 2: 1_900, 3: 1_905}
    assert played(OURS, refused, commits, rounds=1).paid == {1: 1.0}
    assert played(COMPARISON, refused, commits, rounds=1).paid == {1: 1 / 3, 2: 1 / 3, 3: 1 / 3}
