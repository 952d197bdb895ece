"""What the SDK reads: the whole protocol, blocks past and present, pulses, and errors that name what is missing."""

import asyncio
import inspect
from pathlib import Path
from typing import Any

import bittensor as bt
import pytest
from bittensor._substrate import Substrate

from chain.embedded.genesis import genesis
from chain.embedded.root import Root
from chain.embedded.substrate import EmbeddedSubstrate
from chain.types import NetUid

NETUID = NetUid(7)
subtensor = bt.storage.SubtensorModule


def test_substrate_has_every_method_of_the_protocol_with_its_parameters() -> None:
    def parameters(owner: type) -> dict[str, list[str]]:
        public = inspect.getmembers(owner, inspect.isfunction)
        return {name: list(inspect.signature(f).parameters) for name, f in public if not name.startswith("_")}

    assert parameters(EmbeddedSubstrate) == parameters(Substrate)


def test_past_blocks_are_read_as_they_were(localnet: Any, client: Any) -> None:
    for text in (b"one", b"two"):
        localnet.commit(client, localnet.miner, {"Raw3": text})

    values = [entry["commitment"] for block in (1, 2) for entry in client.at(block).read("commitments", netuid=NETUID)]
    assert values == ["one", "two"]
    assert client.at(0).read("commitments", netuid=NETUID) == []
    assert [client.timestamp(block=block).second for block in (0, 1, 2)] == [0, 1, 2]
    assert client.at(2).query(bt.storage.System.BlockHash, [1]) == client.block_info(1).hash


def test_pulses_are_served_only_once_chain_time_reaches_their_round(localnet: Any, client: Any) -> None:
    localnet.author.advance(3)

    pulses = [client.query(bt.storage.Drand.Pulses, [round_]) is not None for round_ in (1, 4, 5)]
    pinned = client.at(2).query(bt.storage.Drand.Pulses, [4])

    assert (pulses, pinned, client.query(bt.storage.Drand.LastStoredRound)) == ([True, True, False], None, 4)


def test_unknown_blocks_and_items_are_errors_that_name_them(client: Any) -> None:
    with pytest.raises(bt.ChainError, match="no block at height 9; the head is 0"):
        client.at(9).query(subtensor.Tempo, [NETUID])
    with pytest.raises(bt.ChainError, match=r"no storage item Commitments\.Nothing"):
        client.query(("Commitments", "Nothing"))
    with pytest.raises(bt.ChainError, match=r"no runtime API SwapRuntimeApi\.current_alpha_price"):
        client.read("alpha_price", netuid=NETUID)
    with pytest.raises(bt.ChainError, match=r"Drand\.Pulses is computed when read"):
        client.query_map(bt.storage.Drand.Pulses)


def test_finality_trails_the_head_by_its_lag(tmp_path: Path, localnet: Any) -> None:
    node = genesis(tmp_path / "lagging.db", finality_lag=3)
    Root(node).create_subnet(NETUID, localnet.miner.cold, localnet.miner.hot)
    with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(node.file.path)) as sdk:
        result = localnet.commit(sdk, localnet.miner, {"Raw1": b"x"})
        assert (result.extrinsic_id, sdk.block, sdk.finalized_block) == ("1-0000", 4, 1)
    node.close()


def test_block_stream_leaves_no_block_out(localnet: Any) -> None:
    async def seen() -> list[int]:
        substrate, numbers = EmbeddedSubstrate(localnet.path), []
        async for block in substrate.blocks():
            numbers.append(block["header"]["number"])
            if len(numbers) == 1:
                localnet.author.advance(3)
            if len(numbers) == 4:
                break
        await substrate.close()
        return numbers

    assert asyncio.run(seen()) == [0, 1, 2, 3]
