"""Pruning: what a coming round can need stays on disk, and nothing else does."""

import os
from dataclasses import replace
from pathlib import Path

from chain.types import Block
from ledger import submissions
from ledger.database import open_ledger
from models.bases import BaseRef
from models.cache import ModelCache
from neurons import tables
from neurons.loops.prune import Prune
from tests.ledger.builders import opened_commitment

TABLE = tables.load("pocket")


def test_the_two_newest_models_of_each_hotkey_stay_and_older_ones_go(tmp_path: Path) -> None:
    ledger, cache = open_ledger(tmp_path / "ledger.db"), ModelCache(tmp_path / "models")
    for uid, commit in [(1, 30), (1, 10), (1, 20), (2, 10)]:
        digest = f"{uid}{commit:063d}"
        opened = opened_commitment(ledger, uid, commit, commit + 5)
        id_ = submissions.add(ledger, opened, "answers", f"user{uid}/model", "a" * 40, digest)
        submissions.record_intake(ledger, id_, Block(40), submissions.Accepted(1, 1))
        cache.path(digest).mkdir()
        os.utime(cache.path(digest), (0, 0))
    Prune(ledger, cache, tmp_path / "bundles", TABLE).step()
    every = [f"1{10:063d}", f"1{20:063d}", f"1{30:063d}", f"2{10:063d}"]
    assert [cache.has(digest) for digest in every] == [False, True, True, True]
    ledger.close()


def test_the_base_that_a_table_names_stays(tmp_path: Path) -> None:
    ledger, cache = open_ledger(tmp_path / "ledger.db"), ModelCache(tmp_path / "models")
    ref = BaseRef("owner/base", "b" * 40, "b" * 64)
    for digest in (ref.digest, "c" * 64):
        cache.path(digest).mkdir()
        os.utime(cache.path(digest), (0, 0))
    first, *others = TABLE.competitions
    Prune(ledger, cache, tmp_path / "bundles", replace(TABLE, competitions=(replace(first, base=ref), *others))).step()
    assert [cache.has(digest) for digest in (ref.digest, "c" * 64)] == [True, False]
    ledger.close()
