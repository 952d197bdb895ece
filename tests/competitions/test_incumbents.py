"""Who a round's incumbent is: what notes of more than half the stake agree on, else the own ledger, else nobody."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.types import Block, Hotkey
from competitions.incumbents import Agreement, Incumbent, agreed, incumbent
from competitions.notes import NotedKing, StandingNote
from competitions.records import Reign
from competitions.spec import Competition

A = NotedKing(Hotkey("hotA"), "a" * 64, Block(10), Block(200), 0.02)
B = NotedKing(Hotkey("hotB"), "b" * 64, Block(40), Block(250), 0.03)
STAKES = {Hotkey(name): stake for name, stake in (("v1", 40.0), ("v2", 35.0), ("v3", 25.0))}
OWN = Reign(7, Hotkey("hotC"), 1, Block(150), Block(20), 0.01, confirmed=True)
KNOWN = {(Hotkey("hotA"), "a" * 64): 1, (Hotkey("hotB"), "b" * 64): 2}


def notes(number: int = 3, competition: str = "chat", **kings: NotedKing | None) -> dict[Hotkey, StandingNote]:
    return {Hotkey(v): StandingNote(competition, number, None, king) for v, king in kings.items()}


# ------------------------------------------------------------------------------------------------- what is agreed


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (notes(v1=A, v2=A, v3=B), Agreement(A, 0.75)),
        (notes(v1=A, v3=A), Agreement(A, 0.65)),
        (notes(v1=None, v2=None), Agreement(None, 0.75)),
        (notes(v1=A), None),
        (notes(v1=A, v2=B, v3=None), None),
        (notes(v1=A, v2=replace(A, confirmed=False)), None),
        (notes(v1=A, v2=replace(A, hotkey=Hotkey("moved"))), None),
        (notes(v1=A, stranger=A, other=A), None),
        ({}, None),
    ],
    ids=["most", "silent-one", "vacant", "too-few", "split", "trial-or-king", "another-hotkey", "no-permit", "none"],
)
def test_more_than_half_of_the_whole_stake_agrees_or_nobody_does(
    told: dict[Hotkey, StandingNote], expected: Agreement | None
) -> None:
    assert agreed(told, STAKES) == expected


def test_just_half_is_not_enough() -> None:
    assert agreed(notes(v1=A), {Hotkey("v1"): 5.0, Hotkey("v2"): 5.0}) is None
    assert agreed({}, {}) is None


def test_what_it_earned_and_its_blocks_are_the_medians_by_stake() -> None:
    told = notes(
        v1=replace(A, earned=0.02, crown_block=Block(200)),
        v2=replace(A, earned=0.021, crown_block=Block(300)),
        v3=replace(A, earned=0.9, digest_block=Block(0)),
    )
    assert agreed(told, STAKES) == Agreement(replace(A, earned=0.021), 1.0)
    assert agreed(told, {**STAKES, Hotkey("v1"): 90.0}) == Agreement(A, 1.0)


named = st.sampled_from([A, replace(A, confirmed=False), B])
kings = st.none() | st.builds(lambda king, gain: replace(king, earned=gain), named, st.sampled_from([0.02, 0.021, 0.5]))
told_by = st.dictionaries(st.sampled_from([f"v{n}" for n in range(9)]), kings, max_size=9)
stakes = st.dictionaries(st.sampled_from([f"v{n}" for n in range(9)]), st.floats(0, 1e6), min_size=1, max_size=9)


@given(told_by, stakes, st.randoms(use_true_random=False))
def test_no_order_matters_and_nobody_is_king_by_half_or_less(
    told: dict[str, NotedKing | None], staked: dict[str, float], rng: random.Random
) -> None:
    def shuffled(rows: dict[str, object]) -> dict[str, object]:
        return dict(rng.sample([*rows.items()], len(rows)))

    found = agreed(notes(**told), staked)  # type: ignore[arg-type]
    assert agreed(notes(**shuffled(told)), shuffled(staked)) == found  # type: ignore[arg-type]

    def names(king: NotedKing | None) -> tuple[object, ...]:
        return (king.hotkey, king.digest, king.confirmed) if king else ()

    for king in (None, A, replace(A, confirmed=False), B):
        behind = [v for v, its in told.items() if names(its) == names(king) and v in staked]
        part = sum(staked[v] for v in behind) / (sum(staked.values()) or 1.0)
        is_named = found is not None and names(found.king) == names(king)
        assert (part > 0.5) == is_named or part == pytest.approx(0.5)
        if is_named and king is not None and found is not None and found.king is not None:
            assert found.king.earned in {its.earned for v in behind if (its := told[v]) is not None}


# ------------------------------------------------------------------------------------------------ the incumbent


@pytest.mark.parametrize("own", [None, OWN])
def test_notes_go_before_the_own_ledger(chat: Competition, own: Reign | None) -> None:
    """Crowned at block 200, which is the seed block of round 2."""
    told = notes(v1=A, v2=A)
    reign = Reign(1, Hotkey("hotA"), 2, Block(200), Block(10), 0.02, confirmed=True)
    assert incumbent(chat, 4, told, STAKES, own, KNOWN) == Incumbent(reign, "notes", Agreement(A, 0.75))
    assert incumbent(chat, 4, notes(v1=None, v2=None), STAKES, own, KNOWN) == Incumbent(
        None, "notes", Agreement(None, 0.75)
    )


@pytest.mark.parametrize(
    "told",
    [
        {},
        notes(v1=A, v2=B),
        notes(number=2, v1=A, v2=A),
        notes(number=4, v1=A, v2=A),
        notes(competition="chess", v1=A, v2=A),
    ],
    ids=["none", "split", "of-an-older-round", "of-this-round", "of-another-competition"],
)
def test_without_agreement_on_the_round_before_the_own_ledger_says_it_and_a_newcomers_throne_is_vacant(
    chat: Competition, told: dict[Hotkey, StandingNote]
) -> None:
    assert incumbent(chat, 4, told, STAKES, OWN, KNOWN) == Incumbent(OWN, "ledger", None)
    assert incumbent(chat, 4, told, STAKES, None, KNOWN) == Incumbent(None, "nobody", None)


def test_an_agreed_king_that_the_own_ledger_does_not_know_is_told_and_not_taken(chat: Competition) -> None:
    assert incumbent(chat, 4, notes(v1=A, v2=A), STAKES, OWN, {}) == Incumbent(OWN, "ledger", Agreement(A, 0.75))


def test_of_the_own_reign_notes_correct_what_it_earned_and_not_since_when(chat: Competition) -> None:
    own = Reign(1, Hotkey("hotA"), 1, Block(150), Block(10), 0.021, confirmed=True)
    expected = replace(own, crown_block=Block(200), earned=0.02)
    assert incumbent(chat, 4, notes(v1=A, v2=A), STAKES, own, KNOWN).reign == expected
    trial = replace(own, confirmed=False)
    assert incumbent(chat, 4, notes(v1=A, v2=A), STAKES, trial, KNOWN).reign == replace(expected, since_round=2)
