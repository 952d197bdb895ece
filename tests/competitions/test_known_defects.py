"""What broke in the field before, at the very numbers at which it was reproduced, and what attackers try; not here."""

import random
from dataclasses import replace

import pytest

from chain.types import Block, Hotkey
from competitions.entrant import Entrant, Setting
from competitions.entrants import Judged, Throne, Waiting, entering
from competitions.ranking import decide
from competitions.records import FightState, Reign
from competitions.spec import Competition, EntrantsSpec, Table
from competitions.title_fight import Bout, Fight, fight
from competitions.weights import Settled, pay
from models.rejections import Reason, Rejection
from tests.competitions.builders import around, bout, scored, submit

CHAMPION = Reign(1, Hotkey("hot1"), 0, Block(100), Block(10), 0.01, confirmed=True)


@pytest.fixture
def setting(chat: Competition) -> Setting:
    return Setting(chat, 3, Block(250), b"seed")


def judged(id_: int, loss: float, commit: int) -> Entrant:
    """Of mean loss `loss` in this round and in the one before it, beside the champion's 1.00."""
    before = bout(2, around(1.0, 1), around(loss, id_))
    return Entrant(submit(id_, commit), Block(commit), scored(*around(loss, id_)), (before,), ("open",))


@pytest.mark.parametrize("clones", [0, 1, 2, 20])
def test_clones_of_the_champion_cost_a_better_model_nothing(setting: Setting, table: Table, clones: int) -> None:
    """Champion 1.00, challenger 0.98. By win rates, one clone that came before the challenger splits the pay in three,
    and two keep all of it with the champion."""
    champion, challenger = judged(1, 1.0, 10), judged(2, 0.98, 90)
    copies = [replace(judged(10 + n, 1.0, 20 + n), result=champion.result) for n in range(clones)]
    reign = decide(setting, CHAMPION, [champion, *copies, challenger]).reign
    assert (reign and reign.hotkey) == "hot2"
    settled = {"chat": Settled(4, reign, CHAMPION.hotkey)}
    assert pay(table, Block(0), settled).hotkeys == {"hot2": 0.7}


def test_where_every_score_fails_nobody_is_paid_who_was_not_before(setting: Setting, table: Table) -> None:
    """By scores of infinity, every hotkey gets the same weight."""
    failures = [
        Rejection(Reason.NOT_FINITE, "loss is NaN"),
        "the data set could not be read",
        Rejection(Reason.WEIGHTS, "lm_head.weight is missing"),
    ]
    field = [replace(judged(n, 1.0, 10 * n), result=failures[n % 3]) for n in range(1, 10)]
    assert decide(setting, CHAMPION, field).reign == CHAMPION
    assert decide(setting, None, field).reign is None
    for reign, weights in ((CHAMPION, {"hot1": 0.7}), (None, {})):
        assert pay(table, Block(0), {"chat": Settled(3, reign, None)}).hotkeys == weights


def test_a_better_model_that_a_noisy_sample_made_lose_once_is_judged_again_and_wins(setting: Setting) -> None:
    """By a rule that judges a model once, 3 % better stays 3 % better and unpaid."""
    noise, rules = 0.04, EntrantsSpec()
    losses = {3: 0.995, 4: 0.965, 5: 0.97}
    reign: Reign | None = CHAMPION
    past: tuple[Judged, ...] = ()
    bouts: tuple[Bout, ...] = ()
    seen: list[FightState] = []
    for number, loss in losses.items():
        throne = Throne(CHAMPION, 0.01, 0)
        assert [s.id for s in entering([Waiting(submit(2, 20), past)], throne, rules, b"seed")] == [2]
        king, challenger = around(1.0, number, 64, noise), around(loss, 100 + number, 64, noise)
        field = [
            Entrant(submit(1, 10), Block(10), scored(*king)),
            Entrant(submit(2, 20), Block(20), scored(*challenger), bouts, tuple(seen)),
        ]
        outcome = decide(replace(setting, number=number), CHAMPION, field)
        its = next(s for s in outcome.standings if s.submission_id == 2)
        assert its.evidence is not None
        past = (Judged(number, its.score, its.improvement, its.needed, its.evidence), *past)
        bouts = (bout(number, king, challenger), *bouts)
        seen.insert(0, its.evidence.state)
        reign = outcome.reign
        if reign != CHAMPION:
            break
    assert seen[-1] == "close"
    assert (seen[0], reign and reign.hotkey) == ("passed", "hot2")


def test_a_senior_that_is_just_good_enough_does_not_block_a_much_better_one(setting: Setting) -> None:
    blocker, better = judged(2, 0.985, 20), judged(3, 0.96, 90)
    reign = decide(setting, CHAMPION, [judged(1, 1.0, 10), blocker, better]).reign
    assert (reign and reign.hotkey) == "hot3"


@pytest.mark.parametrize(("removed", "crowned"), [(0, 40), (1, 0)])
def test_one_colluding_producer_in_eight_crowns_no_equal_model(setting: Setting, removed: int, crowned: int) -> None:
    """An equal model that knows an eighth of the samples, in 40 title fights of three rounds of 256 samples."""
    rules = replace(setting.competition, title=replace(setting.competition.title, producers_removed=removed))
    makers = tuple(f"cold{n % 8}" for n in range(256))
    won = 0
    for seed in range(40):
        rng = random.Random(seed)
        rounds = []
        for number in (1, 2, 3):
            king = [rng.lognormvariate(0, 0.2) for _ in makers]
            known = [0.7 if maker == "cold3" else 1 + rng.gauss(0, 0.03) for maker in makers]
            rounds.append(bout(number, king, [v * part for v, part in zip(king, known, strict=True)], makers))
        found = fight(rules, rounds, 0.01)
        won += isinstance(found, Fight) and found.passes
    assert won == crowned


def test_hotkeys_full_of_junk_delay_nobody_by_more_than_their_coldkeys_places(setting: Setting) -> None:
    """A hundred hotkeys of one coldkey, all committed before the better model; it is judged in its first round."""
    junk = [Waiting(submit(n, n, coldkey="cold666"), ()) for n in range(100, 200)]
    chosen = entering([*junk, Waiting(submit(2, 900), ())], Throne(CHAMPION, 0.01, 0), EntrantsSpec(), b"seed")
    assert submit(2, 900) in chosen
    field = [judged(one.submission.id, 1.05, one.submission.commit_block) for one in junk]
    without = decide(setting, CHAMPION, [judged(1, 1.0, 10), judged(2, 0.98, 900)]).reign
    assert decide(setting, CHAMPION, [judged(1, 1.0, 10), *field, judged(2, 0.98, 900)]).reign == without
    assert (without and without.hotkey) == "hot2"
