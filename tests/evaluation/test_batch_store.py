"""Batches on disk: what is kept, what a kill leaves, and what goes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.sources.batch_store import BatchStore


def root_of(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture
def store(tmp_path: Path) -> BatchStore:
    """Three batches, put in the order of their numbers in the distant past."""
    one = BatchStore(tmp_path / "batches")
    for number in range(3):
        one.put(root_of(number), b"batch %d" % number)
        os.utime(one.folder / f"{root_of(number)}.jsonl", (number + 1, number + 1))
    return one


def held(store: BatchStore) -> set[str]:
    return {file.name for file in store.folder.iterdir()}


def test_a_batch_is_kept_until_it_is_dropped(store: BatchStore) -> None:
    before = store.get(root_of(1))
    for _ in range(2):
        store.drop(root_of(1))
    assert (before, store.get(root_of(1)), store.get(root_of(2))) == (b"batch 1", None, b"batch 2")


def test_a_batch_that_is_put_again_replaces_what_was_there(store: BatchStore) -> None:
    store.put(root_of(1), b"mended")
    assert (store.get(root_of(1)), len(held(store))) == (b"mended", 3)


def test_pruning_keeps_what_was_put_last(store: BatchStore) -> None:
    store.prune(14)
    assert held(store) == {f"{root_of(1)}.jsonl", f"{root_of(2)}.jsonl"}
    store.prune(14)
    assert len(held(store)) == 2


def test_a_batch_that_is_still_read_outlives_newer_ones(store: BatchStore) -> None:
    store.get(root_of(0))
    store.prune(7)
    assert held(store) == {f"{root_of(0)}.jsonl"}


def test_pruning_an_empty_store_is_no_fault(tmp_path: Path) -> None:
    BatchStore(tmp_path / "nothing").prune(1)
    assert list(tmp_path.iterdir()) == []


KILLED = """
import resource, signal, sys
from pathlib import Path
from evaluation.sources.batch_store import BatchStore
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
BatchStore(Path(sys.argv[1])).put(sys.argv[2], b"x" * 5_000)
"""


def test_a_kill_while_a_batch_arrives_leaves_nothing_that_counts_and_goes_in_time(store: BatchStore) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(store.folder), root_of(9)], check=False)
    (left,) = store.folder.glob(".arriving-*")
    os.utime(left, (0, 0))
    assert (killed.returncode, left.stat().st_size, store.get(root_of(9))) == (-signal.SIGXFSZ, 1_000, None)
    store.prune(21)
    assert held(store) == {f"{root_of(number)}.jsonl" for number in range(3)}


def test_a_batch_that_the_disk_will_not_have_is_told_and_leaves_nothing(store: BatchStore) -> None:
    (store.folder / f"{root_of(9)}.jsonl").mkdir()
    before = held(store)
    with pytest.raises(IsADirectoryError):
        store.put(root_of(9), b"whole")
    assert held(store) == before


@pytest.mark.parametrize("name", ["", "../" + "a" * 61, "A" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n", "g" * 64])
def test_a_name_that_is_no_key_reaches_no_file(store: BatchStore, name: str) -> None:
    for ask in (store.get, store.drop, lambda root: store.put(root, b"")):
        with pytest.raises(ValueError, match="is no key: 64 hex digits"):
            ask(name)
    assert len(held(store)) == 3
