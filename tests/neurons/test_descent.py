"""Rounds trace what was vetted, once, and refuse another's model in a disguise."""

from dataclasses import replace

import pytest

from chain.types import Coldkey
from competitions.ownership import Ownership
from competitions.records import Submission
from competitions.spec import LineageSpec
from ledger.database import Ledger
from ledger.lineages import add_sketch, found, record
from models.bases import BaseRef
from models.lineage import Kind, Lineage
from neurons import tables
from neurons.descent import Descent
from tests.competitions.builders import submit
from tests.models.pedigree import Weights, learnt, noise, parent, sketch, with_added

CHAT = tables.load("pocket").competitions[0]
FIRST, SECOND = submit(1, 10), submit(2, 20)


@pytest.fixture
def ledger(new_ledger: Ledger) -> Ledger:
    return new_ledger


def vetted(ledger: Ledger, its: Submission, weights: Weights) -> None:
    assert its.digest is not None
    add_sketch(ledger, its.digest, sketch(weights).encode())


def test_noise_on_another_ones_model_is_refused_and_a_fine_tune_is_not(ledger: Ledger) -> None:
    third = submit(3, 30)
    vetted(ledger, FIRST, parent(1))
    vetted(ledger, SECOND, with_added(parent(1), learnt(1, 5), 1e-3))
    vetted(ledger, third, with_added(parent(1), noise(5, parent(1)), 1e-3))
    entrants = (FIRST, SECOND, third)
    disguised = Descent(ledger).disguised(entrants, Ownership(entrants, b""), CHAT)
    assert {id_: its.lineage.kind for id_, its in disguised.items()} == {third.id: Kind.NOISE}
    told = found(ledger, SECOND.digest or "", (FIRST.digest or "",))
    assert told is not None
    assert (told.kind, told.parents) == (Kind.FINE_TUNE, (FIRST.digest,))


def test_a_question_that_was_answered_is_not_asked_again(ledger: Ledger) -> None:
    vetted(ledger, FIRST, parent(1))
    vetted(ledger, SECOND, parent(2))
    answer = Lineage(Kind.COPY, (FIRST.digest or "",), (1.0,), 0.0, 1.0)
    record(ledger, SECOND.digest or "", (FIRST.digest or "",), answer)
    owners = Ownership((FIRST, SECOND), b"")
    assert Descent(ledger).disguised((SECOND,), owners, CHAT)[SECOND.id].lineage == answer


def test_a_senior_that_was_vetted_late_is_asked_for_anew(ledger: Ledger) -> None:
    vetted(ledger, SECOND, parent(1))
    descent, owners = Descent(ledger), Ownership((FIRST, SECOND), b"")
    before = descent.disguised((SECOND,), owners, CHAT)
    vetted(ledger, FIRST, parent(1))
    assert (before, list(descent.disguised((SECOND,), owners, CHAT))) == ({}, [SECOND.id])


def test_who_moves_on_from_their_own_model_is_not_refused(ledger: Ledger) -> None:
    again = replace(SECOND, coldkey=Coldkey(FIRST.coldkey))
    vetted(ledger, FIRST, parent(1))
    vetted(ledger, again, with_added(parent(1), noise(5, parent(1)), 1e-3))
    assert Descent(ledger).disguised((again,), Ownership((FIRST, again), b""), CHAT) == {}


def test_the_competitions_base_in_a_disguise_is_nobodys_entry(ledger: Ledger) -> None:
    base = BaseRef("owner/base", "b" * 40, "b" * 64)
    add_sketch(ledger, base.digest, sketch(parent(1)).encode())
    vetted(ledger, FIRST, with_added(parent(1), noise(5, parent(1)), 1e-3))
    disguised = Descent(ledger).disguised((FIRST,), Ownership((FIRST,), b""), replace(CHAT, base=base))
    assert disguised[FIRST.id].claim is None


def test_what_cannot_be_traced_is_accused_of_nothing_and_costs_nobody_else(ledger: Ledger) -> None:
    third = submit(3, 30)
    vetted(ledger, FIRST, parent(1))
    vetted(ledger, SECOND, parent(1))
    add_sketch(ledger, third.digest or "", b"damaged")
    entrants = (FIRST, SECOND, third)
    assert list(Descent(ledger).disguised(entrants, Ownership(entrants, b""), CHAT)) == [SECOND.id]


def test_a_table_that_refuses_nothing_lets_all_compete_and_still_traces(ledger: Ledger) -> None:
    vetted(ledger, FIRST, parent(1))
    vetted(ledger, SECOND, parent(1))
    open_to_all = replace(CHAT, lineage=LineageSpec(()))
    assert Descent(ledger).disguised((SECOND,), Ownership((FIRST, SECOND), b""), open_to_all) == {}
    assert found(ledger, SECOND.digest or "", (FIRST.digest or "",)) is not None
