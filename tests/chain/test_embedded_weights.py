"""Weights as the plain SDK sets and reads them: in the clear or timelocked, within rate limits."""

from typing import Any

import bittensor as bt
import pytest

from chain.embedded.metadata import metadata
from chain.types import NetUid
from tests.chain.calls import commit_weights, set_weights

NETUID = NetUid(7)
subtensor = bt.storage.SubtensorModule


def test_weights_set_in_the_clear_stand_at_once(localnet: Any, client: Any) -> None:
    result = client.execute(bt.SetWeights(netuid=NETUID, weights={0: 1.0, 2: 3.0}), localnet.validator)

    assert result.success
    assert client.query_map(subtensor.Weights, [NETUID]) == [(1, [(0, 21845), (2, 65535)])]
    assert client.query(subtensor.LastUpdate, [NETUID]) == [0, 1, 0]


def test_committed_weights_stay_hidden_until_the_next_epoch_reveals_them(localnet: Any, client: Any) -> None:
    localnet.rules(commit_reveal=True)
    localnet.author.advance(2)

    result = client.execute(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)
    localnet.author.advance(6)
    hidden = client.query_map(subtensor.Weights, [NETUID])
    localnet.author.advance(1)
    shown = client.query_map(subtensor.Weights, [NETUID])

    assert (result.success, result.data["reveal_round"], client.block) == (True, 11, 10)
    assert (hidden, shown) == ([], [(1, [(2, 65535)])])
    assert client.query(subtensor.LastUpdate, [NETUID]) == [0, 3, 0]
    assert client.query_map(subtensor.TimelockedWeightCommits, [NETUID]) == []


def test_reveal_waits_as_many_epochs_as_the_subnet_says(localnet: Any, client: Any) -> None:
    localnet.rules(commit_reveal=True, reveal_period_epochs=2)
    client.execute(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)

    localnet.author.advance(18)
    hidden = client.query_map(subtensor.Weights, [NETUID])
    localnet.author.advance(1)

    assert (hidden, client.query_map(subtensor.Weights, [NETUID])) == ([], [(1, [(2, 65535)])])


def test_commit_whose_round_never_comes_in_its_epoch_is_dropped(localnet: Any, client: Any) -> None:
    localnet.rules(commit_reveal=True)
    call = bt.calls.SubtensorModule.commit_timelocked_mechanism_weights(
        netuid=NETUID, mecid=0, commit=b"sealed", reveal_round=10**6, commit_reveal_version=4
    )
    client.submit_call(call, localnet.validator, signer="hotkey")
    localnet.author.advance(18)
    waiting = client.query_map(subtensor.TimelockedWeightCommits, [NETUID])
    localnet.author.advance(1)

    assert [epoch for epoch, _ in waiting] == [0]
    assert client.query_map(subtensor.TimelockedWeightCommits, [NETUID]) == []


def test_commit_sealed_for_another_hotkey_is_not_revealed(localnet: Any, client: Any) -> None:
    localnet.rules(commit_reveal=True)
    built = client.plan(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)
    copied = client.submit_call(_decoded(built.call), localnet.owner, signer="hotkey")
    localnet.author.advance(20)

    assert copied.success
    assert client.query_map(subtensor.Weights, [NETUID]) == []


def _decoded(call: Any) -> tuple[str, str, dict[str, Any]]:
    plain = metadata().codec.decode_call(call.data)
    return plain["call_module"], plain["call_function"], {arg["name"]: arg["value"] for arg in plain["call_args"]}


def test_sdk_preflight_counts_the_rate_limit_on_this_chain(localnet: Any, client: Any) -> None:
    localnet.rules(weights_rate_limit=50)
    client.execute(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)

    with pytest.raises(bt.ChainError, match="the rate limit is 50 blocks") as refusal:
        client.execute(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)
    assert refusal.value.code is bt.ErrorCode.RATE_LIMITED


def test_setting_weights_twice_within_the_rate_limit_is_refused_by_the_chain(localnet: Any, client: Any) -> None:
    localnet.rules(weights_rate_limit=5)
    localnet.author.advance(1)
    results = [client.submit_call(set_weights([2], [1]), localnet.validator, signer="hotkey") for _ in range(2)]
    localnet.author.advance(3)
    results.append(client.submit_call(set_weights([2], [1]), localnet.validator, signer="hotkey"))

    assert [result.error.name if result.error else "" for result in results] == ["", "SettingWeightsTooFast", ""]


def test_a_registration_counts_for_the_rate_limit(localnet: Any, client: Any) -> None:
    localnet.rules(weights_rate_limit=5)
    localnet.author.advance(1)
    uid = localnet.root.register(NETUID, localnet.outsider.hot, localnet.outsider.cold)
    result = client.submit_call(set_weights([uid], [1]), localnet.outsider, signer="hotkey")

    assert (uid, result.error.name) == (3, "SettingWeightsTooFast")


def test_commits_are_limited_in_rate_and_number(localnet: Any, client: Any) -> None:
    localnet.rules(commit_reveal=True, tempo=100, weights_rate_limit=0)
    many = [client.submit_call(commit_weights(), localnet.validator, signer="hotkey") for _ in range(11)]
    localnet.rules(commit_reveal=True, tempo=100, weights_rate_limit=5)
    fast = client.submit_call(commit_weights(), localnet.validator, signer="hotkey")

    assert [result.error.name if result.error else "" for result in many] == [""] * 10 + ["TooManyUnrevealedCommits"]
    assert fast.error.name == "CommittingWeightsTooFast"


def test_weights_need_the_chains_least_stake(localnet: Any, client: Any) -> None:
    localnet.root.set_stake_threshold(1_001)
    result = client.submit_call(set_weights([2], [1]), localnet.validator, signer="hotkey")
    assert result.error.name == "NotEnoughStakeToSetWeights"
