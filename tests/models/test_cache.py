"""The cache: whole directories or none, through kills, pruning and several openers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.cache import ModelCache

A, B, C = (letter * 64 for letter in "abc")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ModelCache]:
    opened = ModelCache(tmp_path / "cache")
    yield opened
    opened.close()


def add(cache: ModelCache, digest: str, content: bytes = b"weights") -> Path:
    with cache.workspace() as folder:
        (folder / "clean").mkdir()
        (folder / "clean" / "model.safetensors").write_bytes(content)
        return cache.add(digest, folder / "clean")


def unfinished(cache: ModelCache) -> list[str]:
    return sorted(path.name for path in (cache.path(A).parent.parent / "unfinished").iterdir())


def test_a_directory_that_arrives_is_there_whole(cache: ModelCache):
    before = cache.has(A)
    arrived = add(cache, A)
    assert (before, cache.has(A), arrived == cache.path(A), unfinished(cache), cache.bytes_used()) == (
        False,
        True,
        True,
        [],
        7,
    )
    assert [file.read_bytes() for file in cache.path(A).iterdir()] == [b"weights"]


def test_a_digest_that_is_here_stays_as_it_is(cache: ModelCache):
    add(cache, A, b"first")
    add(cache, A, b"second")
    assert ((cache.path(A) / "model.safetensors").read_bytes(), unfinished(cache)) == (b"first", [])


def test_what_breaks_in_a_workspace_leaves_nothing(cache: ModelCache):
    with pytest.raises(FileNotFoundError), cache.workspace() as folder:
        (folder / "part").write_bytes((folder / "not there").read_bytes())
    assert (unfinished(cache), cache.bytes_used()) == ([], 0)


def test_pruning_keeps_what_is_asked_for_and_what_has_just_arrived(cache: ModelCache):
    for digest in (A, B, C):
        add(cache, digest)
    os.utime(cache.path(B), (0, 0))
    removed = cache.keep({A})
    assert (removed, [cache.has(digest) for digest in (A, B, C)], unfinished(cache)) == ((B,), [True, False, True], [])
    assert (cache.keep({A}, grace_s=0), cache.has(A), cache.has(C)) == ((C,), True, False)


@pytest.mark.parametrize("name", ["", "..", "../" + "a" * 61, "A" * 64, "a" * 63])
def test_only_a_digest_names_a_path(cache: ModelCache, name: str):
    with pytest.raises(ValueError, match="is no digest; pass 64 lower-case hex digits"):
        cache.path(name)


KILLED = """
import os, sys
from pathlib import Path
from models.cache import ModelCache
cache = ModelCache(Path(sys.argv[1]))
with cache.workspace() as folder:
    (folder / "model.safetensors").write_bytes(b"half")
    os._exit(9)
"""


def test_what_a_killed_process_left_is_swept_when_nobody_else_is_open(tmp_path: Path):
    root = tmp_path / "cache"
    code = subprocess.run([sys.executable, "-c", KILLED, root], check=False).returncode
    left = len(list((root / "unfinished").iterdir()))
    cache = ModelCache(root)
    assert (code, left, unfinished(cache)) == (9, 1, [])
    cache.close()


def test_a_workspace_in_use_survives_another_opener(cache: ModelCache, tmp_path: Path):
    with cache.workspace() as folder:
        another = ModelCache(tmp_path / "cache")
        assert folder.is_dir()
        another.close()
