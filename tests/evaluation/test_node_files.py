"""Parcels on a machine that judges for another: whole or not at all, within bounds, never taken from who uses them."""

from pathlib import Path

import pytest

from evaluation.node_files import NodeFiles
from evaluation.parcels import Parcel, decode, look, pack, pieces


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A directory like a model's: two files of 5,000 bytes in all, and one that is empty."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights").write_bytes(bytes(range(250)) * 18)
    (folder / "config").write_bytes(b"{}" * 250)
    (folder / "empty").touch()
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a machine's parcels."""
    return tmp_path / "node"


def bring(files: NodeFiles, path: Path, parcel: Parcel | None = None) -> Path:
    """What a validator does to bring a parcel, in pieces of 100 bytes."""
    listed = decode((parcel or pack(path)).encode())
    files.begin(listed)
    for place, data in pieces(path, listed, 100):
        files.write(place, data)
    return files.finish()


def named(model: Path, name: str) -> Path:
    """The same files in a directory of another name."""
    return model.rename(model.with_name(name))


def test_a_directory_and_a_file_arrive_as_they_were(model: Path, root: Path) -> None:
    files, single = NodeFiles(root, 20_000), model / "weights"
    there = bring(files, model)
    assert (look(there), pack(there), there.name) == (look(model), pack(model), "model")
    assert bring(files, single).read_bytes() == single.read_bytes()
    assert NodeFiles(root, 20_000).find(pack(model)) == there


def test_what_is_damaged_on_its_way_does_not_arrive(model: Path, root: Path) -> None:
    files, parcel = NodeFiles(root, 20_000), pack(model)
    (model / "weights").write_bytes(b"x" * 4_500)
    with pytest.raises(OSError, match="model/weights did not arrive as it was sent"):
        bring(files, model, parcel)
    assert (files.find(parcel), list(root.iterdir())) == (None, [])


def test_what_was_damaged_since_it_arrived_is_found_and_leaves(model: Path, root: Path) -> None:
    files, parcel = NodeFiles(root, 20_000), pack(model)
    there = bring(files, model)
    assert files.damage() is None
    (there / "weights").write_bytes(bytes(4_500))
    assert files.damage() == f"model/weights was damaged in {root}"
    assert (files.find(parcel), files.damage()) == (None, None)


def test_what_was_used_longest_ago_goes_first_and_what_is_used_stays(model: Path, root: Path) -> None:
    mine, others = NodeFiles(root, 15_000), NodeFiles(root, 15_000)
    first = pack(model)
    bring(others, model)  # and goes on using it
    second = pack(named(model, "second"))
    bring(mine, model.with_name("second"))
    mine.release()
    third = bring(mine, named(model.with_name("second"), "third"))
    mine.release()
    fourth = bring(mine, named(third_source := model.with_name("third"), "fourth"))
    found = [NodeFiles(root, 15_000).find(parcel) is not None for parcel in (first, second)]
    assert (found, third.exists(), fourth.exists(), third_source.exists()) == ([True, False], True, True, False)


def test_what_has_no_room_is_told_with_the_numbers(model: Path, root: Path) -> None:
    with pytest.raises(OSError, match="has no room for 5000 bytes: 0 of its 4000 are in use"):
        bring(NodeFiles(root, 4_000), model)


def test_what_a_killed_process_left_goes_and_what_is_arriving_stays(model: Path, root: Path) -> None:
    files, other = NodeFiles(root, 20_000), NodeFiles(root, 20_000)
    (root / ".arriving-left").mkdir()
    files.begin(pack(model))
    bring(other, model / "config")
    for place, data in pieces(model, pack(model), 100):
        files.write(place, data)
    assert files.finish().exists()
    assert not [entry.name for entry in root.iterdir() if entry.name.startswith(".")]


def test_what_another_process_brought_meanwhile_is_used(model: Path, root: Path) -> None:
    files, parcel = NodeFiles(root, 20_000), pack(model)
    files.begin(parcel)
    for place, data in pieces(model, parcel, 1_000):
        files.write(place, data)
    assert bring(NodeFiles(root, 20_000), model) == files.finish()
