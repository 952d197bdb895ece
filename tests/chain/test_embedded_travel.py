"""Travel makes the blocks that single steps would, thousands a second, and chain time can be set."""

import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bittensor as bt
import pytest

from chain.embedded.author import Author
from chain.embedded.errors import CannotGoBack
from chain.embedded.genesis import genesis
from chain.embedded.node import Node
from chain.embedded.root import Root
from chain.types import Block, NetUid
from tests.chain.contents import contents

NETUID = NetUid(7)
START = datetime(2030, 1, 1, tzinfo=UTC)
st = bt.storage


def busy(localnet: Any, client: Any) -> None:
    """Leave openings, a failing one, a triggered epoch and weights to reveal behind, at different distances."""
    localnet.rules(commit_reveal=True, tempo=37)
    near, far = (bt.timelock.encrypt(text, reveal_round=round_) for text, round_ in ((b"near", 21), (b"far", 1_500)))
    fields = [
        {"TimelockEncrypted": {"encrypted": sealed.encrypted, "reveal_round": sealed.reveal_round}}
        for sealed in (near, far)
    ]
    localnet.commit(client, localnet.miner, *fields, {"Raw1": b"x"})
    localnet.commit(client, localnet.owner, {"TimelockEncrypted": {"encrypted": b"junk", "reveal_round": 300}})
    client.execute(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)
    late = bt.calls.SubtensorModule.commit_timelocked_mechanism_weights(
        netuid=NETUID, mecid=0, commit=b"late", reveal_round=90, commit_reveal_version=4
    )
    client.submit_call(late, localnet.validator, signer="hotkey")
    localnet.root.trigger_epoch(NETUID, Block(15))


def test_travel_makes_the_very_blocks_of_single_steps(localnet: Any, client: Any, tmp_path: Path) -> None:
    busy(localnet, client)
    localnet.node.file._run("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(localnet.path, tmp_path / "twin.db")
    twin = Node.open(tmp_path / "twin.db")

    localnet.author.advance(2_000)
    Author(twin).travel(2_000)

    assert contents(twin) == contents(localnet.node)
    assert client.query(st.Commitments.RevealedCommitments, [NETUID, localnet.miner.hot]) == [
        ("near", 20),
        ("far", 1_499),
    ]
    assert client.query_map(st.SubtensorModule.Weights, [NETUID]) == [(1, [(2, 65535)])]
    twin.close()


def test_travel_takes_less_than_a_fifth_of_a_millisecond_for_an_idle_block(tmp_path: Path, localnet: Any) -> None:
    node = genesis(tmp_path / "bare.db", start=START)
    Root(node).create_subnet(NETUID, localnet.miner.cold, localnet.miner.hot)
    began = time.process_time()  # whatever else the machine has to do
    head = Author(node).travel(20_000)
    assert (head.number, (time.process_time() - began) / 20_000 < 0.000_2) == (20_000, True)
    node.close()


@pytest.mark.parametrize(
    ("to", "number"),
    [(Block(40), 40), (START + timedelta(seconds=60), 60), (START + timedelta(seconds=60.2), 61), (Block(5), 5)],
    ids=["block", "moment", "between two blocks", "here"],
)
def test_travel_ends_at_a_block_or_a_moment(localnet: Any, to: Block | datetime, number: int) -> None:
    localnet.author.advance(5)
    head = localnet.author.travel(to=to)
    assert (head.number, head.time_ms) == (number, (round(START.timestamp()) + number) * 1000)


def test_travel_into_the_past_is_refused(localnet: Any) -> None:
    localnet.author.advance(5)
    for past in (Block(4), START):
        with pytest.raises(CannotGoBack, match="the head is block 5 of 2030-01-01 00:00:05"):
            localnet.author.travel(to=past)


def test_time_that_is_set_opens_what_was_due_meanwhile_in_one_block(localnet: Any, client: Any) -> None:
    sealed = bt.timelock.encrypt(b"pointer", reveal_round=1_000)
    field = {"TimelockEncrypted": {"encrypted": sealed.encrypted, "reveal_round": sealed.reveal_round}}
    localnet.commit(client, localnet.miner, field)

    head = localnet.author.set_time(START + timedelta(hours=1))

    assert (head.number, client.timestamp(block=2)) == (2, START + timedelta(hours=1))
    assert client.query(st.Commitments.RevealedCommitments, [NETUID, localnet.miner.hot]) == [("pointer", 2)]
    assert localnet.author.advance().time_ms == head.time_ms + 1_000


def test_time_is_never_set_before_the_next_block(localnet: Any) -> None:
    localnet.author.advance(5)
    with pytest.raises(CannotGoBack, match=r"the next block is of 2030-01-01 00:00:06\+00:00 or later"):
        localnet.author.set_time(START + timedelta(seconds=5))
    assert localnet.node.head().number == 5
