"""Weights sent: each sending once with the chain's answer, and when it was read back."""

from dataclasses import replace

import pytest

from chain.types import Block, Hotkey, Included, Refused, Uid
from ledger.database import Ledger, LedgerConflict
from ledger.weights import (
    Attempt,
    Sending,
    answer,
    begin,
    confirm,
    history,
    last_included,
    record,
    tries,
)

INCLUDED, REFUSED = Included(Block(50), "0xabc"), Refused("SettingWeightsTooFast", "wait 100 blocks")
HALVES = {Hotkey("hot1"): 0.5, Hotkey("hot2"): 0.5}


def test_a_sending_is_recorded_once_with_its_answer(ledger: Ledger) -> None:
    ids = {record(ledger, Attempt(Block(50), "table", HALVES), INCLUDED) for _ in range(2)}
    assert ids == {1}
    assert history(ledger) == (Sending(1, Block(50), "table", HALVES, INCLUDED, None),)


def test_the_first_block_of_reading_back_stands(ledger: Ledger) -> None:
    id_ = record(ledger, Attempt(Block(50), "table", HALVES), INCLUDED)
    confirm(ledger, id_, Block(53))
    confirm(ledger, id_, Block(60))
    assert last_included(ledger) == Sending(id_, Block(50), "table", HALVES, INCLUDED, Block(53))


def test_a_refusal_is_the_last_sent_but_not_the_last_included(ledger: Ledger) -> None:
    first = record(ledger, Attempt(Block(50), "table", HALVES), INCLUDED)
    second = record(ledger, Attempt(Block(51), "table", {Hotkey("hot1"): 1.0}), REFUSED)
    newest, included = history(ledger)[0], last_included(ledger)
    assert newest == Sending(second, Block(51), "table", {Hotkey("hot1"): 1.0}, REFUSED, None)
    assert included == Sending(first, Block(50), "table", HALVES, INCLUDED, None)


def test_history_is_newest_first_and_bounded(ledger: Ledger) -> None:
    ids = [record(ledger, Attempt(Block(block), "table", HALVES), REFUSED) for block in range(5)]
    assert [sending.id for sending in history(ledger, limit=3)] == ids[:1:-1]


def test_before_anything_was_sent_there_is_nothing(ledger: Ledger) -> None:
    assert (last_included(ledger), history(ledger)) == (None, ())


def test_reading_back_what_was_never_sent_is_a_conflict(ledger: Ledger) -> None:
    with pytest.raises(LedgerConflict, match="FOREIGN KEY"):
        confirm(ledger, 4, Block(5))


def test_a_sending_is_on_record_before_its_answer_and_the_first_answer_stands(ledger: Ledger) -> None:
    attempt = Attempt(Block(60), "table", HALVES, {Uid(3): 65_535, Uid(7): 1}, "changed", "uid 1", sealed=True)
    id_ = begin(ledger, attempt)
    [before] = history(ledger)
    for said in (INCLUDED, REFUSED):
        answer(ledger, id_, said)
    unanswered = Sending(id_, Block(60), "table", HALVES, None, None, attempt.values, "changed", "uid 1", sealed=True)
    assert (before, history(ledger)) == (unanswered, (replace(unanswered, answer=INCLUDED),))


def test_two_attempts_at_one_block_are_two_sendings(ledger: Ledger) -> None:
    attempt = Attempt(Block(60), "table", HALVES, {Uid(3): 65_535})
    assert (begin(ledger, attempt), begin(ledger, attempt)) == (1, 2)


def test_a_refusal_known_beforehand_is_recorded_once_a_block_and_terms(ledger: Ledger) -> None:
    attempts = [Attempt(Block(60), "table", HALVES, terms=terms) for terms in ("no permit", "no permit", "a permit")]
    assert [record(ledger, attempt, REFUSED) for attempt in attempts] == [1, 1, 2]


def test_tries_are_what_came_after_the_last_that_stands(ledger: Ledger) -> None:
    record(ledger, Attempt(Block(40), "table", HALVES), REFUSED)
    assert [one.id for one in tries(ledger)] == [1]
    record(ledger, Attempt(Block(50), "table", HALVES), INCLUDED)
    assert tries(ledger) == ()
    unanswered = begin(ledger, Attempt(Block(60), "table", HALVES))
    refused = record(ledger, Attempt(Block(70), "table", HALVES), REFUSED)
    assert [one.id for one in tries(ledger)] == [refused, unanswered]


def test_an_answer_to_what_was_never_sent_is_a_conflict(ledger: Ledger) -> None:
    with pytest.raises(LedgerConflict, match="FOREIGN KEY"):
        answer(ledger, 4, INCLUDED)
