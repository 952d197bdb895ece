"""Who is on a subnet: registration and its price, stake and permits, replaced uids, and what Root may do."""

from typing import Any

import bittensor as bt
import pytest

from chain.embedded.errors import DispatchFailed
from chain.types import NetUid

NETUID = NetUid(7)
subtensor = bt.storage.SubtensorModule


def test_metagraph_shows_who_is_registered(localnet: Any, client: Any) -> None:
    localnet.author.advance(3)

    graph = client.subnets.metagraph(NETUID)

    seen = [(n.uid, n.hotkey, n.coldkey, n.validator_permit, n.total_stake.amount) for n in graph.neurons]
    people = (localnet.owner, localnet.validator, localnet.miner)
    expected = [(uid, keys.hot, keys.cold, uid == 1, 1000.0 * (uid == 1)) for uid, keys in enumerate(people)]
    assert (graph.name, graph.symbol, graph.block, graph.tempo, len(graph.raw)) == ("crucible", "α", 3, 10, 75)
    assert seen == expected


def test_metagraph_of_a_missing_subnet_is_none(client: Any) -> None:
    assert client.subnets.metagraph(99) is None


def test_burned_registration_takes_its_price_and_gives_a_uid(localnet: Any, client: Any) -> None:
    call = bt.calls.SubtensorModule.burned_register(netuid=NETUID, hotkey=localnet.outsider.hot)
    results = [client.submit_call(call, localnet.outsider) for _ in range(2)]

    assert [result.error.name if result.error else "" for result in results] == ["", "HotKeyAlreadyRegisteredInSubNet"]
    assert client.query(subtensor.Uids, [NETUID, localnet.outsider.hot]) == 3
    assert client.balances.get(localnet.outsider.cold).tao == 4.0


@pytest.mark.parametrize(
    ("name", "netuid", "who", "rules"),
    [
        ("NotEnoughBalanceToStake", NETUID, "owner", {}),
        ("NotEnoughBalanceToStake", NETUID, "outsider", {"burn_rao": 5_000_000_001}),
        ("SubNetRegistrationDisabled", NETUID, "outsider", {"registration_allowed": False}),
        ("SubnetNotExists", NetUid(9), "outsider", {}),
        ("NoNeuronIdAvailable", NETUID, "outsider", {"max_uids": 3}),
    ],
    ids=["nothing", "a rao too little", "disabled", "unknown", "full"],
)
def test_registration_is_refused_by_name_and_costs_nothing(
    localnet: Any, client: Any, name: str, netuid: NetUid, who: str, rules: dict[str, object]
) -> None:
    localnet.rules(**rules)
    keys = getattr(localnet, who)
    before = client.balances.get(keys.cold)
    call = bt.calls.SubtensorModule.burned_register(netuid=netuid, hotkey=localnet.outsider.hot)
    result = client.submit_call(call, keys)

    assert (result.error.name, client.balances.get(keys.cold)) == (name, before)
    assert client.query(subtensor.Uids, [NETUID, localnet.outsider.hot]) is None


def test_price_is_what_the_subnet_says_and_does_not_move(localnet: Any, client: Any) -> None:
    localnet.rules(burn_rao=2_500_000_000)
    for hotkey in (localnet.outsider.hot, localnet.outsider.cold):
        client.submit_call(bt.calls.SubtensorModule.burned_register(netuid=NETUID, hotkey=hotkey), localnet.outsider)
    assert client.balances.get(localnet.outsider.cold).tao == 0.0
    assert client.query(subtensor.Burn, [NETUID]) == 2_500_000_000


def test_immunity_ends_after_its_blocks_and_the_owner_is_never_replaced(localnet: Any, client: Any) -> None:
    localnet.rules(max_uids=3, immunity_period=4)
    localnet.author.advance(2)
    with pytest.raises(DispatchFailed, match="NoNeuronIdAvailable"):
        localnet.root.register(NETUID, localnet.outsider.hot, localnet.outsider.cold)
    localnet.author.advance(1)
    first = localnet.root.register(NETUID, localnet.outsider.hot, localnet.outsider.cold)
    second = localnet.root.register(NETUID, localnet.validator.hot, localnet.validator.cold)
    with pytest.raises(DispatchFailed, match="NoNeuronIdAvailable"):
        localnet.root.register(NETUID, localnet.miner.hot, localnet.miner.cold)

    assert (first, second) == (1, 2)
    held = [(n.hotkey, n.block_at_registration) for n in client.subnets.metagraph(NETUID).neurons]
    assert held == [(localnet.owner.hot, 0), (localnet.outsider.hot, 4), (localnet.validator.hot, 5)]


def test_full_subnet_replaces_its_oldest_neuron_and_forgets_it(localnet: Any, client: Any) -> None:
    localnet.rules(max_uids=3, immunity_period=0)
    localnet.commit(client, localnet.validator, {"Raw1": b"x"})
    client.execute(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)

    uid = localnet.root.register(NETUID, localnet.outsider.hot, localnet.outsider.cold)

    neuron = client.subnets.metagraph(NETUID).neurons[1]
    assert (uid, neuron.hotkey, neuron.block_at_registration) == (1, localnet.outsider.hot, client.block)
    assert client.query(subtensor.Uids, [NETUID, localnet.validator.hot]) is None
    assert client.query_map(subtensor.Weights, [NETUID]) == []
    assert client.read("commitments", netuid=NETUID) == []


def test_full_subnet_of_immune_neurons_takes_no_one(localnet: Any) -> None:
    localnet.rules(max_uids=3, immunity_period=100)
    with pytest.raises(DispatchFailed, match=r"SubtensorModule\.NoNeuronIdAvailable"):
        localnet.root.register(NETUID, localnet.outsider.hot, localnet.outsider.cold)


def test_hotkey_belongs_to_its_first_coldkey(localnet: Any) -> None:
    localnet.root.create_subnet(NetUid(8), localnet.owner.cold, localnet.owner.hot)
    with pytest.raises(DispatchFailed, match=r"SubtensorModule\.NonAssociatedColdKey"):
        localnet.root.register(NetUid(8), localnet.miner.hot, localnet.outsider.cold)


def test_permits_go_to_the_largest_stakes_at_the_epoch(localnet: Any, client: Any) -> None:
    localnet.rules(max_validators=1)
    localnet.author.advance(1)
    localnet.root.stake(NETUID, localnet.miner.hot, 2_000)
    before = client.query(subtensor.ValidatorPermit, [NETUID])
    localnet.author.advance(8)

    assert (before, client.query(subtensor.ValidatorPermit, [NETUID])) == ([False, True, False], [False, False, True])


def test_staking_moves_balance_behind_a_hotkey_and_brings_a_permit_at_the_epoch(localnet: Any, client: Any) -> None:
    call = bt.calls.SubtensorModule.add_stake(hotkey=localnet.miner.hot, netuid=NETUID, amount_staked=3 * 10**9)
    assert client.submit_call(call, localnet.outsider).success
    before = client.subnets.metagraph(NETUID).neurons[2]
    localnet.author.advance(9)
    after = client.subnets.metagraph(NETUID).neurons[2]

    assert (before.validator_permit, after.validator_permit, after.total_stake.amount) == (False, True, 3.0)


def test_stake_on_the_root_counts_with_the_chains_weight(localnet: Any, client: Any) -> None:
    localnet.root.stake(NetUid(0), localnet.miner.hot, 1_000)
    neuron = client.subnets.metagraph(NETUID).neurons[2]
    share = client.query(subtensor.TaoWeight) / (2**64 - 1)

    assert (neuron.alpha_stake.amount, neuron.tao_stake.amount) == (0.0, 1_000.0)
    assert neuron.total_stake.amount == pytest.approx(1_000 * share)
