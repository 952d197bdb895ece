"""What earlier rounds leave for the next: bouts, the states of fights, who was refused, and the newest election."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from chain.types import Block, Coldkey
from competitions.entrant import Setting
from competitions.entrants import Judged
from competitions.records import Evidence, FightState, Flag, Reign, RoundOutcome, Standing
from competitions.spec import Competition
from competitions.table import parse
from competitions.title_fight import Bout, Pairing
from evaluation.verdicts import Abandoned, Outraced, TaskValues, Verdict
from ledger import fights, presence, rounds, verdicts
from ledger.board import board
from ledger.database import Ledger
from models.rejections import Reason, Rejection
from tests.competitions.builders import TABLE
from tests.ledger.builders import open_round, reign, scored, submission

KING, RIVAL, OTHER = 1, 2, 3
LOST = Outraced((TaskValues("reference_loss", ("a",), (3.0,)),), 1.0, 9, 9, "cpu", 1, -0.5, -0.1)


def evidence(state: FightState) -> Evidence:
    return Evidence(state, 2, 128, 0.0625, 0.5, 0.03, 0.015, Block(777), None)


def close(ledger: Ledger, number: int, states: Mapping[int, FightState], holder: Reign | None) -> None:
    """A round that ends with these challengers' fights as given."""
    rows = [
        Standing(id_, place, "challenger", 2.0, 0.015, 0.02, "so", evidence(state))
        for place, (id_, state) in enumerate(states.items(), start=2)
    ]
    rounds.close_round(ledger, open_round(ledger, number).id, RoundOutcome(tuple(rows), holder), Block(900))


@pytest.fixture
def contest(ledger: Ledger) -> Ledger:
    for uid in (KING, RIVAL, OTHER):
        submission(ledger, uid)
    return ledger


@pytest.fixture
def chat() -> Competition:
    return parse(TABLE).competitions[0]


def setting(chat: Competition, number: int, pooled: int = 3) -> Setting:
    title = replace(chat.title, pooled_rounds=pooled)
    return Setting(replace(chat, title=title), number, Block(100 + 50 * number), bytes(32))


def judge(ledger: Ledger, number: int, given: Mapping[int, Verdict], makers: tuple[str, ...] = ("m", "")) -> None:
    round_ = open_round(ledger, number)
    made = {"reference_loss": tuple(map(Coldkey, makers))}
    rounds.set_bundle(ledger, round_.id, f"root{number}", {}, 0, made)
    for id_, verdict in given.items():
        verdicts.record_verdict(ledger, round_.id, id_, verdict)


def test_a_standings_evidence_is_kept_whole(contest: Ledger) -> None:
    close(contest, 0, {RIVAL: "open"}, reign(KING))
    (row,) = rounds.standings(contest, 1)
    assert row.evidence == evidence("open")


def test_flagged_producers_are_shown_with_their_round(contest: Ledger) -> None:
    flags = (Flag("cold-b", -9.5), Flag("cold-a", 4.25))
    rounds.close_round(contest, open_round(contest).id, RoundOutcome((), None, flags), Block(900))
    (shown,) = board(contest).contests
    assert shown.rounds[0].flags == flags


def test_a_rivals_bouts_are_its_newest_full_rounds_beside_the_same_incumbent(
    contest: Ledger, chat: Competition
) -> None:
    full = {KING: scored(3.0, 4.0), RIVAL: scored(2.0, 3.5)}
    judge(contest, 4, full)  # the incumbent was crowned in it, and opened it not
    for number in (5, 6, 7):
        judge(contest, number, {KING: scored(3.0 + number, 4.0), RIVAL: scored(2.0, 3.5)})
        close(contest, number, {KING: "lost", RIVAL: "open"}, reign(KING, since=4))
    judge(contest, 8, {KING: scored(9.0, 9.0), RIVAL: LOST})  # no full round of the rival's
    close(contest, 8, {KING: "lost", RIVAL: "outraced"}, reign(KING, since=4))
    judge(contest, 9, full)  # its samples were lost, and nothing changed
    close(contest, 9, {}, reign(KING, since=4))
    judge(contest, 10, full)  # under way
    close(contest, 4, {KING: "lost", RIVAL: "open"}, reign(KING, since=4))
    found = fights.earlier(contest, setting(chat, 10), reign(KING, since=4), [RIVAL, OTHER])
    expected = [Bout(n, (Pairing((3.0 + n, 4.0), (2.0, 3.5), ("m", "")),)) for n in (6, 7)]
    assert {id_: sorted(bouts, key=lambda one: one.number) for id_, bouts in found.items()} == {
        RIVAL: expected,
        OTHER: [],
    }
    assert fights.earlier(contest, setting(chat, 10, pooled=1), reign(KING, since=4), [RIVAL]) == {RIVAL: ()}


def test_how_a_challenger_fared_before_a_round_is_told_newest_first(contest: Ledger) -> None:
    close(contest, 1, {RIVAL: "lost"}, reign(KING, since=1))
    close(contest, 2, {RIVAL: "open", OTHER: "close"}, reign(KING, since=1))
    close(contest, 3, {RIVAL: "close"}, reign(KING, since=1))
    close(contest, 4, {RIVAL: "passed"}, reign(RIVAL, since=4))
    was_open, was_lost = (Judged(n, 2.0, 0.015, 0.02, evidence(s)) for n, s in _numbered("open", "lost"))
    assert fights.judged(contest, "chat", 3, [RIVAL]) == {RIVAL: (was_open, was_lost)}


def _numbered(*states: FightState) -> list[tuple[int, FightState]]:
    """The newest first, down to round 1."""
    return [(len(states) - at, state) for at, state in enumerate(states)]


def test_only_who_stands_in_standings_unjudged_counts_as_shown(contest: Ledger) -> None:
    rows = (
        Standing(RIVAL, 1, "copy", None, None, None, "copy"),
        Standing(OTHER, 2, "challenger", 2.0, None, None, "so"),
    )
    rounds.close_round(contest, open_round(contest, 3).id, RoundOutcome(rows, None), Block(900))
    assert fights.shown(contest, "chat", 4, (RIVAL, OTHER)) == {RIVAL}
    assert fights.shown(contest, "chat", 4, (OTHER,)) == fights.shown(contest, "chat", 3, (RIVAL,)) == frozenset()


TRIAL, LATER = reign(2, 1, confirmed=False), reign(2, 2)


@pytest.mark.parametrize(
    ("holders", "found"),
    [
        ([reign(1, 1)] * 3, {}),
        ([None, TRIAL, LATER], {0: None, 1: TRIAL}),
        ([reign(1), TRIAL, LATER], {0: reign(1), 1: TRIAL}),
        ([None, reign(1, 1), None, reign(2, 3)], {1: reign(1, 1), 2: None}),
    ],
    ids=["never-vacant", "the-first", "fell", "twice"],
)
def test_the_newest_election_is_told_from_the_reign_before_it_on(
    contest: Ledger, holders: list[Reign | None], found: dict[int, Reign | None]
) -> None:
    for number, holder in enumerate(holders):
        close(contest, number, {}, holder)
    assert fights.newest_election(contest, "chat", len(holders)) == found


def test_rounds_that_a_model_failed_in_are_counted_since_it_was_judged_last(contest: Ledger) -> None:
    broken, ours = Abandoned("it hung"), Abandoned("its files were lost here", is_ours_alone=True)
    given: list[dict[int, Verdict]] = [
        {KING: broken, RIVAL: broken, OTHER: scored(2.0)},  # before it was judged
        {KING: scored(1.0), RIVAL: scored(2.0)},
        {KING: scored(1.0), RIVAL: broken},
        {KING: broken, RIVAL: broken},  # the device may have been ill
        {KING: scored(1.0), RIVAL: ours},
        {KING: scored(1.0), RIVAL: broken, OTHER: broken},
    ]
    for number, judged in enumerate(given):
        judge(contest, number, judged)
        close(contest, number, {}, None)
    judge(contest, 6, {KING: scored(1.0), RIVAL: broken})  # under way
    every = (KING, RIVAL, OTHER)
    assert verdicts.failures(contest, "chat", 7, every) == {
        RIVAL: verdicts.Failures(3, 2),
        OTHER: verdicts.Failures(1, 1),
    }
    assert verdicts.failures(contest, "chat", 5, (KING, RIVAL)) == {RIVAL: verdicts.Failures(2, 1)}


def test_what_the_judge_refused_in_closed_rounds_is_remembered(contest: Ledger) -> None:
    refusal = Rejection(Reason.NOT_CAUSAL, "it looks ahead")
    judge(contest, 1, {RIVAL: refusal})
    assert verdicts.rejections_before(contest, "chat", 2, (RIVAL,)) == {}
    close(contest, 1, {}, None)
    assert verdicts.rejections_before(contest, "chat", 2, (RIVAL,)) == {RIVAL: refusal}
    assert verdicts.rejections_before(contest, "chat", 2, (KING,)) == {}
    assert verdicts.rejections_before(contest, "chat", 1, (RIVAL,)) == {}


def test_a_kings_absence_is_the_longest_run_of_looks_in_one_reign_that_missed_it(contest: Ledger) -> None:
    first, second = reign(KING), reign(KING, since=7)
    for number, there in enumerate([False, False, True, False, False, False, True]):
        presence.note(contest, open_round(contest, number).id, first, Block(number), present=there)
    presence.note(contest, open_round(contest, 5).id, first, Block(99), present=True)  # the first look counts
    for number in (7, 8):
        presence.note(contest, open_round(contest, number).id, second, Block(number), present=False)
    presence.note(contest, open_round(contest, 9).id, reign(RIVAL), Block(9), present=False)
    every = (KING, RIVAL)
    assert [presence.missed(contest, "chat", upto, every) for upto in (1, 4, 5, 9)] == [
        {KING: 2}, {KING: 2}, {KING: 3}, {KING: 3, RIVAL: 1},
    ]  # fmt: skip
    assert presence.missed(contest, "chat", 9, (RIVAL,)) == {RIVAL: 1}
    assert (presence.last_look(contest, "chat"), presence.last_look(contest, "text")) == (9, None)
