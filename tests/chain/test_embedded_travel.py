"""Travel makes the blocks that single steps would, time can be set, and dropped blocks are followed by others."""

import asyncio
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
from chain.embedded.substrate import EmbeddedSubstrate
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
    began = time.perf_counter()
    head = Author(node).travel(20_000)
    assert (head.number, (time.perf_counter() - began) / 20_000 < 0.000_2) == (20_000, True)
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


@pytest.fixture
def lagging(tmp_path: Path, localnet: Any) -> Any:
    """A chain whose finality trails by four blocks, with the people of localnet's miner and validator."""
    node = genesis(tmp_path / "lagging.db", block_time_s=1.0, start=START, beacon_secret=b"lag", finality_lag=4)
    root = Root(node)
    root.create_subnet(NETUID, localnet.miner.cold, localnet.miner.hot, name="lag")
    root.register(NETUID, localnet.validator.hot, localnet.validator.cold)
    yield node
    node.close()


def commit(sdk: Any, keys: Any, text: bytes, *, wait: bool = False) -> Any:
    call = bt.calls.Commitments.set_commitment(netuid=NETUID, info={"fields": [{f"Raw{len(text)}": text}]})
    return sdk.submit_call(call, keys, signer="hotkey", wait_for_inclusion=wait, wait_for_finalization=False)


def entries(read: list[dict[str, Any]]) -> dict[str, tuple[str, int]]:
    return {entry["hotkey"]: (entry["commitment"], entry["block"]) for entry in read}


def test_dropped_blocks_are_followed_by_others_that_hold_their_extrinsics(localnet: Any, lagging: Node) -> None:
    author = Author(lagging)
    author.advance(5)
    substrate = EmbeddedSubstrate(lagging.file.path)
    with bt.SyncClient(network="local", substrate=substrate) as sdk:
        commit(sdk, localnet.miner, b"first", wait=True)
        author.advance(1)
        commit(sdk, localnet.validator, b"second")
        before = [sdk.block_info(block).hash for block in range(8)]

        dropped_to = author.reorganise(3).number
        gone = sdk.read("commitments", netuid=NETUID)
        author.advance(3)
        after = [sdk.block_info(block).hash for block in range(8)]

        stand = sdk.read("commitments", netuid=NETUID)
        assert (dropped_to, [a == b for a, b in zip(before, after, strict=True)]) == (4, [True] * 5 + [False] * 3)
        assert [entries(read) for read in (gone, stand)] == [
            {},
            {localnet.miner.hot: ("first", 5), localnet.validator.hot: ("second", 5)},
        ]
        with pytest.raises(bt.ChainError, match="no block with hash"):
            asyncio.run(substrate.query("System", "Number", [], before[7]))


def test_final_blocks_are_never_dropped_however_often(lagging: Node) -> None:
    author = Author(lagging)
    author.advance(10)
    author.reorganise(3)
    with pytest.raises(CannotGoBack, match="block 6 is final and the head is 7, so at most 1 can go"):
        author.reorganise(2)
    author.advance(2)
    assert (lagging.finalized().number, lagging.head().number) == (6, 9)
    author.advance(2)
    assert lagging.finalized().number == 7


def test_chain_that_is_final_at_once_drops_nothing(localnet: Any) -> None:
    localnet.author.advance(3)
    with pytest.raises(CannotGoBack, match=r"at most 0 can go; a chain whose finality_lag \(0 here\) is longer"):
        localnet.author.reorganise(1)


def test_what_opened_in_a_dropped_block_opens_again(localnet: Any, lagging: Node) -> None:
    with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(lagging.file.path)) as sdk:
        junk = {"TimelockEncrypted": {"encrypted": b"junk", "reveal_round": 9}}
        localnet.commit(sdk, localnet.miner, junk)
        author = Author(lagging)
        author.travel(to=Block(9))
        author.reorganise(3)
        entry = sdk.query(st.Commitments.CommitmentOf, [NETUID, localnet.miner.hot])
        author.travel(4)
        later = sdk.query(st.Commitments.CommitmentOf, [NETUID, localnet.miner.hot])
    kinds = [next(iter(read["info"]["fields"][0])) for read in (entry, later)]
    assert kinds == ["TimelockEncrypted", "TimelockRevealFailed"]


def test_block_stream_shows_the_blocks_that_replace_dropped_ones(lagging: Node) -> None:
    author = Author(lagging)
    author.advance(5)

    async def seen() -> list[tuple[int, str]]:
        substrate, headers = EmbeddedSubstrate(lagging.file.path), []
        async for block in substrate.blocks():
            headers.append((block["header"]["number"], block["header"]["hash"]))
            if len(headers) == 1:
                author.advance(2)
            if len(headers) == 3:
                author.reorganise(2)
                author.advance(3)
            if len(headers) == 6:
                break
        await substrate.close()
        return headers

    headers = asyncio.run(seen())
    assert [number for number, _ in headers] == [5, 6, 7, 6, 7, 8]
    assert len(set(headers)) == 6
