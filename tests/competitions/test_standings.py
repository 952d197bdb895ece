"""Standings: every entrant in its place with whole values, and why in words that name what would have been enough."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chain.types import Block, Coldkey, Hotkey
from competitions.bouts import Met
from competitions.entrant import Entrant, Result, Setting
from competitions.ownership import Claim
from competitions.ranking import decide
from competitions.records import Evidence, FightState, Reign, Standing
from competitions.spec import Competition
from competitions.standings import standings
from competitions.title_fight import Without
from evaluation.verdicts import Outraced, TaskValues
from models.rejections import Reason, Rejection
from tests.competitions.builders import around, bout, scored, submit

KING = Reign(1, Hotkey("hot1"), 0, Block(100), Block(10), 0.03, confirmed=True)


@pytest.fixture
def setting(chat: Competition) -> Setting:
    return Setting(chat, 3, Block(250), b"seed")


def entrant(id_: int, result: Result) -> Entrant:
    return Entrant(submit(id_, 10 * id_), Block(10 * id_), result)


def stopped(improvement: float) -> Outraced:
    return Outraced((TaskValues("reference_loss", ("a", "b"), (1.0, 1.1)),), 1.0, 9, 9, "env", 1, improvement, 0.004)


def places(found: Sequence[Standing]) -> list[int]:
    assert [one.place for one in found] == list(range(1, len(found) + 1))
    return [one.submission_id for one in found]


def test_places_go_by_what_was_judged_then_by_improvement_then_by_seniority(setting: Setting) -> None:
    field = [
        entrant(9, Rejection(Reason.CONFIG, "is_causal")),
        entrant(8, "late"),
        entrant(7, stopped(-0.01)),
        entrant(6, stopped(0.01)),
        entrant(5, scored(1.0, 1.0)),  # not of the incumbent's samples
        entrant(4, scored(*around(1.2, 4))),
        entrant(3, scored(*around(0.9, 3))),
        entrant(2, scored(*around(1.1, 2))),
        entrant(1, scored(*around(1.0, 1))),
    ]
    assert places(decide(setting, KING, field).standings) == [1, 3, 2, 4, 5, 6, 7, 8, 9]
    assert places(decide(setting, None, field).standings) == [3, 1, 5, 2, 4, 6, 7, 8, 9]


def test_a_dethroned_king_stands_where_no_improvement_stands(setting: Setting) -> None:
    def met(id_: int, loss: float) -> Entrant:
        before = bout(2, around(1.0, 1), around(loss, id_))
        return replace(entrant(id_, scored(*around(loss, id_))), earlier=(before,))

    outcome = decide(setting, KING, [met(1, 1.0), met(2, 1.1), met(3, 0.99), met(4, 0.9)])
    assert places(outcome.standings) == [4, 3, 1, 2]
    assert outcome.standings[2] == Standing(1, 3, "challenger", pytest.approx(1.0), None, None, "dethroned")  # type: ignore[arg-type]


# -------------------------------------------------------------------------------------------------- whole values


def test_a_standing_says_all_that_its_fight_came_to(setting: Setting) -> None:
    evidence = Evidence("open", 1, 16, 0.02, 0.9, 0.035, 0.04, wins_at=Block(250))
    field = [entrant(2, scored(0.75, 0.75)), entrant(1, scored(1.0, 1.0))]
    assert standings(setting, KING, KING, field, {2: Met(0.04, 0.0232, evidence)}) == (
        Standing(1, 1, "king", 1.0, None, None, "no challenger has won a title fight"),
        Standing(
            2, 2, "challenger", 0.75, 0.04, 0.0232,
            "improved 4.00% on the incumbent over 1 round, 2.32% needed; not proven yet (2 rounds are needed)",
            evidence,
        ),
    )  # fmt: skip


def fight_of(state: FightState, improvement: float, rounds: int = 2, without: Without | None = None) -> Met:
    wins_at = Block(777) if improvement < 0.0232 else Block(250)
    evidence = Evidence(state, rounds, 16 * rounds, 0.02, 0.9, 0.035, improvement, None if improvement < 0 else wins_at)
    return Met(improvement, 0.0232, evidence, without)


GAINED = "improved 4.00% on the incumbent over 2 rounds, 2.32% needed"
SHORT = "improved 1.50% on the incumbent over 2 rounds, 2.32% needed"


@pytest.mark.parametrize(
    ("met", "why"),
    [
        (fight_of("passed", 0.04), f"{GAINED}, p 0.02; another gained more, or as much earlier"),
        (fight_of("open", 0.04), f"{GAINED}; not proven yet (p 0.02, at most 0.001 needed; 3.50% would be)"),
        (
            fight_of("open", 0.04, without=Without(("a", "b"), 0.001, 0.3)),
            f"{GAINED}; not proven yet (without the samples of a, b it is +0.10% with p 0.3)",
        ),
        (
            fight_of("lost", 0.04, without=Without(("a",), None, None)),
            f"{GAINED}; not proven (without the samples of a too few are left to compare)",
        ),
        (fight_of("lost", 0.04), f"{GAINED}; not proven (p 0.02, at most 0.001 needed; 3.50% would be)"),
        (
            fight_of("close", 0.015),
            f"{SHORT}; within the noise, a second chance follows; epsilon falls to it in block 777",
        ),
        (fight_of("close", 0.04), f"{GAINED}; within the noise, a second chance follows"),
        (fight_of("lost", 0.015), f"{SHORT}; epsilon falls to it in block 777"),
        (fight_of("lost", -0.03, rounds=1), "3.00% worse than the incumbent over 1 round"),
    ],
    ids=[
        "outdone", "unproven", "favoured", "made-by-one", "never-proven", "close", "close-ahead", "short", "worse",
    ],
)  # fmt: skip
def test_a_fight_is_told_with_what_it_would_have_taken(setting: Setting, met: Met, why: str) -> None:
    field = [entrant(1, scored(1.0, 1.0)), entrant(2, scored(1.0, 1.0))]
    assert standings(setting, KING, KING, field, {2: met})[1].why == why


def test_whoever_is_crowned_is_king_and_told_by_what(setting: Setting) -> None:
    crowned = replace(KING, submission_id=2)
    field = [entrant(1, scored(1.0, 1.0)), entrant(2, scored(1.0, 1.0))]
    first = standings(setting, KING, crowned, field, {2: fight_of("passed", 0.04)})[0]
    assert (first.submission_id, first.role, first.why) == (2, "king", f"crowned: {GAINED}, p 0.02")


# ------------------------------------------------------------------------------------------------ without a fight

ON_TRIAL = "best score of a vacant throne; a second round must confirm it"
CONFIRMED = "best score twice running; the vacant throne is its"
VACANT = "the throne is vacant and another scored better"
UNJUDGED = "nothing changes: the incumbent could not be judged, by our fault"


@pytest.mark.parametrize("trial", [None, replace(KING, submission_id=2, confirmed=False)], ids=["vacant", "on-trial"])
def test_of_a_vacant_throne_the_best_is_told_how_far_it_is(setting: Setting, trial: Reign | None) -> None:
    outcome = decide(setting, trial, [entrant(1, scored(1.0, 1.0)), entrant(2, scored(0.5, 0.5))])
    role, why = ("challenger", ON_TRIAL) if trial is None else ("king", CONFIRMED)
    assert [(s.submission_id, s.role, s.why) for s in outcome.standings] == [
        (2, role, why),
        (1, "challenger", VACANT),
    ]


@pytest.mark.parametrize("confirmed", [True, False])
def test_where_the_incumbent_could_not_be_judged_nobody_is_told_of_a_vacant_throne(
    setting: Setting, confirmed: bool
) -> None:
    incumbent = replace(KING, confirmed=confirmed)
    outcome = decide(setting, incumbent, [entrant(1, "late"), entrant(2, scored(0.5, 0.5))])
    assert (outcome.reign, outcome.standings) == (
        incumbent,
        (
            Standing(1, 1, "abandoned", None, None, None, "not judged, by our fault: late"),
            Standing(2, 2, "challenger", 0.5, None, None, UNJUDGED),
        ),
    )


def test_who_has_no_score_is_told_why_and_who_was_outraced_by_how_much(setting: Setting) -> None:
    field = [
        entrant(1, scored(*around(1.0, 1))),
        entrant(2, stopped(-0.03)),
        entrant(3, scored(1.0, 1.0)),
        entrant(4, Claim(Coldkey("cold1"), Hotkey("hot1"), Block(10))),
        entrant(5, Rejection(Reason.CONFIG, "is_causal is not allowed")),
        entrant(6, "the device ran out of memory"),
    ]
    told = {s.submission_id: (s.role, s.score, s.improvement, s.why) for s in decide(setting, KING, field).standings}
    assert told == {
        1: ("king", pytest.approx(1.0), None, "no challenger has won a title fight"),
        2: (
            "challenger", None, -0.03,
            "stopped after 2 samples: -3.00% on the incumbent so far, and at most +0.40% after all of them; "
            "2.52% is needed",
        ),
        3: ("challenger", 1.0, None, "not comparable with the incumbent"),
        4: ("copy", None, None, "copy: hot1 committed this model first, in block 10"),
        5: ("rejected", None, None, "config: is_causal is not allowed"),
        6: ("abandoned", None, None, "not judged, by our fault: the device ran out of memory"),
    }  # fmt: skip
