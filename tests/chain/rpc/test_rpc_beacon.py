"""Sealing on a chain that is reached by its address: re-keyed from what the chain says, and never to a live one's."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bittensor as bt
import bittensor_core
import pytest
from bittensor.intents import weights

from chain.embedded.beacon import BeaconClock
from chain.embedded.beacon_source import BeaconSource, FileBeacon
from chain.embedded.genesis import genesis
from chain.embedded.rekey import QUICKNET_KEY, rekey_to, unkey
from chain.embedded.rpc.beacon import WireBeacon, rekey_over_wire
from chain.embedded.rpc.errors import NodeUnreachable
from chain.embedded.rpc.server import Server, serving
from chain.embedded.tlock import PublicKey
from tests.faulty_wire import Wire

NETUID = 7
st = bt.storage


def _asked(source: BeaconSource) -> tuple[object, ...]:
    known = [source.signature(round_) for round_ in (1, 4, 5)]
    return source.key, source.clock, source.block_time_ms, source.head(), known


def test_the_wire_tells_of_the_beacon_what_the_file_tells(localnet: Any, server: Server) -> None:
    localnet.author.advance(3)
    over_wire, in_file = _asked(WireBeacon(server.url)), _asked(FileBeacon(localnet.node))
    assert over_wire == in_file
    assert [signature is None for signature in over_wire[-1]] == [False, False, True]


@pytest.mark.parametrize(("block_time_s", "period_ms"), [(0.25, 250), (1.5, 1_500), (12.0, 3_000)])
def test_the_beacons_period_is_told_to_the_millisecond(tmp_path: Path, block_time_s: float, period_ms: int) -> None:
    start = datetime(2030, 1, 1, tzinfo=UTC)
    genesis(tmp_path / "chain.db", block_time_s=block_time_s, start=start).close()
    with serving(tmp_path / "chain.db") as url:
        beacon = WireBeacon(url)
        assert beacon.clock == BeaconClock(int(start.timestamp() * 1000), period_ms)
        assert beacon.block_time_ms == int(block_time_s * 1000)


def test_what_is_sealed_over_the_wire_opens_by_itself(localnet: Any, server: Server, wired: Any) -> None:
    assert rekey_over_wire(server.url) is not None
    localnet.author.advance(4)
    sealed = bt.timelock.encrypt(b"the pointer", reveal_in=4)
    fields = {"TimelockEncrypted": {"encrypted": sealed.encrypted, "reveal_round": sealed.reveal_round}}
    localnet.commit(wired, localnet.miner, fields, {"Raw3": b"tag"})
    with pytest.raises(bt.TimelockNotReady):
        sealed.decrypt()
    localnet.author.advance(3)

    assert wired.query(st.Commitments.RevealedCommitments, [NETUID, localnet.miner.hot]) == [("the pointer", 8)]
    assert sealed.decrypt() == b"the pointer"


def test_weights_sealed_over_the_wire_are_revealed_at_the_next_epoch(localnet: Any, server: Server, wired: Any) -> None:
    rekey_over_wire(server.url)
    localnet.rules(commit_reveal=True)
    localnet.author.advance(2)
    result = wired.execute(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)
    localnet.author.advance(6)
    hidden = wired.query_map(st.SubtensorModule.Weights, [NETUID])
    localnet.author.advance(1)
    shown = wired.query_map(st.SubtensorModule.Weights, [NETUID])

    assert (result.success, result.data["reveal_round"], hidden, shown) == (True, 11, [], [(1, [(2, 65535)])])


def _sealing() -> tuple[object, ...]:
    timelock = bt.timelock
    return timelock._core, timelock.time, timelock.current_round, timelock.round_at, timelock.reveal_time, weights._core


def test_a_chain_on_the_live_beacon_gets_the_sdks_own_sealing(server: Server, tmp_path: Path) -> None:
    own = _sealing()
    rekey_over_wire(server.url)
    embedded = _sealing()
    node = genesis(tmp_path / "live.db")
    # Unset, the beacon's configuration reads as on a live chain: the runtime's default, which is quicknet's.
    node.state(0, node.parameters.start_ms).remove("Drand", "BeaconConfig")
    node.close()
    with serving(tmp_path / "live.db") as url:
        beacon, after = rekey_over_wire(url), _sealing()

    assert (beacon, after == own, own[0] is bittensor_core) == (None, True, True)
    assert not {id(part) for part in own} & {id(part) for part in embedded}


class _Live(FileBeacon):
    """A chain that says quicknet's key is its own."""

    key = PublicKey(QUICKNET_KEY)


def test_the_live_beacons_key_is_refused(localnet: Any) -> None:
    own = _sealing()
    with pytest.raises(ValueError, match="to which the SDK seals by itself"):
        rekey_to(_Live(localnet.node))
    assert _sealing() == own


def test_the_quicknet_key_is_the_runtimes_default(localnet: Any) -> None:
    item = localnet.node.metadata.item("Drand", "BeaconConfig")
    assert localnet.node.metadata.value(item, None)["public_key"] == "0x" + QUICKNET_KEY.hex()


def test_unkeying_twice_is_harmless(server: Server) -> None:
    own = _sealing()
    rekey_over_wire(server.url)
    unkey()
    unkey()
    assert _sealing() == own


def test_a_beacon_out_of_reach_is_a_node_out_of_reach(server: Server) -> None:
    with Wire(server.url) as wire:
        beacon = WireBeacon(wire.url)
        wire.refuse()
        with pytest.raises(NodeUnreachable, match=f"the chain at {wire.url} cannot be asked"):
            beacon.head()
        wire.mend()
        wire.answer(503)
        with pytest.raises(bt.RpcConnectionError, match="503"):
            beacon.head()
        wire.mend()
        assert beacon.head().number == 0


def test_a_node_that_knows_no_beacon_is_told_with_its_words(server: Server) -> None:
    with Wire(server.url) as wire:
        wire.garbage(b"\x81\x02[]")
        with pytest.raises(NodeUnreachable, match="answered by"):
            WireBeacon(wire.url).head()
