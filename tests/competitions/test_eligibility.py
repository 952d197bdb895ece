"""Who may enter a round: delays in chain blocks, the newest eligible pointer of each registered hotkey."""

import pytest

from chain.types import Block, Hotkey, Registration, Uid
from competitions.eligibility import eligible_from, is_void, live
from competitions.spec import Competition, Table
from tests.competitions.builders import submit


def registered(*ids: int, since: int = 1) -> dict[Hotkey, Registration]:
    return {Hotkey(f"hot{n}"): Registration(Uid(n), Block(since)) for n in ids}


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


def test_hotkeys_without_a_uid_and_unknown_competitions_are_left_out(table: Table) -> None:
    stranger, lost = submit(3), submit(1, competition="chess")
    assert live([stranger, lost], table, registered(1, 2), Block(500)) == ()
