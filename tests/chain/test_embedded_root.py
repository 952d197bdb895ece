"""What Root may do: changes at genesis and later, and the addresses and amounts it takes."""

from typing import Any

import bittensor as bt
import pytest

from chain.embedded.errors import DispatchFailed, EmbeddedChainError, InvalidValue
from chain.types import Coldkey, Hotkey, NetUid

NETUID = NetUid(7)
subtensor = bt.storage.SubtensorModule
ELSEWHERE = "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"
"""The development key Alice as an address of a network with prefix 0."""


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (ELSEWHERE, "of another network, .* the same key is 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY here"),
        (f"5{ELSEWHERE[1:]}", "is no address"),
        ("alice", "'alice' is no address .*: give 48 characters that begin with 5"),
    ],
    ids=["another network", "checksum", "a name"],
)
def test_root_takes_addresses_of_this_network_only(localnet: Any, client: Any, address: str, said: str) -> None:
    strange = Hotkey(address)
    attempts = [
        lambda: localnet.root.fund(strange, 1),
        lambda: localnet.root.stake(NETUID, strange, 1),
        lambda: localnet.root.register(NETUID, strange, localnet.outsider.cold),
        lambda: localnet.root.register(NETUID, localnet.outsider.hot, strange),
        lambda: localnet.root.create_subnet(NetUid(9), strange, localnet.owner.hot),
    ]
    for attempt in attempts:
        with pytest.raises(InvalidValue, match=said):
            attempt()
    assert (client.block, client.query(subtensor.SubnetworkN, [NETUID])) == (0, 3)


@pytest.mark.parametrize("tao", [0, -1, 1e-10, float("nan"), float("inf"), 21_000_001])
def test_root_takes_amounts_that_can_be_meant(localnet: Any, client: Any, tao: float) -> None:
    for attempt in (
        lambda: localnet.root.fund(localnet.outsider.cold, tao),
        lambda: localnet.root.stake(NETUID, localnet.miner.hot, tao),
    ):
        with pytest.raises(InvalidValue, match=f"{tao} is no amount of TAO: give at least 0.000000001"):
            attempt()
    assert client.balances.get(localnet.outsider.cold).tao == 5.0


def test_stake_goes_to_known_hotkeys_on_known_subnets(localnet: Any) -> None:
    with pytest.raises(DispatchFailed, match="HotKeyAccountNotExists"):
        localnet.root.stake(NETUID, localnet.outsider.hot, 1)
    with pytest.raises(DispatchFailed, match="SubnetNotExists"):
        localnet.root.stake(NetUid(9), localnet.miner.hot, 1)


def test_root_tells_in_which_block_its_change_stands(localnet: Any) -> None:
    seen = [localnet.root.stands_in]
    localnet.author.advance(3)
    localnet.root.fund(localnet.outsider.cold, 1)
    assert [*seen, localnet.root.stands_in, localnet.node.head().number] == [0, 4, 4]


def test_genesis_changes_stand_at_once_and_later_ones_in_a_block_of_their_own(localnet: Any, client: Any) -> None:
    at_genesis = client.block
    localnet.author.advance(1)
    localnet.root.fund(localnet.outsider.cold, 1)

    assert (at_genesis, client.block, client.balances.get(localnet.outsider.cold).tao) == (0, 2, 6.0)
    assert client.at(1).read("balance", coldkey_ss58=localnet.outsider.cold).tao == 5.0


def test_existing_netuid_is_not_created_again(localnet: Any) -> None:
    with pytest.raises(EmbeddedChainError, match="netuid 7 exists already"):
        localnet.root.create_subnet(NETUID, localnet.owner.cold, localnet.owner.hot)


def test_failed_change_by_root_leaves_nothing(localnet: Any, client: Any) -> None:
    with pytest.raises(DispatchFailed):
        localnet.root.create_subnet(NetUid(9), Coldkey(localnet.outsider.cold), Hotkey(localnet.miner.hot))
    assert client.query(subtensor.NetworksAdded, [9]) is False
