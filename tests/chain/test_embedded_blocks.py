"""How blocks come about: by whom, when, with what waits, and with epochs of their own schedule."""

import itertools
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bittensor as bt
import pytest

from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.node import SEALING_INSTANT
from chain.embedded.root import Root
from chain.embedded.substrate import EmbeddedSubstrate
from chain.types import Block, NetUid
from tests.chain.calls import set_commitment

NETUID = NetUid(7)
START = datetime(2030, 1, 1, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[2]
subtensor = bt.storage.SubtensorModule


def test_submission_that_does_not_wait_stands_in_the_next_block(localnet: Any, client: Any) -> None:
    call = set_commitment({"Raw1": b"x"})
    results = [
        client.submit_call(call, localnet.miner, signer="hotkey", wait_for_inclusion=False, wait_for_finalization=False)
        for _ in range(2)
    ]
    before = client.block
    localnet.author.advance(1)

    assert (before, all(results), len(client.block_info(1).extrinsics)) == (0, True, 2)


_COMMIT_TEN = """
import sys
import bittensor as bt
from bittensor_core import Keypair
from chain.embedded.substrate import EmbeddedSubstrate

class Keys:
    hotkey = coldkey = coldkeypub = Keypair.create_from_uri(sys.argv[2])

with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(sys.argv[1])) as client:
    for number in range(10):
        info = {"fields": [{"Raw1": bytes([number])}]}
        call = bt.calls.Commitments.set_commitment(netuid=7, info=info)
        assert client.submit_call(call, Keys, signer="hotkey").success
"""


def test_two_processes_write_one_file_without_losing_anything(localnet: Any, client: Any) -> None:
    def started(name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", _COMMIT_TEN, str(localnet.path), f"//{name}//hot"]
        return subprocess.Popen(command, cwd=REPOSITORY)

    codes = [process.wait(60) for process in [started("miner"), started("validator")]]

    nonces = [
        client.query(bt.storage.System.Account, [keys.hot])["nonce"] for keys in (localnet.miner, localnet.validator)
    ]
    included = sum(len(client.block_info(block).extrinsics) for block in range(client.block + 1))
    assert (codes, nonces, included, client.block) == ([0, 0], [10, 10], 20, 20)


def test_running_author_includes_what_waits_and_keeps_its_cadence(localnet: Any, client: Any, tmp_path: Path) -> None:  # noqa: ARG001
    node = genesis(tmp_path / "fast.db", block_time_s=0.05)
    root, stop = Root(node), threading.Event()
    root.create_subnet(NETUID, localnet.miner.cold, localnet.miner.hot)
    author = threading.Thread(target=Author(node).run, args=(stop,))
    author.start()
    with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(node.file.path)) as sdk:
        results = [localnet.commit(sdk, localnet.miner, {"Raw1": b"x"}) for _ in range(3)]
        sdk.wait_for_block(sdk.block + 5)
        stop.set()
        author.join(60)
        last = sdk.block
        times = [round(sdk.timestamp(block=block).timestamp() * 1000) for block in range(1, last + 1)]
    node.close()

    blocks = [int(result.extrinsic_id.split("-")[0]) for result in results]
    assert all(result.success for result in results)
    assert blocks == sorted(set(blocks))
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {50}


def test_chain_without_subnets_makes_blocks(tmp_path: Path) -> None:
    node = genesis(tmp_path / "bare.db", block_time_s=0.05)
    head = Author(node).advance(20)
    assert (head.number, head.time_ms - node.parameters.start_ms, node.parameters.round_period_ms) == (20, 1_000, 50)
    assert node.file.meta("sealing") == SEALING_INSTANT


@pytest.mark.parametrize(("block_time_s", "period_ms"), [(0.05, 50), (0.25, 250), (3.0, 3_000), (12.0, 3_000)], ids=str)
def test_rounds_take_three_seconds_or_one_faster_block(tmp_path: Path, block_time_s: float, period_ms: int) -> None:
    node = genesis(tmp_path / "chain.db", block_time_s=block_time_s, start=START)
    Author(node).advance(4)
    with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(node.file.path)) as sdk:
        told = (sdk.block_time(), (sdk.timestamp(block=4) - START).total_seconds())
        newest = sdk.query(bt.storage.Drand.LastStoredRound)
    node.close()
    assert told == pytest.approx((block_time_s, 4 * block_time_s))
    assert newest == 1 + 4 * round(1_000 * block_time_s) // period_ms


def test_block_time_below_a_millisecond_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="below a millisecond"):
        genesis(tmp_path / "chain.db", block_time_s=0.0001)
    assert not (tmp_path / "chain.db").exists()


def test_chains_of_one_secret_are_the_same_to_the_last_hash(tmp_path: Path, localnet: Any) -> None:
    twin = genesis(tmp_path / "twin.db", block_time_s=1.0, start=START, beacon_secret=b"for tests")
    Author(twin).advance(3)
    localnet.author.advance(3)
    other = genesis(tmp_path / "other.db", block_time_s=1.0, start=START, beacon_secret=b"for others")
    Author(other).advance(3)

    assert twin.head() == localnet.node.head()
    assert other.head().hash != twin.head().hash


def schedule(client: Any) -> tuple[int, int, int]:
    """Epoch index, block of the last epoch, blocks since."""
    items = (subtensor.SubnetEpochIndex, subtensor.LastEpochBlock, subtensor.BlocksSinceLastStep)
    index, last, since = (int(client.query(item, [NETUID])) for item in items)
    return index, last, since


def test_epoch_turns_every_tempo(localnet: Any, client: Any) -> None:
    seen = []
    for blocks in (9, 1, 9, 1):
        localnet.author.advance(blocks)
        seen.append(schedule(client))
    assert seen == [(0, 0, 9), (1, 10, 0), (1, 10, 9), (2, 20, 0)]
    assert client.read("next_epoch_start_block", netuid=NETUID) == 30


def test_triggered_epoch_turns_early_and_moves_the_schedule(localnet: Any, client: Any) -> None:
    localnet.author.advance(2)
    localnet.root.trigger_epoch(NETUID, Block(5))
    localnet.author.advance(3)

    assert schedule(client) == (1, 5, 1)
    assert client.read("next_epoch_start_block", netuid=NETUID) == 15


def test_tempo_zero_never_turns(localnet: Any, client: Any) -> None:
    localnet.rules(tempo=0)
    localnet.author.advance(30)
    assert schedule(client)[0] == 0
