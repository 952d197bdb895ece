"""Networks by name: what connects where, and how much of it strangers get to see."""

from pathlib import Path

import bittensor_core
import pytest
from bittensor import settings, timelock
from bittensor.intents import weights

from chain.embedded.genesis import genesis
from chain.embedded.rpc.server import serving
from chain.failover import Patience
from chain.networks import QUICKNET, connect, public_name
from chain.reader import ChainUnreachable, InvalidNetwork


@pytest.mark.parametrize(
    ("network", "shown"),
    [
        ("finney", "finney"),
        ("wss://someone:secret@node.example:9944/key", "node.example"),
        ("ws://127.0.0.1:9944", "127.0.0.1"),
        ("/home/me/chain.sqlite", "an embedded chain"),
    ],
)
def test_strangers_see_neither_paths_nor_keys(network: str, shown: str) -> None:
    assert public_name(network) == shown


def test_a_node_that_nobody_runs_is_named_without_what_may_be_a_key() -> None:
    with pytest.raises(ChainUnreachable) as told:
        connect("ws://someone:secret@127.0.0.1:9/key", patience=Patience(attempts=1))
    assert "reading the head: ws://127.0.0.1:9 does not answer" in str(told.value)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "text",
    [
        "ws://127.0.0.1:9,finney",
        "ws://127.0.0.1:9,",
        "ws://",
        "ws://node:99999",
        "ws://node:port",
        "ws://node:0",
        "ws://[",
    ],
)
def test_a_list_of_addresses_holds_nothing_else(text: str) -> None:
    with pytest.raises(InvalidNetwork, match="is no ws:// or wss:// address of a node: check --network"):
        connect(text)


@pytest.mark.parametrize("text", ["node.example", "ws://node:port", "ws://["])
def test_an_archive_is_held_to_the_same(text: str) -> None:
    with pytest.raises(InvalidNetwork, match="is no ws:// or wss:// address of a node: check CRUCIBLE_ARCHIVE"):
        connect("ws://127.0.0.1:9", text)


@pytest.mark.parametrize("text", ["~nobody-of-that-name/chain.sqlite", "x" * 300, "a\0b"])
def test_a_name_that_no_file_can_have_is_none_of_a_network(text: str) -> None:
    with pytest.raises(InvalidNetwork, match=r"is neither one of finney, test, archive, local"):
        connect(text)


def test_a_name_that_means_nothing_lists_what_would() -> None:
    with pytest.raises(InvalidNetwork, match=r"network 'atlantis' is neither one of finney, test, archive, local"):
        connect("atlantis")


def test_a_file_that_is_no_chain_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a chain", encoding="utf-8")
    with pytest.raises(InvalidNetwork, match=r"notes.txt is not a chain file"):
        connect(str(tmp_path / "notes.txt"))


def test_after_an_embedded_chain_a_live_one_is_sealed_to_by_the_sdk_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genesis(tmp_path / "chain").close()
    connect(str(tmp_path / "chain")).close()
    assert timelock._core is not bittensor_core
    monkeypatch.setattr(settings, "resolve_endpoint", lambda name: (name, "ws://127.0.0.1:9"))
    monkeypatch.setattr(settings, "default_fallback_endpoints", lambda _: [])
    with pytest.raises(ChainUnreachable):
        connect("finney", patience=Patience(attempts=1))
    assert (timelock._core, weights._core) == (bittensor_core, bittensor_core)


def test_an_embedded_chain_served_where_a_local_node_would_be_keeps_its_own_beacon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = genesis(tmp_path / "chain")
    with serving(tmp_path / "chain") as url:
        monkeypatch.setattr(settings, "resolve_endpoint", lambda name: (name, url))
        chain = connect("local")
        first = chain.timestamp(chain.head())
        assert chain.beacon_round(first) == node.beacon.clock.first_at(first.timestamp() * 1000)
        assert chain.beacon_round(first) != QUICKNET.first_at(first.timestamp() * 1000)
        chain.close()
    node.close()
