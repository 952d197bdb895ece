"""Batches on disk: what is kept, and how much of it."""

import os
from pathlib import Path

from evaluation.sources.batch_store import BatchStore


def test_no_more_is_kept_than_allowed_and_what_was_read_last_stays(tmp_path: Path) -> None:
    store, keys = BatchStore(tmp_path), [digit * 64 for digit in "abc"]
    for age, key in enumerate(keys):
        store.put(key, b"four")
        os.utime(tmp_path / f"{key}.jsonl", (age, age))
    assert store.get(keys[0]) == b"four"
    store.prune(8)
    assert [store.get(key) for key in keys] == [b"four", None, b"four"]


def test_what_a_kill_left_behind_goes_too(tmp_path: Path) -> None:
    (tmp_path / ".arriving-x").write_bytes(b"half")
    os.utime(tmp_path / ".arriving-x", (1, 1))
    store = BatchStore(tmp_path)
    store.put("a" * 64, b"four")
    store.prune(4)
    assert [file.name for file in tmp_path.iterdir()] == [f"{'a' * 64}.jsonl"]
