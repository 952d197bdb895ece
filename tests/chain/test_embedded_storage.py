"""Values are stamped with blocks, unsealed work is invisible, failed work is undone, foreign files are refused."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
from bittensor.result import RpcConnectionError

from chain.embedded.errors import ChainFileError
from chain.embedded.genesis import genesis
from chain.embedded.node import Node
from chain.embedded.storage import ChainFile, Header


@pytest.fixture
def file(tmp_path: Path) -> ChainFile:
    return ChainFile.create(tmp_path / "chain.db", {"name": b"value"})


def test_every_block_keeps_its_own_value(file: ChainFile) -> None:
    for block, value in ((1, b"one"), (3, b"three"), (5, None)):
        file.put(b"key", block, value)

    assert [file.get(b"key", block) for block in range(7)] == [None, b"one", b"one", b"three", b"three", None, None]
    assert [file.range(b"k", block) for block in (2, 4, 6)] == [[(b"key", b"one")], [(b"key", b"three")], []]


def test_range_ends_where_the_prefix_ends(file: ChainFile) -> None:
    for key in (b"a\xfe", b"a\xff", b"a\xff\x00", b"b"):
        file.put(key, 0, key)

    assert [key for key, _ in file.range(b"a\xff", 0)] == [b"a\xff", b"a\xff\x00"]


def test_failed_write_leaves_nothing(file: ChainFile) -> None:
    with contextlib.suppress(RuntimeError), file.write():
        file.put(b"key", 0, b"value")
        raise RuntimeError
    assert file.get(b"key", 0) is None


def test_failed_part_of_a_write_is_undone_alone(file: ChainFile) -> None:
    with file.write():
        file.put(b"kept", 0, b"value")
        with contextlib.suppress(RuntimeError), file.undo_on_error():
            file.put(b"undone", 0, b"value")
            raise RuntimeError
    assert (file.get(b"kept", 0), file.get(b"undone", 0)) == (b"value", None)


def test_block_is_found_by_number_and_hash(file: ChainFile) -> None:
    header = Header(0, b"h" * 32, 123)
    with file.write():
        file.add_block(header, None)
    assert (file.head(), file.block(0), file.block_by_hash(b"h" * 32), file.block(1)) == (header, header, header, None)


def test_missing_foreign_and_existing_files_are_refused(tmp_path: Path, file: ChainFile) -> None:
    foreign = tmp_path / "foreign.db"
    sqlite3.connect(foreign).executescript("CREATE TABLE meta (name, value)")
    (tmp_path / "text.db").write_text("no database at all")

    with pytest.raises(ChainFileError, match="no chain file at"):
        Node.open(tmp_path / "missing.db")
    for path in (foreign, tmp_path / "text.db"):
        with pytest.raises(ChainFileError, match="is not a chain file"):
            Node.open(path)
    with pytest.raises(ChainFileError, match="already exists"):
        genesis(file.path)


def test_a_file_that_cannot_be_used_is_a_lost_connection_to_the_sdk(file: ChainFile) -> None:
    file.close()
    with pytest.raises(RpcConnectionError, match="cannot be used"):
        file.head()
