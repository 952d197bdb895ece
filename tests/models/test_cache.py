"""The cache: whole directories or none, through kills, pruning, damage, a quota and several openers."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from models.cache import ModelCache
from models.room import NoRoom

A, B, C = (letter * 64 for letter in "abc")
WEIGHTS = "model.safetensors"


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ModelCache]:
    opened = ModelCache(tmp_path / "cache")
    yield opened
    opened.close()


def add(cache: ModelCache, digest: str, content: bytes = b"weights") -> Path:
    with cache.workspace() as folder:
        (folder / "clean").mkdir()
        (folder / "clean" / WEIGHTS).write_bytes(content)
        return cache.add(digest, folder / "clean")


def unfinished(cache: ModelCache) -> list[str]:
    return sorted(path.name for path in (cache.path(A).parent.parent / "unfinished").iterdir())


def test_a_directory_that_arrives_is_there_whole(cache: ModelCache):
    before = cache.has(A)
    arrived = add(cache, A)
    assert (before, cache.has(A), arrived == cache.path(A), unfinished(cache)) == (False, True, True, [])
    assert [file.read_bytes() for file in cache.path(A).iterdir()] == [b"weights"]


def test_a_digest_that_is_here_stays_as_it_is(cache: ModelCache):
    add(cache, A, b"first")
    add(cache, A, b"second")
    assert ((cache.path(A) / WEIGHTS).read_bytes(), unfinished(cache)) == (b"first", [])


def test_what_breaks_in_a_workspace_leaves_nothing(cache: ModelCache):
    with pytest.raises(FileNotFoundError), cache.workspace() as folder:
        (folder / "part").write_bytes((folder / "not there").read_bytes())
    assert (unfinished(cache), list(cache.path(A).parent.iterdir())) == ([], [])


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


def lent(cache: ModelCache, digest: str) -> dict[str, bytes] | None:
    """The files of the directory that is lent, or None."""
    with cache.using(digest) as folder:
        return folder and {file.name: file.read_bytes() for file in folder.iterdir()}


def test_what_is_used_stays_and_goes_once_nobody_uses_it(cache: ModelCache, tmp_path: Path):
    add(cache, A)
    another = ModelCache(tmp_path / "cache")
    with cache.using(A) as folder, another.using(A):
        assert folder == cache.path(A)
        assert (cache.keep((), grace_s=-1), another.keep((), grace_s=-1), lent(another, A)) == (
            (),
            (),
            {WEIGHTS: b"weights"},
        )
    another.close()
    assert (cache.keep((), grace_s=-1), lent(cache, A), unfinished(cache)) == ((A,), None, [])


USED = """
import sys
from pathlib import Path
from models.cache import ModelCache
with ModelCache(Path(sys.argv[1])).using("a" * 64) as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_what_another_process_uses_stays_until_that_is_killed(cache: ModelCache, tmp_path: Path):
    add(cache, A)
    command = [sys.executable, "-c", USED, tmp_path / "cache"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        assert user.stdout.readline().strip() == str(cache.path(A))
        kept = cache.keep((), grace_s=-1)
        user.send_signal(signal.SIGKILL)
    assert (kept, cache.keep((), grace_s=-1)) == ((), (A,))


def flip(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"Weights")


def truncate(folder: Path) -> None:
    os.truncate(folder / WEIGHTS, 3)


def delete(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


def add_another(folder: Path) -> None:
    (folder / "config.json").write_bytes(b"{}")


def lose_the_record(folder: Path) -> None:
    (folder.parent.parent / "sums" / folder.name).unlink()


def spoil_the_record(folder: Path) -> None:
    (folder.parent.parent / "sums" / folder.name).write_bytes(b"{")


DAMAGES = (flip, truncate, delete, add_another)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_directory_is_lent_to_nobody_and_can_arrive_anew(cache: ModelCache, damage: Callable[[Path], None]):
    add(cache, A)
    damage(cache.path(A))
    assert (lent(cache, A), cache.has(A), unfinished(cache)) == (None, False, [])
    add(cache, A)
    assert lent(cache, A) == {WEIGHTS: b"weights"}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_what_arrives_takes_the_place_of_a_damaged_directory(cache: ModelCache, damage: Callable[[Path], None]):
    add(cache, A)
    damage(cache.path(A))
    add(cache, A)
    assert lent(cache, A) == {WEIGHTS: b"weights"}


@pytest.mark.parametrize("damage", [*DAMAGES, lose_the_record, spoil_the_record], ids=lambda damage: damage.__name__)
def test_damage_done_while_nobody_had_the_cache_open_is_noticed(
    cache: ModelCache, tmp_path: Path, damage: Callable[[Path], None]
):
    add(cache, A)
    add(cache, B)
    cache.close()
    damage(cache.path(A))
    opened = ModelCache(tmp_path / "cache")
    assert (lent(opened, A), lent(opened, B)) == (None, {WEIGHTS: b"weights"})
    opened.close()


def test_a_directory_damaged_while_it_is_used_stays_for_its_user_and_is_lent_to_nobody_else(cache: ModelCache):
    add(cache, A)
    with cache.using(A) as folder:
        assert not cache.is_damaged(A)
        flip(folder)
        assert (cache.is_damaged(A), folder.is_dir(), lent(cache, A)) == (True, True, None)
    assert (lent(cache, A), cache.has(A)) == (None, False)


def test_damage_that_the_file_system_does_not_tell_of_is_noticed_once_somebody_asks(cache: ModelCache):
    add(cache, A)
    other = (cache.path(A).parent.parent / "sums" / A).read_text().replace('": "', '": "0')
    (cache.path(A).parent.parent / "sums" / A).write_text(other)  # as if another content had arrived
    assert lent(cache, A) == {WEIGHTS: b"weights"}
    assert (cache.is_damaged(A), cache.has(A)) == (True, False)


KILLED_WHILE = """
import os, sys
from pathlib import Path
from models.cache import ModelCache

root, method, calls = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
cache = ModelCache(root)
real = getattr(Path, method)

def killed(self, *given, **named):
    global calls
    calls -= 1
    if calls < 0:
        os._exit(9)
    return real(self, *given, **named)

with cache.workspace() as folder:
    (folder / "clean").mkdir()
    (folder / "clean" / "model.safetensors").write_bytes(b"weights")
    setattr(Path, method, killed)
    cache.add("a" * 64, folder / "clean")
cache.keep((), grace_s=-1)
os._exit(0)
"""


@pytest.mark.parametrize(
    ("method", "calls"),
    [("replace", 0), ("rename", 0), ("rename", 1), ("unlink", 0)],
    ids=["before its record", "before it arrives", "before it leaves", "before its record leaves"],
)
def test_a_kill_on_the_way_in_or_out_leaves_all_or_nothing(tmp_path: Path, method: str, calls: int):
    root = tmp_path / "cache"
    command = [sys.executable, "-c", KILLED_WHILE, root, method, str(calls)]
    assert subprocess.run(command, check=False).returncode == 9
    cache = ModelCache(root)
    there = {WEIGHTS: b"weights"} if (method, calls) == ("rename", 1) else None
    assert cache.has(A) == (there is not None)
    records = [A] if there else []
    assert (lent(cache, A), [path.name for path in (root / "sums").iterdir()], unfinished(cache)) == (
        there,
        records,
        [],
    )
    add(cache, A)
    assert lent(cache, A) == {WEIGHTS: b"weights"}
    cache.close()


def limited(tmp_path: Path, quota_bytes: int, spared: Sequence[str] = ()) -> ModelCache:
    """A cache of three models of ten bytes each, the oldest first, that gives away all but those spared."""

    def spare(here: Sequence[str]) -> Sequence[str]:
        return [digest for digest in here if digest not in spared]

    cache = ModelCache(tmp_path / "cache", quota_bytes=quota_bytes, spare=spare)
    for age, digest in enumerate((C, A, B)):
        add(cache, digest, bytes(10))
        os.utime(cache.path(digest), (age, age))
    return cache


def test_room_is_made_from_what_may_go_in_its_order_and_no_more_than_is_needed(tmp_path: Path):
    cache = limited(tmp_path, 40, spared=[C])
    with cache.workspace(room=15) as folder:
        assert isinstance(folder, Path)
        assert [cache.has(digest) for digest in (A, B, C)] == [False, True, True]
    cache.close()


def test_what_is_used_is_passed_over_when_room_is_made(tmp_path: Path):
    cache = limited(tmp_path, 40)
    with cache.using(C), cache.workspace(room=15) as folder:
        assert isinstance(folder, Path)
        assert [cache.has(digest) for digest in (A, B, C)] == [False, True, True]
    cache.close()


def test_without_room_nothing_is_promised_and_the_numbers_are_told(tmp_path: Path):
    cache = limited(tmp_path, 40, spared=[A, B, C])
    with cache.workspace(room=11) as folder:
        assert folder == NoRoom(needed=11, used=30, capacity=40)
    assert str(folder).startswith("no room for 11 bytes: of 40 there may be, 30 are used")
    with cache.workspace(room=10) as folder:
        assert isinstance(folder, Path)
    cache.close()


def test_a_promise_binds_every_opener_and_ends_with_its_workspace(tmp_path: Path):
    cache, another = limited(tmp_path, 50, spared=[A, B, C]), ModelCache(tmp_path / "cache", quota_bytes=50)
    with cache.workspace(room=15) as folder:
        assert isinstance(folder, Path)
        (folder / "half").write_bytes(bytes(8))
        with another.workspace(room=6) as other:
            assert other == NoRoom(needed=6, used=45, capacity=50)
    with another.workspace(room=20) as other:
        assert isinstance(other, Path)
    cache.close()
    another.close()


def test_a_disk_is_not_filled_to_its_last_byte(cache: ModelCache):
    disk = os.statvfs(cache.path(A).parent)
    with cache.workspace(room=disk.f_bavail * disk.f_frsize) as folder:
        assert isinstance(folder, NoRoom)
        assert folder.capacity < folder.needed
