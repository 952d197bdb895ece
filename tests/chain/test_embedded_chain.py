"""What the chain does by itself: epochs, permits, expiry, replaced uids, and reproducible blocks."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bittensor as bt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.embedded.author import Author
from chain.embedded.errors import DispatchFailed, EmbeddedChainError, InvalidTransaction
from chain.embedded.extrinsics import parse
from chain.embedded.genesis import genesis
from chain.embedded.metadata import metadata
from chain.embedded.node import SEALING_INSTANT
from chain.embedded.storage import Pooled
from chain.types import Block, Coldkey, Hotkey, NetUid

NETUID = NetUid(7)
START = datetime(2030, 1, 1, tzinfo=UTC)
START_MS = round(START.timestamp() * 1000)
storage = bt.storage.SubtensorModule


def schedule(client: Any) -> tuple[int, int, int]:
    """Epoch index, block of the last epoch, blocks since."""
    items = (storage.SubnetEpochIndex, storage.LastEpochBlock, storage.BlocksSinceLastStep)
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


def test_permits_go_to_the_largest_stakes_at_the_epoch(localnet: Any, client: Any) -> None:
    localnet.rules(max_validators=1)
    localnet.author.advance(1)
    localnet.root.stake(NETUID, localnet.miner.hot, 2_000)
    before = client.query(storage.ValidatorPermit, [NETUID])
    localnet.author.advance(8)

    assert (before, client.query(storage.ValidatorPermit, [NETUID])) == ([False, True, False], [False, False, True])


def test_stake_on_the_root_counts_with_the_chains_weight(localnet: Any, client: Any) -> None:
    localnet.root.stake(NetUid(0), localnet.miner.hot, 1_000)
    neuron = client.subnets.metagraph(NETUID).neurons[2]
    share = client.query(storage.TaoWeight) / (2**64 - 1)

    assert (neuron.alpha_stake.amount, neuron.tao_stake.amount) == (0.0, 1_000.0)
    assert neuron.total_stake.amount == pytest.approx(1_000 * share)


def test_commit_whose_round_never_comes_in_its_epoch_is_dropped(localnet: Any, client: Any) -> None:
    localnet.rules(commit_reveal=True)
    call = bt.calls.SubtensorModule.commit_timelocked_mechanism_weights(
        netuid=NETUID, mecid=0, commit=b"sealed", reveal_round=10**6, commit_reveal_version=4
    )
    client.submit_call(call, localnet.validator, signer="hotkey")
    localnet.author.advance(18)
    waiting = client.query_map(storage.TimelockedWeightCommits, [NETUID])
    localnet.author.advance(1)

    assert [epoch for epoch, _ in waiting] == [0]
    assert client.query_map(storage.TimelockedWeightCommits, [NETUID]) == []


def test_commit_sealed_for_another_hotkey_is_not_revealed(localnet: Any, client: Any) -> None:
    localnet.rules(commit_reveal=True)
    built = client.plan(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)
    copied = client.submit_call(_decoded(built.call), localnet.owner, signer="hotkey")
    localnet.author.advance(20)

    assert copied.success
    assert client.query_map(storage.Weights, [NETUID]) == []


def _decoded(call: Any) -> tuple[str, str, dict[str, Any]]:
    plain = metadata().codec.decode_call(call.data)
    return plain["call_module"], plain["call_function"], {arg["name"]: arg["value"] for arg in plain["call_args"]}


def test_full_subnet_replaces_its_oldest_neuron_and_forgets_it(localnet: Any, client: Any) -> None:
    localnet.rules(max_uids=3, immunity_period=0)
    localnet.commit(client, localnet.validator, {"Raw1": b"x"})
    client.execute(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)

    uid = localnet.root.register(NETUID, localnet.outsider.hot, localnet.outsider.cold)

    neuron = client.subnets.metagraph(NETUID).neurons[1]
    assert (uid, neuron.hotkey, neuron.block_at_registration) == (1, localnet.outsider.hot, client.block)
    assert client.query(storage.Uids, [NETUID, localnet.validator.hot]) is None
    assert client.query_map(storage.Weights, [NETUID]) == []
    assert client.read("commitments", netuid=NETUID) == []


def test_full_subnet_of_immune_neurons_takes_no_one(localnet: Any) -> None:
    localnet.rules(max_uids=3, immunity_period=100)
    with pytest.raises(DispatchFailed, match=r"SubtensorModule\.NoNeuronIdAvailable"):
        localnet.root.register(NETUID, localnet.outsider.hot, localnet.outsider.cold)


def test_hotkey_belongs_to_its_first_coldkey(localnet: Any) -> None:
    localnet.root.create_subnet(NetUid(8), localnet.owner.cold, localnet.owner.hot)
    with pytest.raises(DispatchFailed, match=r"SubtensorModule\.NonAssociatedColdKey"):
        localnet.root.register(NetUid(8), localnet.miner.hot, localnet.outsider.cold)


def test_genesis_changes_stand_at_once_and_later_ones_in_a_block_of_their_own(localnet: Any, client: Any) -> None:
    at_genesis = client.block
    localnet.author.advance(1)
    localnet.root.fund(localnet.outsider.cold, 1)

    assert (at_genesis, client.block, client.balances.get(localnet.outsider.cold).tao) == (0, 2, 6.0)
    assert client.at(1).read("balance", coldkey_ss58=localnet.outsider.cold).tao == 5.0


def test_existing_netuid_is_not_created_again(localnet: Any) -> None:
    with pytest.raises(EmbeddedChainError, match="netuid 7 exists already"):
        localnet.root.create_subnet(NETUID, localnet.owner.cold, localnet.owner.hot)


def test_garbage_in_the_pool_is_dropped_and_the_block_made(localnet: Any, client: Any) -> None:
    localnet.node.file.add_pooled(Pooled(b"h" * 32, localnet.miner.hot, b"garbage"))
    localnet.author.advance(1)
    assert (client.block, client.block_info(1).extrinsics, localnet.node.file.pool()) == (1, [], [])


class FakeClock:
    """A clock and a stop signal in one: waiting moves the time, once by more than asked, and ends after some waits."""

    def __init__(self, now_ms: int, waits: int, hiccup_ms: int = 0) -> None:
        self.now_ms = now_ms
        self.waits = waits
        self.hiccup_ms = hiccup_ms

    def wait(self, timeout: float) -> bool:
        self.now_ms += round(timeout * 1000) + self.hiccup_ms
        self.hiccup_ms = 0
        self.waits -= 1
        return self.waits < 0


def run(localnet: Any, clock: FakeClock) -> list[int]:
    """Run an author by a fake clock; milliseconds from the chain's start to each of its blocks."""
    Author(localnet.node, lambda: clock.now_ms).run(clock)
    head = localnet.node.head().number
    return [localnet.node.file.block(n).time_ms - localnet.node.parameters.start_ms for n in range(1, head + 1)]


def test_author_makes_one_block_per_block_time(localnet: Any) -> None:
    assert run(localnet, FakeClock(START_MS, waits=3)) == [1_000, 2_000, 3_000]


def test_author_that_starts_late_begins_with_the_present(localnet: Any) -> None:
    assert run(localnet, FakeClock(START_MS + 60_500, waits=2)) == [60_500, 61_500, 62_500]


def test_author_of_a_chain_ahead_of_the_clock_keeps_its_lead_and_cadence(localnet: Any) -> None:
    localnet.author.advance(5)
    clock = FakeClock(START_MS, waits=2)
    assert run(localnet, clock)[5:] == [6_000, 7_000]
    assert clock.now_ms - START_MS == 3_000


def test_author_that_was_held_up_makes_up_for_every_block(localnet: Any) -> None:
    clock = FakeClock(START_MS, waits=5, hiccup_ms=3_200)
    assert run(localnet, clock) == [1_000, 2_000, 3_000, 4_000, 5_000]
    assert clock.now_ms - START_MS == 6_000


def test_chains_of_one_secret_are_the_same_to_the_last_hash(tmp_path: Path, localnet: Any) -> None:
    twin = genesis(tmp_path / "twin.db", block_time_s=1.0, start=START, beacon_secret=b"for tests")
    Author(twin).advance(3)
    localnet.author.advance(3)
    other = genesis(tmp_path / "other.db", block_time_s=1.0, start=START, beacon_secret=b"for others")
    Author(other).advance(3)

    assert twin.head() == localnet.node.head()
    assert other.head().hash != twin.head().hash


def test_chain_without_subnets_makes_blocks(tmp_path: Path) -> None:
    node = genesis(tmp_path / "bare.db", block_time_s=0.05)
    head = Author(node).advance(20)
    assert (head.number, head.time_ms - node.parameters.start_ms, node.parameters.round_period_ms) == (20, 1_000, 50)
    assert node.file.meta("sealing") == SEALING_INSTANT


def test_block_time_below_a_millisecond_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="below a millisecond"):
        genesis(tmp_path / "chain.db", block_time_s=0.0001)
    assert not (tmp_path / "chain.db").exists()


def test_failed_change_by_root_leaves_nothing(localnet: Any, client: Any) -> None:
    with pytest.raises(DispatchFailed):
        localnet.root.create_subnet(NetUid(9), Coldkey(localnet.outsider.cold), Hotkey(localnet.miner.hot))
    assert client.query(storage.NetworksAdded, [9]) is False


@given(st.binary(max_size=300))
def test_random_bytes_are_no_extrinsic(data: bytes) -> None:
    with pytest.raises(InvalidTransaction) as refusal:
        parse(metadata(), data)
    assert refusal.value.name == "BadFormat"
