"""Who may enter a round: delays in chain blocks, the newest eligible pointer of each registered hotkey."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.types import Block, Hotkey, Registration, Uid
from competitions.eligibility import Presence, eligible_from, history_from, is_void, live, may_own, may_yet_enter
from competitions.spec import Competition, Table
from competitions.table import parse
from tests.competitions.builders import TABLE, submit


def registered(*ids: int, since: int = 1, **withdrawn: int) -> Presence:
    held = {Hotkey(f"hot{n}"): Registration(Uid(n), Block(since)) for n in ids}
    return Presence(held, {Hotkey(hotkey): Block(block) for hotkey, block in withdrawn.items()})


@pytest.mark.parametrize(("commit", "revealed", "first"), [(10, 12, 50), (10, 60, 75), (10, 35, 50)])
def test_eligible_after_the_evaluation_delay_and_the_fetch_delay(
    chat: Competition, commit: int, revealed: int, first: int
) -> None:
    assert eligible_from(submit(1, commit, revealed), chat) == first


def test_a_pointer_sealed_for_too_long_is_void(chat: Competition, table: Table) -> None:
    late, just = submit(1, 10, 71), submit(2, 10, 70)
    assert [is_void(late, chat), is_void(just, chat)] == [True, False]
    assert live([late, just], table, registered(1, 2), Block(500)) == (just,)


def test_an_older_submission_stays_live_until_the_newer_one_is_eligible(table: Table) -> None:
    old, new = submit(1, 10), submit(2, 100, hotkey=Hotkey("hot1"))
    assert [live([new, old], table, registered(1), Block(b)) for b in (49, 50, 139, 140)] == [
        (),
        (old,),
        (old,),
        (new,),
    ]


def test_a_commit_before_the_current_registration_counts_for_nothing(table: Table) -> None:
    assert live([submit(1, 10)], table, registered(1, since=11), Block(500)) == ()


def test_what_was_replaced_ends_though_what_replaced_it_never_becomes_eligible(table: Table) -> None:
    """A newcomer never saw what was replaced so long ago: nobody may judge it."""
    held = registered(1)
    settled = [Presence(held.registered, {}, {Hotkey("hot1"): Block(block)}) for block in (9, 10, 11)]
    assert [live([submit(1, 10)], table, presence, Block(500)) for presence in settled] == [
        (submit(1, 10),),
        (submit(1, 10),),
        (),
    ]


def test_a_registration_taken_over_from_another_hotkey_revives_no_older_commit(table: Table) -> None:
    old = submit(1, 10, registered_at=Block(8))
    assert live([old], table, registered(1, since=1), Block(500)) == ()
    assert live([old], table, registered(1, since=8), Block(500)) == (old,)


def test_hotkeys_without_a_uid_and_unknown_competitions_are_left_out(table: Table) -> None:
    stranger, lost = submit(3), submit(1, competition="chess")
    assert live([stranger, lost], table, registered(1, 2), Block(500)) == ()


def test_a_withdrawal_ends_what_came_before_it_and_nothing_after(table: Table) -> None:
    old, new = submit(1, 10), submit(2, 100, hotkey=Hotkey("hot1"))
    assert live([old], table, registered(1, hot1=120), Block(300)) == ()
    assert live([old, new], table, registered(1, hot1=90), Block(120)) == ()
    assert live([old, new], table, registered(1, hot1=90, hot2=400), Block(300)) == (new,)


def test_a_pointer_in_clear_owns_its_model_once_accepted_and_eligible_and_a_sealed_one_at_once(
    chat: Competition,
) -> None:
    clear, sealed = submit(1, 10, 10, secure_hash="h"), submit(2, 10)
    due = submit(1, 10, 10, secure_hash="h", intake="due", digest=None)
    claims = [(may_own(s, chat, Block(at))) for s in (clear, due, sealed) for at in (49, 50)]
    assert claims == [False, True, False, False, True, True]
    assert [may_own(submit(1, intake="rejected"), chat, Block(99)), may_own(submit(1, 10, 71), chat, Block(99))] == [
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("block", "back", "first"), [(99, 0, 25), (100, 0, 25), (275, 0, 175), (275, 2, 75), (30, 0, 25)]
)
def test_a_newcomer_begins_where_whatever_it_cannot_see_counts_for_nothing(
    table: Table, block: int, back: int, first: int
) -> None:
    assert history_from(table, Block(block), back) == first


commits = st.tuples(st.sampled_from([1, 2]), st.integers(1, 200), st.integers(0, 70))
"""Whose, in which block, and how many blocks later it opened."""


@settings(deadline=None)
@given(st.lists(commits, max_size=8, unique_by=lambda commit: commit[:2]), st.integers(0, 300))
def test_what_may_yet_enter_is_what_is_live_in_some_round_to_come(made: list[tuple[int, int, int]], first: int) -> None:
    table = parse(TABLE)
    every = [
        submit(id_, at, at + seal, hotkey=Hotkey(f"hot{who}")) for id_, (who, at, seal) in enumerate(made, start=1)
    ]
    changes = {Block(first), *(eligible_from(submission, table.competitions[0]) for submission in every)}
    later = {s for block in changes if block >= first for s in live(every, table, registered(1, 2), block)}
    assert set(may_yet_enter(every, table, Block(first))) == later
