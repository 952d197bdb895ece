"""A snapshot is the chain at one moment, whoever writes meanwhile; a restored chain goes on with other blocks."""

import sqlite3
import threading
from pathlib import Path
from typing import Any

import bittensor as bt
import pytest

from chain.embedded.author import Author
from chain.embedded.errors import ChainFileError
from chain.embedded.genesis import genesis
from chain.embedded.node import Node
from chain.embedded.snapshots import restore, snapshot
from chain.embedded.substrate import EmbeddedSubstrate
from tests.chain.contents import contents

st = bt.storage
NETUID = 7


def test_snapshot_holds_everything_and_goes_on_as_the_chain_does(localnet: Any, client: Any, tmp_path: Path) -> None:
    localnet.commit(client, localnet.miner, {"Raw1": b"x"})
    call = bt.calls.Commitments.set_commitment(netuid=NETUID, info={"fields": [{"Raw1": b"y"}]})
    waiting = {"wait_for_inclusion": False, "wait_for_finalization": False}
    client.submit_call(call, localnet.validator, signer="hotkey", **waiting)

    head = snapshot(localnet.path, tmp_path / "taken.db")
    copy = Node.open(tmp_path / "taken.db")
    same = contents(copy) == contents(localnet.node)
    Author(copy).advance(3)
    localnet.author.advance(3)

    assert (head.number, same, contents(copy) == contents(localnet.node)) == (1, True, True)
    assert sorted(path.name for path in tmp_path.iterdir() if "taken" in path.name or ".chain" in path.name) == [
        "taken.db",
        "taken.db-shm",
        "taken.db-wal",
    ]
    copy.close()


def test_snapshot_taken_while_blocks_are_made_is_whole(localnet: Any, tmp_path: Path) -> None:
    done = threading.Event()

    def write() -> None:
        node = Node.open(localnet.path)
        while not done.is_set():
            Author(node).travel(50)
        node.close()

    writer = threading.Thread(target=write)
    writer.start()
    heads = [snapshot(localnet.path, tmp_path / f"taken-{number}.db").number for number in range(5)]
    done.set()
    writer.join(60)

    assert heads == sorted(heads)
    for number, head in enumerate(heads):
        db = sqlite3.connect(tmp_path / f"taken-{number}.db")
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("SELECT count(*) - 1, max(number) FROM blocks").fetchall() == [(head, head)]
        db.close()


def test_restored_chain_goes_on_with_other_blocks_under_open_clients(
    localnet: Any, client: Any, tmp_path: Path
) -> None:
    localnet.author.advance(2)
    snapshot(localnet.path, tmp_path / "taken.db")
    hashes = []
    for text in (b"a", b"b", b"a"):
        localnet.commit(client, localnet.miner, {"Raw1": text})
        localnet.author.advance(1)
        hashes.append([client.block_info(block).hash for block in range(5)])
        restored = restore(tmp_path / "taken.db", localnet.path)
        assert (restored.number, client.block, client.read("commitments", netuid=NETUID)) == (2, 2, [])

    assert len({tuple(seen[:3]) for seen in hashes}) == 1
    assert [len({seen[block] for seen in hashes}) for block in (3, 4)] == [3, 3]


def test_restoring_keeps_how_blocks_come_about(localnet: Any, tmp_path: Path) -> None:
    snapshot(localnet.path, tmp_path / "taken.db")
    stopped = threading.Event()
    stopped.set()
    localnet.author.run(stopped)
    restore(tmp_path / "taken.db", localnet.path)
    assert not localnet.node.instant


def test_snapshot_is_restored_to_a_new_path(localnet: Any, tmp_path: Path) -> None:
    localnet.author.advance(3)
    snapshot(localnet.path, tmp_path / "taken.db")
    restore(tmp_path / "taken.db", tmp_path / "again.db")
    localnet.author.advance(1)
    with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(tmp_path / "again.db")) as client:
        node = Node.open(tmp_path / "again.db")
        Author(node).advance(1)
        assert (node.file.block(3), client.block) == (localnet.node.file.block(3), 4)
        assert node.file.block(4) != localnet.node.file.block(4)
        node.close()


def test_what_cannot_be_copied_is_refused_with_its_reason(localnet: Any, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all")
    genesis(tmp_path / "other.db").close()
    snapshot(localnet.path, tmp_path / "taken.db")
    refused = {
        "already exists; choose another path": lambda: snapshot(localnet.path, tmp_path / "taken.db"),
        "no chain file at": lambda: snapshot(tmp_path / "missing.db", tmp_path / "new.db"),
        "text.db is not a chain file": lambda: restore(tmp_path / "text.db", tmp_path / "new.db"),
        "text.db is not a chain file of": lambda: restore(tmp_path / "taken.db", tmp_path / "text.db"),
        "is a snapshot of another chain": lambda: restore(tmp_path / "taken.db", tmp_path / "other.db"),
        "is the chain itself": lambda: restore(localnet.path, localnet.path),
        "No such file or directory; name": lambda: snapshot(localnet.path, tmp_path / "no" / "new.db"),
    }
    for reason, attempt in refused.items():
        with pytest.raises(ChainFileError, match=reason):
            attempt()
    assert (tmp_path / "text.db").read_text() == "no database at all"
    assert not (tmp_path / "new.db").exists()


def test_chain_that_another_process_writes_to_is_not_replaced(localnet: Any, tmp_path: Path) -> None:
    snapshot(localnet.path, tmp_path / "taken.db")
    localnet.author.advance(1)
    with (
        localnet.node.file.write(),
        pytest.raises(ChainFileError, match="another process writes to it and does not end: stop it, or try again"),
    ):
        restore(tmp_path / "taken.db", localnet.path, patience_s=0.01)
    assert localnet.node.head().number == 1
