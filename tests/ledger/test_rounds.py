"""A round from seed to reign: opened once, held with its cause, closed once for good."""

from dataclasses import replace

import pytest

from chain.types import Block, BlockHash
from competitions.records import RoundOutcome
from evaluation.sources.held import Cause, Held
from ledger import rounds, waits
from ledger.database import Ledger, LedgerConflict, NoSuchRecord
from ledger.rounds import Round
from tests.ledger.builders import AWAY, closed_round, open_round, outcome, reign, submission


def test_a_round_is_opened_once_with_its_seed(ledger: Ledger) -> None:
    expected = Round(
        id=1,
        competition="chat",
        number=3,
        seed_block=Block(250),
        seed_hash=BlockHash(f"0x{3:064x}"),
        seed=b"\3" * 32,
        state="open",
        bundle_root=None,
        cause=None,
    )
    assert [open_round(ledger, 3), open_round(ledger, 3), rounds.get(ledger, 1)] == [expected] * 3


def test_a_round_seeded_by_another_chain_is_a_conflict(ledger: Ledger) -> None:
    first = open_round(ledger, 3)
    with pytest.raises(LedgerConflict, match=r"round 3 of chat was opened with block 250 .*belongs to another chain"):
        rounds.open_round(ledger, "chat", 3, first.seed_block, BlockHash("0x" + "f" * 64), first.seed)


def test_a_round_is_held_with_its_newest_cause_until_its_samples_are_there(ledger: Ledger) -> None:
    round_ = open_round(ledger)
    few = Held(Cause.TOO_FEW, "no producer")
    for block, held in enumerate((few, AWAY, AWAY), start=101):
        waits.hold(ledger, round_.id, held, Block(block))
    assert rounds.get(ledger, round_.id) == replace(round_, state="held", cause="unreachable: the Hub is away")
    waits.hold(ledger, round_.id, few, Block(104))
    assert open_round(ledger).cause == "too_few: no producer"
    rounds.set_bundle(ledger, round_.id, "root", {}, 0)
    assert rounds.get(ledger, round_.id) == replace(round_, bundle_root="root")


def test_a_rounds_samples_never_change(ledger: Ledger) -> None:
    round_ = open_round(ledger)
    rounds.set_bundle(ledger, round_.id, "root", {}, 0)
    rounds.set_bundle(ledger, round_.id, "root", {}, 0)
    with pytest.raises(LedgerConflict, match="is judged on bundle root, it cannot change to other"):
        rounds.set_bundle(ledger, round_.id, "other", {}, 0)


def test_closing_records_standings_and_reign_and_the_first_outcome_stands(ledger: Ledger) -> None:
    one, two = submission(ledger, 1), submission(ledger, 2)
    round_ = open_round(ledger)
    rounds.close_round(ledger, round_.id, outcome(one, two), Block(120))
    rounds.close_round(ledger, round_.id, outcome(two, one), Block(121))
    assert rounds.get(ledger, round_.id).state == "closed"
    assert rounds.standings(ledger, round_.id) == outcome(one, two).standings
    assert rounds.reign_after(ledger, "chat", 0) == outcome(one).reign


def test_a_round_without_entrants_leaves_the_throne_vacant(ledger: Ledger) -> None:
    round_ = open_round(ledger)
    rounds.close_round(ledger, round_.id, RoundOutcome((), None), Block(120))
    read = rounds.standings(ledger, round_.id), rounds.reign_after(ledger, "chat", 9), rounds.reigns(ledger, "chat")
    assert read == ((), None, ())


def test_a_throne_vacated_later_is_vacant(ledger: Ledger) -> None:
    closed_round(ledger, 0, submission(ledger))
    rounds.close_round(ledger, open_round(ledger, 1).id, RoundOutcome((), None), Block(170))
    assert [rounds.reign_after(ledger, "chat", number) for number in (0, 1)] == [reign(1), None]


def test_standings_of_an_open_round_are_empty(ledger: Ledger) -> None:
    assert rounds.standings(ledger, open_round(ledger).id) == ()


def test_the_newest_closed_round_counts_up_to_a_seed_block(ledger: Ledger) -> None:
    king = submission(ledger)
    closed_round(ledger, 0, king)
    closed_round(ledger, 1, king)
    closed_round(ledger, 7, king, competition="code")
    open_round(ledger, 2)
    assert (rounds.last_closed(ledger, "chat"), rounds.last_closed(ledger, "none")) == (1, None)
    newest = {block: rounds.newest_closed(ledger, "chat", Block(block)) for block in (99, 100, 149, 150, 900)}
    assert newest == {99: None, 100: 0, 149: 0, 150: 1, 900: 1}


def test_the_reign_after_a_number_is_that_of_the_newest_closed_round_up_to_it(ledger: Ledger) -> None:
    one, two = submission(ledger, 1), submission(ledger, 2)
    closed_round(ledger, 0, one)
    closed_round(ledger, 3, two)
    held = {number: rounds.reign_after(ledger, "chat", number) for number in (-1, 0, 2, 3, 8)}
    assert held == {-1: None, 0: reign(one), 2: reign(one), 3: reign(two), 8: reign(two)}


def test_reigns_are_told_once_each_newest_first_as_they_ended(ledger: Ledger) -> None:
    one, two = submission(ledger, 1), submission(ledger, 2)
    story = [reign(one, 0, confirmed=False), reign(one, 1), reign(one, 1), reign(two, 3), reign(one, 4)]
    for number, holds in enumerate(story):
        rounds.close_round(ledger, open_round(ledger, number).id, RoundOutcome((), holds), Block(900))
    assert rounds.reigns(ledger, "chat") == (story[4], story[3], story[2], story[0])


def test_an_unknown_round_is_named(ledger: Ledger) -> None:
    with pytest.raises(NoSuchRecord, match="no round 9"):
        rounds.get(ledger, 9)
    with pytest.raises(LedgerConflict, match="FOREIGN KEY"):
        rounds.close_round(ledger, 9, RoundOutcome((), None), Block(1))
