"""A round's title fights: what a challenger's judging comes to beside the incumbent, and how its fight then stands."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.types import Block, Hotkey
from competitions.bouts import Met, bout, meet, state
from competitions.entrant import Entrant, Setting
from competitions.records import Evidence, FightState, Reign, TaskScore
from competitions.spec import Competition, TitleSpec
from competitions.title_fight import NOBODY, Bout, Fight, Pairing
from evaluation.verdicts import Outraced, TaskValues
from models.rejections import Reason, Rejection
from tests.competitions.builders import around, scored, submit
from tests.competitions.builders import bout as told

KING = Reign(1, Hotkey("hot1"), 0, Block(100), Block(10), 0.04, confirmed=True)
"""Age 240 at the setting's seed block: epsilon is 0.01 + 0.03 * 0.76."""

states = st.sampled_from(["passed", "open", "close", "lost", "outraced"])


@pytest.fixture
def setting(chat: Competition) -> Setting:
    return Setting(chat, 3, Block(250), b"seed")


def challenger(loss: float, *earlier: Bout) -> Entrant:
    return Entrant(submit(2, 20), Block(20), scored(*around(loss, 2)), earlier, ("open",) * len(earlier))


king = Entrant(submit(1), Block(10), scored(*around(1.0, 1)))


def found(improvement: float, *, passes: bool = False, noise: bool = True, needed: float = 0.01) -> Fight:
    return Fight(1, 64, improvement, needed, 0.01, 0.5, 0.02, None, passes, noise)


# ------------------------------------------------------------------------------------------- beside the incumbent


def test_a_challenger_is_met_with_all_its_rounds_and_told_when_epsilon_falls_to_it(setting: Setting) -> None:
    met = meet(setting, KING, [challenger(0.98, told(2, around(1.0, 3), around(0.98, 4))), king])
    assert met == {
        2: Met(
            pytest.approx(0.02),  # type: ignore[arg-type]
            pytest.approx(0.0328),  # type: ignore[arg-type]
            Evidence(
                "lost", 2, 32, met[2].evidence.p, met[2].evidence.rho, met[2].evidence.enough, met[2].improvement,
                wins_at=Block(10 + 667),
            ),
        )
    }  # fmt: skip


def test_of_a_race_that_ended_early_its_bound_is_the_hope(setting: Setting) -> None:
    values = TaskValues("reference_loss", ("a", "b"), (1.0, 1.1))
    stopped = replace(challenger(0.9), result=Outraced((values,), 1.0, 9, 9, "env", 1, -0.02, 0.025))
    assert meet(setting, KING, [king, stopped]) == {
        2: Met(
            -0.02,
            pytest.approx(0.0328),  # type: ignore[arg-type]
            Evidence("outraced", 0, 2, None, None, None, 0.025, wins_at=Block(10 + 500), rung=1),
        )
    }


def test_who_was_not_judged_or_cannot_be_compared_is_not_met(setting: Setting) -> None:
    results = [
        Rejection(Reason.CONFIG, "is_causal"),
        "the device ran out of memory",
        scored(1.0, 1.0),
        (TaskScore("text_loss", around(1.0, 1)),),
    ]
    assert [meet(setting, KING, [king, replace(challenger(1.0), result=its)]) for its in results] == [{}] * 4
    assert meet(setting, KING, [replace(king, result="late"), challenger(0.5)]) == {}


def test_a_bout_holds_the_tables_tasks_with_the_makers_of_their_samples(setting: Setting) -> None:
    made = replace(setting, makers={"reference_loss": ("a", "b")})
    ours, theirs = scored(1.0, 2.0), scored(0.5, 1.5)
    pairing = Pairing((1.0, 2.0), (0.5, 1.5), ("a", "b"))
    assert bout(made, 7, ours, theirs) == Bout(7, (pairing,))
    assert bout(setting, 7, ours, theirs) == Bout(7, (replace(pairing, makers=(NOBODY, NOBODY)),))
    assert bout(setting, 7, scored(), ()) is None  # no values of a task are not the task's values
    with pytest.raises(ValueError, match=r"reference_loss has 3 samples in round 7 and 2 makers of them"):
        bout(made, 7, scored(1.0, 2.0, 3.0), scored(1.0, 2.0, 3.0))


# ------------------------------------------------------------------------------------------------ how a fight goes

AHEAD, CLOSE, FAR, WON = found(0.02), found(0.005), found(-0.1, noise=False), found(0.02, passes=True)


@pytest.mark.parametrize(
    ("rounds", "states"),
    [
        ([AHEAD, WON], ["open", "passed"]),
        ([AHEAD] * 7, ["open", "open", "close", "open", "open", "lost", "open"]),
        ([CLOSE, CLOSE], ["close", "lost"]),
        ([CLOSE, AHEAD, AHEAD, WON], ["close", "open", "open", "passed"]),
        ([CLOSE, AHEAD, AHEAD, AHEAD], ["close", "open", "open", "lost"]),
        ([AHEAD, CLOSE, AHEAD], ["open", "close", "open"]),
        ([FAR, AHEAD], ["lost", "open"]),
        ([WON, CLOSE, CLOSE], ["passed", "close", "lost"]),
    ],
)
def test_how_a_fight_goes_from_round_to_round(rounds: list[Fight], states: list[FightState]) -> None:
    assert _course(TitleSpec(), rounds) == states


def _course(title: TitleSpec, rounds: Sequence[Fight]) -> list[FightState]:
    past: list[FightState] = []
    for one in rounds:
        past.insert(0, state(title, one, past))
    return past[::-1]


@given(st.lists(st.sampled_from([AHEAD, CLOSE, FAR, found(0.02, noise=True)]), max_size=20), st.integers(1, 4))
def test_a_fight_grants_one_second_chance_and_goes_on_unproven_for_no_longer_than_it_pools(
    rounds: list[Fight], pooled: int
) -> None:
    course = _course(TitleSpec(pooled_rounds=pooled), rounds)
    assert course.count("close") <= 1
    assert all(set(course[at : at + pooled]) != {"open"} for at in range(len(course) - pooled + 1))
    assert all(one == "lost" for one, fight in zip(course, rounds, strict=True) if fight is FAR)


@given(st.lists(states, max_size=8), st.booleans())
def test_whoever_passes_has_passed_whatever_was_before(past: list[FightState], noise: bool) -> None:
    assert state(TitleSpec(), found(0.02, passes=True, noise=noise), past) == "passed"
