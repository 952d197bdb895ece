"""Dropped blocks are followed by others: their extrinsics return, and what is final stays."""

import asyncio
from datetime import UTC, datetime
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

NETUID = NetUid(7)
START = datetime(2030, 1, 1, tzinfo=UTC)
st = bt.storage


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
                author.reorganise(3)
                author.advance(4)
            if len(headers) == 5:
                author.reorganise(2)
                author.advance(3)
            if len(headers) == 8:
                break
        await substrate.close()
        return headers

    headers = asyncio.run(seen())
    assert [number for number, _ in headers] == [5, 3, 4, 5, 6, 5, 6, 7]
    assert len(set(headers)) == 8
