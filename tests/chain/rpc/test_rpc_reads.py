"""An unmodified SDK reads over the websocket what it reads from the file."""

from collections.abc import Callable
from typing import Any

import bittensor as bt
import pytest
from bittensor._transport.codec import RuntimeCodec, strip_option_opaque_metadata
from bittensor_core import Keypair

from chain.embedded.metadata import metadata
from chain.embedded.rpc.dialogue import UNKNOWN
from chain.embedded.rpc.methods import METHODS
from chain.embedded.rpc.served_metadata import served_metadata
from chain.embedded.rpc.server import Server

NETUID = 7
MANY = 120
st = bt.storage

STRANGER = Keypair.create_from_uri("//outsider").ss58_address

READS: dict[str, Callable[[Any], object]] = {
    "the metagraph": lambda c: c.subnets.metagraph(NETUID),
    "the metagraph of no subnet": lambda c: c.subnets.metagraph(99),
    "the next epoch": lambda c: c.runtime(("SubnetInfoRuntimeApi", "get_next_epoch_start_block"), [NETUID]),
    "commitments": lambda c: c.read("commitments", netuid=NETUID),
    "all uids": lambda c: c.query_map(st.SubtensorModule.Uids, [NETUID]),
    "every entry": lambda c: c.query_map(st.Commitments.CommitmentOf, [NETUID]),
    "an empty map": lambda c: c.query_map(st.SubtensorModule.Weights, [NETUID]),
    "some keys of a map": lambda c: c.query_batch(st.SubtensorModule.Keys, [[NETUID, uid] for uid in (2, 0, 999)]),
    "a plain value": lambda c: c.query(st.SubtensorModule.Tempo, [NETUID]),
    "a default": lambda c: c.query(st.SubtensorModule.Tempo, [99]),
    "an option without value": lambda c: c.query(st.SubtensorModule.Uids, [NETUID, STRANGER]),
    "the epoch consensus": lambda c: c.query(st.SubtensorModule.SubnetEpochConsensus, [NETUID]),
    "the number": lambda c: c.query(st.System.Number),
    "the time": lambda c: c.query(st.Timestamp.Now),
    "the parent's hash": lambda c: c.query(st.System.ParentHash),
    "an earlier block's hash": lambda c: c.query(st.System.BlockHash, [1]),
    "a later block's hash": lambda c: c.query(st.System.BlockHash, [9_999]),
    "a pulse": lambda c: c.query(st.Drand.Pulses, [2]),
    "a pulse to come": lambda c: c.query(st.Drand.Pulses, [9_999]),
    "the newest round": lambda c: c.query(st.Drand.LastStoredRound),
    "blocks since the last step": lambda c: c.query(st.SubtensorModule.BlocksSinceLastStep, [NETUID]),
    "the beacon": lambda c: c.query(st.Drand.BeaconConfig),
    "the block's events": lambda c: c.query(st.System.Events),
}
CHAIN_READS: dict[str, Callable[[Any], object]] = {
    "the head": lambda c: c.block,
    "the final head": lambda c: c.finalized_block,
    "the block time": lambda c: c.block_time(),
    "timestamps": lambda c: [c.timestamp(block=block) for block in (0, 1, 3)],
    "a constant": lambda c: c.constant(("Aura", "SlotDuration")),
    "another constant": lambda c: c.constant(bt.constants.Balances.ExistentialDeposit),
    "a block": lambda c: _block(c, 3),
    "the genesis block": lambda c: _block(c, 0),
    "no block": lambda c: c.block_info(9_999),
    "a balance": lambda c: c.balances.get(STRANGER).tao,
    "hyperparameters": lambda c: c.query(st.SubtensorModule.WeightsSetRateLimit, [NETUID]),
}


def _block(client: Any, number: int) -> tuple[object, ...]:
    info = client.block_info(number)
    return info.number, info.hash, info.header["parentHash"], info.timestamp, info.extrinsics


@pytest.fixture
def crowded(localnet: Any, filed: Any) -> Any:
    """The chain at block 3: a crowd of hotkeys, and the commitments of three of them."""
    for number in range(MANY):
        hotkey = Keypair.create_from_uri(f"//crowd{number}").ss58_address
        localnet.root.register(NETUID, hotkey, localnet.owner.cold)
    for keys in (localnet.miner, localnet.validator, localnet.owner):
        localnet.commit(filed, keys, {"Raw5": b"hello"})
    return localnet


@pytest.mark.usefixtures("crowded")
def test_state_reads_the_same_at_the_head_and_at_a_block(wired: Any, filed: Any) -> None:
    def told(client: Any) -> dict[str, object]:
        return {name: (read(client), read(client.at(2))) for name, read in READS.items()}

    assert told(wired) == told(filed)


@pytest.mark.usefixtures("crowded")
def test_the_chain_itself_reads_the_same(wired: Any, filed: Any) -> None:
    def told(client: Any) -> dict[str, object]:
        return {name: read(client) for name, read in CHAIN_READS.items()}

    assert told(wired) == told(filed)


@pytest.mark.usefixtures("crowded")
def test_maps_come_in_pages_of_a_hundred(wired: Any, server: Server) -> None:
    before = server.requests
    uids = wired.query_map(st.SubtensorModule.Uids, [NETUID])
    between = server.requests
    wired.query_map(st.SubtensorModule.Weights, [NETUID])

    paged = ("state_getKeysPaged", "state_queryStorageAt")
    full, empty = between - before, server.requests - between
    assert [len(set(uids)), *(full[name] for name in paged), *(empty[name] for name in paged)] == [MANY + 3, 2, 2, 1, 0]


def test_a_map_that_is_computed_says_that_its_keys_must_be_asked_for(wired: Any) -> None:
    with pytest.raises(bt.ChainError, match=r"Drand\.Pulses is computed when read; query its keys one by one"):
        wired.query_map(st.Drand.Pulses)


def test_blocks_and_items_that_do_not_exist_are_errors(wired: Any) -> None:
    with pytest.raises(bt.ChainError, match="no block at height 9"):
        wired.at(9).query(st.SubtensorModule.Tempo, [NETUID])
    with pytest.raises(bt.ChainError, match="Exported method SwapRuntimeApi_current_alpha_price is not found"):
        wired.read("alpha_price", netuid=NETUID)


def test_state_of_a_block_that_is_not_there_is_refused_in_a_nodes_words(ask: Callable[..., Any]) -> None:
    gone = "0x" + "ab" * 32
    told = {
        "state_getStorage": ask("state_getStorage", "0x00", gone)["error"],
        "state_getRuntimeVersion": ask("state_getRuntimeVersion", gone)["error"],
        "state_call": ask("state_call", "Metadata_metadata_versions", "0x", gone)["error"],
    }
    unknown = {"code": 4003, "message": f"Client error: UnknownBlock: Header was not found in the database: {gone}"}
    blocks = [ask(method, gone)["result"] for method in ("chain_getHeader", "chain_getBlock")]
    assert (told, blocks, ask("chain_getBlockHash", 9)["result"]) == (dict.fromkeys(told, unknown), [None, None], None)


def test_pruned_state_is_read_from_an_archive(localnet: Any) -> None:
    localnet.author.advance(5)
    with Server(localnet.path, kept_states=2) as lite, Server(localnet.path) as archive:
        with bt.SyncClient(lite.url, archive_endpoints=[archive.url]) as sdk:
            number = sdk.at(1).query(st.System.Number)
        with (
            bt.SyncClient(lite.url, archive_endpoints=[]) as sdk,
            pytest.raises(bt.ChainError, match="should instead make this request using an archive node"),
        ):
            sdk.at(1).query(st.System.Number)
        asked = archive.requests["state_getStorageAt"]
    assert (number, asked) == (1, 1)


def test_metadata_differs_from_the_specs_in_what_this_chain_is_alone() -> None:
    spec, served = metadata().codec, RuntimeCodec(served_metadata(250_000), spec_version=461, transaction_version=1)

    def items(codec: Any) -> dict[str, set[str]]:
        return {pallet.name: {item.name for item in pallet.storage} for pallet in codec.metadata_ir().pallets}

    added = {name: found - items(spec)[name] for name, found in items(served).items() if found != items(spec)[name]}
    assert added == {"SubtensorModule": {"SubnetEpochConsensus"}}
    assert (spec.constant("Aura", "SlotDuration"), served.constant("Aura", "SlotDuration")) == (250, 250_000)
    assert served.constant("Timestamp", "MinimumPeriod") == spec.constant("Timestamp", "MinimumPeriod")


def test_metadata_is_served_under_every_name_it_has(ask: Callable[..., Any]) -> None:
    blob = served_metadata(1_000)
    at_15 = bytes.fromhex(ask("state_call", "Metadata_metadata_at_version", "0x0f000000")["result"][2:])
    at_14 = ask("state_call", "Metadata_metadata_at_version", "0x0e000000")["result"]
    versions = ask("state_call", "Metadata_metadata_versions", "0x")["result"]
    legacy = bytes.fromhex(ask("state_getMetadata")["result"][2:])

    assert (strip_option_opaque_metadata(at_15) == blob, legacy == blob) == (True, True)
    assert (at_14, versions) == ("0x00", "0x040f000000")


def test_requests_are_counted_by_method(server: Server, ask: Callable[..., Any]) -> None:
    for method in ("chain_getHead", "chain_getHead", "system_health", "no_such", "nor_such"):
        ask(method)
    assert server.requests == {"chain_getHead": 2, "system_health": 1, UNKNOWN: 2}


def test_every_method_is_listed_and_an_unlisted_one_is_named(ask: Callable[..., Any]) -> None:
    unknown = ask("chain_getNothing")
    assert unknown["error"]["code"] == -32601
    assert "chain_getNothing" in unknown["error"]["message"]
    assert ask("rpc_methods")["result"]["methods"] == sorted(METHODS)
