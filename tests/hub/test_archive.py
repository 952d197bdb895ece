"""The archive keeps every revision as it was, names it by its content, and loses nothing when many write."""

import multiprocessing
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.archive import Archive
from hub.port import InvalidName
from hub.repository import Entry, MissingFile, Removal, Repository, StaleParent, applied, revision_id

A, B, C = (Entry(path, 1, path * 64, path * 40, large=False) for path in "abc")


def opened(root: Path) -> tuple[Archive, Repository]:
    archive = Archive(root)
    archive.create("alice/x", "model", private=False, author="alice")
    found = archive.find("alice/x", "model")
    assert found is not None
    return archive, found


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ([C], [A, B, C]),
        ([replace(A, size=2)], [replace(A, size=2), B]),
        ([Removal("a")], [B]),
        ([Removal("a"), A], [A, B]),
        ([replace(C, path="d/c"), Removal("d", folder=True)], [A, B]),
    ],
)
def test_changes_are_applied_in_order(changes, after):
    assert applied({"a": A, "b": B}, changes) == {entry.path: entry for entry in after}


@pytest.mark.parametrize("removal", [Removal("c"), Removal("a", folder=True), Removal("b/")])
def test_removing_what_is_not_there_is_an_error(removal):
    with pytest.raises(MissingFile):
        applied({"a": A, "b": B}, [removal])


@pytest.mark.parametrize("path", ["a/x", "a/x/y"])
def test_a_path_is_not_a_file_and_a_folder_at_once(path):
    with pytest.raises(InvalidName):
        applied({"a": A}, [replace(B, path=path)])


GOLDEN = "9c9d8e6d824535169661595d333d09be7edffa40"


def test_a_revision_is_named_by_what_it_holds_and_follows():
    repository = Repository(1, "alice/x", "model", False, None)
    assert revision_id(repository, None, "t", "alice", [A, B]) == GOLDEN
    others = [
        revision_id(repository, None, "t", "alice", [B, A]),
        revision_id(repository, "0" * 40, "t", "alice", [A, B]),
        revision_id(replace(repository, kind="dataset"), None, "t", "alice", [A, B]),
        revision_id(repository, None, "t", "alice", [A]),
    ]
    assert [other == GOLDEN for other in others] == [True, False, False, False]


@settings(max_examples=25)
@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from([b"", b"1", b"2"]), min_size=1), max_size=5))
def test_every_revision_can_be_read_back(tmp_path_factory, commits):
    archive, repository = opened(tmp_path_factory.mktemp("archive"))
    expected, state = {}, {}
    for files in commits:
        entries = [archive.store(path, content) for path, content in files.items()]
        state = {**state, **files}
        expected[archive.commit(repository, entries, title="t", author="alice")] = state
    for oid, files in expected.items():
        revision = archive.revision(repository, oid)
        entries = archive.entries(repository, revision)
        read = {path: archive.blobs.path(entry.sha256).read_bytes() for path, entry in entries.items()}
        del read[".gitattributes"]
        assert read == files


def test_a_commit_on_a_deleted_repository_is_refused(tmp_path):
    archive, repository = opened(tmp_path)
    archive.delete(repository)
    with pytest.raises(StaleParent, match="deleted meanwhile"):
        archive.commit(repository, [archive.store("a", b"1")], title="t", author="alice")


def test_an_abandoned_blob_leaves_no_trace(tmp_path):
    archive, _ = opened(tmp_path)
    with archive.blobs.incoming() as blob:
        blob.write(b"half")
    assert list((tmp_path / "blobs" / "incoming").iterdir()) == []


def test_what_killed_writers_left_is_swept_once_nobody_can_be_writing_it(tmp_path):
    blobs = opened(tmp_path)[0].blobs
    with blobs.incoming() as killed, blobs.incoming() as writing:
        killed.write(b"half")
        os.utime(killed._partial, (time.time() - 7200,) * 2)
        assert (blobs.sweep(), blobs.sweep()) == (1, 0)
        writing.write(b"all")
        assert blobs.path(writing.keep()).read_bytes() == b"all"


def write_from_a_process(root: Path, name: str) -> None:
    archive, repository = opened(root)
    for turn in range(10):
        archive.commit(repository, [archive.store(f"{name}-{turn}", name.encode())], title="t", author="alice")


def test_processes_share_one_archive_from_its_first_moment(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_from_a_process, args=(tmp_path, name)) for name in "xyz"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    archive, repository = opened(tmp_path)
    head = archive.revision(repository)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert (head.number, len(archive.entries(repository, head))) == (30, 31)
