"""Pruning: what a round to come can need stays on disk, and nothing else does; what goes first where room is short."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from chain.types import Block, Hotkey
from competitions.records import RoundOutcome
from ledger import clear_texts, commitments, rounds, submissions
from ledger.database import Ledger, open_ledger
from models.bases import BaseRef
from models.cache import ModelCache
from models.rejections import Reason, Rejection
from neurons import tables
from neurons.loops.prune import Prune
from neurons.needs import Needs
from neurons.rulebook import Rulebook
from tests.ledger.builders import NETUID, clear, neuron, open_round, opened_commitment, reign

TABLE = replace(tables.load("pocket"), competitions=tables.load("pocket").competitions[:1])
"""Rounds at blocks 48, 72, 96, … to which a commitment is admitted 24 blocks later."""


@dataclass
class Shelf:
    """A ledger of submissions, and a cache with a model for each."""

    ledger: Ledger
    cache: ModelCache
    needs: Needs
    prune: Prune

    def submit(self, uid: int, commit: int, intake: str = "accepted") -> int:
        """A hotkey's submission, revealed five blocks after its commit; its id."""
        opened = opened_commitment(self.ledger, uid, commit, commit + 5)
        digest = digest_of(uid, commit)
        id_ = submissions.add(self.ledger, opened, "answers", f"user{uid}/model", "a" * 40, digest)
        refused = Rejection(Reason.WEIGHTS, "they are missing")
        if intake != "due":
            outcome = submissions.Accepted(1, 1) if intake == "accepted" else refused
            submissions.record_intake(self.ledger, id_, Block(commit + 6), outcome)
        self.place(digest)
        return id_

    def place(self, digest: str) -> None:
        self.cache.path(digest).mkdir()
        os.utime(self.cache.path(digest), (0, 0))

    def close_rounds(self, upto: int, king: int | None = None) -> None:
        for number in range(upto + 1):
            outcome = RoundOutcome((), None if king is None else reign(king))
            rounds.close_round(self.ledger, open_round(self.ledger, number, "answers").id, outcome, Block(200))

    def poll(self, block: int, *uids: int) -> None:
        """The present: who holds a uid, each since block 1."""
        commitments.record_poll(self.ledger, NETUID, Block(block), [neuron(uid) for uid in uids], [])

    def kept(self) -> list[tuple[int, int]]:
        """Whose models are still there, and of which commit, after one step of pruning."""
        self.prune.step()
        return sorted(
            (int(folder.name[0]), int(folder.name[1:])) for folder in self.cache.path("0" * 64).parent.iterdir()
        )


def digest_of(uid: int, commit: int) -> str:
    return f"{uid}{commit:063d}"


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    ledger, cache = open_ledger(tmp_path / "ledger.db"), ModelCache(tmp_path / "models")
    needs = Needs(ledger, NETUID, Rulebook.of(TABLE))
    yield Shelf(ledger, cache, needs, Prune(needs, cache, tmp_path / "bundles"))
    cache.close()
    ledger.close()


def test_every_model_that_may_be_live_in_an_unclosed_round_stays_and_what_was_replaced_goes(shelf: Shelf) -> None:
    for commit in (10, 30, 60, 62, 64):
        shelf.submit(1, commit)
    shelf.submit(2, 10)
    assert len(shelf.kept()) == 6
    shelf.close_rounds(upto=0)  # the next has seed block 72, and 30 is live in it
    assert shelf.kept() == [(1, 30), (1, 60), (1, 62), (1, 64), (2, 10)]
    shelf.close_rounds(upto=1)  # in that of block 96 only the newest is
    assert shelf.kept() == [(1, 64), (2, 10)]


def test_a_round_begun_and_not_closed_needs_its_entrants_though_later_ones_are_closed(shelf: Shelf) -> None:
    for commit in (10, 40):
        shelf.submit(1, commit)
    begun = open_round(shelf.ledger, 0, "answers")
    rounds.set_bundle(shelf.ledger, begun.id, "r" * 64, {}, 0)
    rounds.close_round(shelf.ledger, open_round(shelf.ledger, 1, "answers").id, RoundOutcome((), None), Block(200))
    assert shelf.kept() == [(1, 10), (1, 40)]


def test_models_that_are_due_stay_and_refused_ones_go(shelf: Shelf) -> None:
    shelf.submit(1, 10, intake="due")
    shelf.submit(2, 10, intake="rejected")
    assert shelf.kept() == [(1, 10)]


def test_the_kings_model_stays_though_its_miner_replaced_it_or_is_gone(shelf: Shelf) -> None:
    king = shelf.submit(1, 10)
    shelf.submit(1, 30)
    shelf.close_rounds(upto=3, king=king)
    shelf.poll(100, 2)
    assert shelf.kept() == [(1, 10)]


def test_models_of_hotkeys_that_went_or_withdrew_go_once_no_round_before_is_left(shelf: Shelf) -> None:
    for uid in (1, 2, 3):
        shelf.submit(uid, 10)
    entry = clear("hot3", 40)
    commitments.record_poll(shelf.ledger, NETUID, Block(60), [neuron(uid) for uid in (2, 3)], [entry])
    (withdrawn,) = [text for text in clear_texts.unread(shelf.ledger) if text.hotkey == Hotkey("hot3")]
    clear_texts.withdraw(shelf.ledger, withdrawn.commitment_id)
    assert len(shelf.kept()) == 3  # the round of block 48 is still to be judged
    shelf.close_rounds(upto=0)
    assert shelf.kept() == [(2, 10)]


def test_where_room_is_short_what_was_replaced_goes_before_what_nobody_names(shelf: Shelf) -> None:
    for uid, commit in [(1, 10), (1, 20), (1, 40), (2, 10)]:
        shelf.submit(uid, commit)
    shelf.close_rounds(upto=2)
    unnamed, old, older, needed = "f" * 64, digest_of(1, 20), digest_of(1, 10), digest_of(2, 10)
    assert shelf.needs.spare([unnamed, old, needed, older]) == (old, older, unnamed)


def test_the_base_that_a_table_names_stays(shelf: Shelf) -> None:
    ref = BaseRef("owner/base", "b" * 40, digest_of(8, 1))
    table = replace(TABLE, competitions=(replace(TABLE.competitions[0], base=ref),))
    shelf.place(digest_of(8, 1))
    shelf.place(digest_of(9, 1))
    based = replace(shelf, prune=replace(shelf.prune, needs=replace(shelf.needs, rulebook=Rulebook.of(table))))
    assert based.kept() == [(8, 1)]
