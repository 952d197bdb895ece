"""Weights sent: each sending once with the chain's answer, and when it was read back."""

import pytest

from chain.types import Block, Hotkey, Included, Refused
from ledger.database import Ledger, LedgerConflict
from ledger.weights import Sending, confirm, history, last_included, last_sent, record_sent

INCLUDED, REFUSED = Included(Block(50), "0xabc"), Refused("SettingWeightsTooFast", "wait 100 blocks")
HALVES = {Hotkey("hot1"): 0.5, Hotkey("hot2"): 0.5}


def test_a_sending_is_recorded_once_with_its_answer(ledger: Ledger) -> None:
    ids = {record_sent(ledger, Block(50), "table", HALVES, INCLUDED) for _ in range(2)}
    assert ids == {1}
    assert history(ledger) == (Sending(1, Block(50), "table", HALVES, INCLUDED, None),)


def test_the_first_block_of_reading_back_stands(ledger: Ledger) -> None:
    id_ = record_sent(ledger, Block(50), "table", HALVES, INCLUDED)
    confirm(ledger, id_, Block(53))
    confirm(ledger, id_, Block(60))
    assert last_included(ledger) == Sending(id_, Block(50), "table", HALVES, INCLUDED, Block(53))


def test_a_refusal_is_the_last_sent_but_not_the_last_included(ledger: Ledger) -> None:
    first = record_sent(ledger, Block(50), "table", HALVES, INCLUDED)
    second = record_sent(ledger, Block(51), "table", {Hotkey("hot1"): 1.0}, REFUSED)
    newest, included = last_sent(ledger), last_included(ledger)
    assert newest == Sending(second, Block(51), "table", {Hotkey("hot1"): 1.0}, REFUSED, None)
    assert included == Sending(first, Block(50), "table", HALVES, INCLUDED, None)


def test_history_is_newest_first_and_bounded(ledger: Ledger) -> None:
    ids = [record_sent(ledger, Block(block), "table", HALVES, REFUSED) for block in range(5)]
    assert [sending.id for sending in history(ledger, limit=3)] == ids[:1:-1]


def test_before_anything_was_sent_there_is_nothing(ledger: Ledger) -> None:
    assert (last_sent(ledger), last_included(ledger), history(ledger)) == (None, None, ())


def test_reading_back_what_was_never_sent_is_a_conflict(ledger: Ledger) -> None:
    with pytest.raises(LedgerConflict, match="FOREIGN KEY"):
        confirm(ledger, 4, Block(5))
