"""First sight: every commitment once with its block, every opened text at the commitment it can only belong to."""

import pytest
from sqlalchemy import event, select

from chain.types import Block, Commitment, Hotkey, NetUid, Registration, Uid, Unreadable
from ledger import submissions
from ledger.commitments import PollResult, record_poll
from ledger.database import Ledger
from ledger.registrations import last_poll, registered
from ledger.schema import CommitmentRow, NeuronRow, OpeningRow, UnreadableRow
from tests.ledger.builders import NETUID, clear, neuron, sealed, text

NEURONS = [neuron(uid) for uid in range(1, 5)]


def poll(ledger: Ledger, block: int, *entries: Commitment | Unreadable) -> PollResult:
    return record_poll(ledger, NETUID, Block(block), NEURONS, entries)


def openings(ledger: Ledger) -> list[tuple[str, int, int | None]]:
    """Each opened text, its block, and the commit block of what it belongs to."""
    query = (
        select(OpeningRow.data, OpeningRow.open_block, CommitmentRow.commit_block)
        .outerjoin(CommitmentRow, CommitmentRow.id == OpeningRow.commitment_id)
        .order_by(OpeningRow.open_block, OpeningRow.id)
    )
    with ledger.reading() as session:
        return [(data.decode(), block, commit) for data, block, commit in session.execute(query)]


def test_a_commitment_is_recorded_once_with_its_owner_as_first_seen(ledger: Ledger) -> None:
    assert poll(ledger, 12, sealed("hot1", 10)) == PollResult(new=1, opened=0, unreadable=0)
    record_poll(ledger, NETUID, Block(13), [neuron(9, "hot1", since=13)], [sealed("hot1", 10)])
    with ledger.reading() as session:
        row = session.scalars(select(CommitmentRow)).one()
        seen = row.uid, row.coldkey, row.registered_at, row.first_seen, row.commit_block, row.reveal_round, row.sealed
    assert seen == (1, "cold-hot1", 1, 12, 10, 900, b"cipher")


def test_a_poll_repeated_after_a_kill_changes_nothing(ledger: Ledger) -> None:
    entries = sealed("hot1", 10), clear("hot2", 5, (text("a", 6), text("b", 7))), Unreadable(Hotkey("hot3"), "odd")
    assert poll(ledger, 12, *entries) == PollResult(2, 2, 1)
    assert poll(ledger, 12, *entries) == PollResult(0, 0, 0)


def test_a_seal_seen_closed_takes_the_text_that_opens(ledger: Ledger) -> None:
    poll(ledger, 12, sealed("hot1", 10))
    assert poll(ledger, 21, clear("hot1", 10, (text("pointer", 20),))) == PollResult(0, 1, 0)
    assert openings(ledger) == [("pointer", 20, 10)]


def test_a_seal_first_seen_after_it_opened_takes_the_text_opened_since_its_commit(ledger: Ledger) -> None:
    poll(ledger, 30, clear("hot1", 10, (text("of another", 9), text("pointer", 20))))
    assert openings(ledger) == [("of another", 9, None), ("pointer", 20, 10)]


def test_the_standing_entry_wins_over_an_older_seal_that_never_opened(ledger: Ledger) -> None:
    poll(ledger, 12, sealed("hot1", 10))
    poll(ledger, 60, clear("hot1", 40, (text("new", 45),)))
    assert openings(ledger) == [("new", 45, 40)]


def test_a_text_older_than_the_standing_entry_belongs_to_the_newest_seal_before_it(ledger: Ledger) -> None:
    poll(ledger, 12, sealed("hot1", 10))
    poll(ledger, 21, sealed("hot1", 20))
    poll(ledger, 40, sealed("hot1", 35, opened=(text("second", 30),)))
    assert openings(ledger) == [("second", 30, 20)]


def test_each_seal_takes_one_text_in_order(ledger: Ledger) -> None:
    poll(ledger, 12, sealed("hot1", 10))
    poll(ledger, 22, sealed("hot1", 20, opened=(text("first", 15),)))
    poll(ledger, 40, sealed("hot1", 35, opened=(text("first", 15), text("second", 30))))
    assert openings(ledger) == [("first", 15, 10), ("second", 30, 20)]


def test_a_text_whose_commitment_was_never_seen_is_kept_but_is_nobodys(ledger: Ledger) -> None:
    poll(ledger, 30, clear("hot1", None, (text("lost", 20),)))
    assert openings(ledger) == [("lost", 20, None)]
    assert submissions.undecoded(ledger) == ()


def test_only_opened_texts_left_still_belong_to_the_seal_that_was_seen(ledger: Ledger) -> None:
    poll(ledger, 12, sealed("hot1", 10))
    poll(ledger, 30, clear("hot1", None, (text("pointer", 20),)))
    assert openings(ledger) == [("pointer", 20, 10)]


def test_texts_of_other_hotkeys_and_subnets_are_never_mixed(ledger: Ledger) -> None:
    poll(ledger, 12, sealed("hot1", 10), sealed("hot2", 11))
    record_poll(ledger, NetUid(8), Block(13), NEURONS, [sealed("hot1", 9)])
    poll(ledger, 30, clear("hot2", None, (text("two", 20),)))
    with ledger.reading() as session:
        owner = session.scalars(select(CommitmentRow).join(OpeningRow)).one()
        assert (owner.netuid, owner.hotkey) == (NETUID, "hot2")


def test_a_hotkey_without_a_uid_is_recorded_and_never_decoded(ledger: Ledger) -> None:
    poll(ledger, 12, clear("stranger", 10, (text("pointer", 11),)))
    assert openings(ledger) == [("pointer", 11, 10)]
    assert submissions.undecoded(ledger) == ()


def test_what_cannot_be_read_is_recorded_once_per_reason(ledger: Ledger) -> None:
    odd, failed = Unreadable(Hotkey("hot1"), "odd\0\ud800" + "x" * 1000), clear("hot2", 10)
    failed = Commitment(failed.hotkey, failed.block, None, None, (), failed=True)
    assert poll(ledger, 12, odd, failed) == PollResult(new=1, opened=0, unreadable=2)
    assert poll(ledger, 13, odd, failed) == PollResult(0, 0, 0)
    with ledger.reading() as session:
        rows = [(row.hotkey, row.reason, row.first_seen) for row in session.scalars(select(UnreadableRow))]
    assert rows == [
        ("hot1", "odd�?" + "x" * 295, 12),
        ("hot2", "the timelocked field committed in block 10 could not be opened", 12),
    ]


def test_neurons_mirror_the_newest_poll_whatever_order_polls_come_in(ledger: Ledger) -> None:
    record_poll(ledger, NETUID, Block(20), [neuron(1), neuron(2, "newcomer", since=18)], [])
    record_poll(ledger, NETUID, Block(15), [neuron(1), neuron(2), neuron(3)], [])
    assert registered(ledger, NETUID) == {
        Hotkey("hot1"): Registration(Uid(1), Block(1)),
        Hotkey("newcomer"): Registration(Uid(2), Block(18)),
    }
    assert last_poll(ledger, NETUID) == 20


def test_neurons_that_left_are_gone_and_stake_is_kept(ledger: Ledger) -> None:
    record_poll(ledger, NETUID, Block(20), [neuron(1), neuron(2)], [])
    record_poll(ledger, NETUID, Block(21), [neuron(2)], [])
    with ledger.reading() as session:
        rows = [(row.uid, row.hotkey, row.coldkey, row.stake) for row in session.scalars(select(NeuronRow))]
    assert rows == [(2, "hot2", "cold-hot2", 1.5)]


def test_before_the_first_poll_nobody_is_registered(ledger: Ledger) -> None:
    assert (registered(ledger, NETUID), last_poll(ledger, NETUID)) == ({}, None)


@pytest.mark.parametrize("texts", [("a", "b"), ("a",)], ids=["two-texts", "one-text"])
def test_a_commitment_that_opens_as_several_texts_says_how_many(ledger: Ledger, texts: tuple[str, ...]) -> None:
    poll(ledger, 30, clear("hot1", 10, tuple(text(data, 20) for data in texts)))
    (waiting,) = submissions.undecoded(ledger)
    assert (waiting.data, waiting.texts, waiting.commit_block, waiting.open_block) == (b"a", len(texts), 10, 20)


def test_a_subnet_of_any_size_is_recorded_and_a_poll_that_tells_nothing_writes_only_its_block(ledger: Ledger) -> None:
    """1,700 hotkeys with ten texts each have more keys than a statement takes parameters."""
    neurons = [neuron(uid) for uid in range(1_700)]
    texts = tuple(text(f"text {n}", 10 + n) for n in range(10))
    entries = [clear(n.hotkey, 5, texts) for n in neurons]
    assert record_poll(ledger, NETUID, Block(30), neurons, entries) == PollResult(1_700, 17_000, 0)
    written: list[str] = []

    def step(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("SELECT", "BEGIN")):
            written.append(statement.split(" ")[1])

    event.listen(ledger._engine, "before_cursor_execute", step)
    assert record_poll(ledger, NETUID, Block(31), neurons, entries) == PollResult(0, 0, 0)
    event.remove(ledger._engine, "before_cursor_execute", step)
    assert written == ["polls"]
