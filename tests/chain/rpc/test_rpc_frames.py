"""Whatever comes down a connection, the server answers in JSON-RPC or ends that connection, and lives on."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from chain.embedded.errors import EmbeddedChainError
from chain.embedded.genesis import genesis
from chain.embedded.node import Node
from chain.embedded.rpc.dialogue import Dialogue, Requests
from chain.embedded.rpc.front import Front
from chain.embedded.rpc.methods import METHODS
from chain.embedded.rpc.server import Server, serving

HASH = "0x" + "00" * 32
HEALTH = {"jsonrpc": "2.0", "id": 1, "method": "system_health"}


@pytest.fixture
def dialogue(localnet: Any) -> Iterator[Dialogue]:
    node = Node.open(localnet.path)
    yield Dialogue(Front(node), Requests())
    node.close()


def request(method: object, *params: object, **changes: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params} | changes


def told(dialogue: Dialogue, frame: object) -> tuple[object, object]:
    """Id and error code of the response to a frame."""
    response = json.loads(dialogue.answer(frame if isinstance(frame, str | bytes) else json.dumps(frame)) or "{}")
    return response.get("id"), response.get("error", {}).get("code")


NO_JSON = ["", "{", "\x00", "nul", "[" * 100_000, "9" * 5_000, b"\xff\xfe", '{"id": 1,}']
NO_REQUEST: list[object] = [
    1,
    None,
    "text",
    [],
    {},
    {"id": 1, "method": "system_health"},
    {"jsonrpc": "1.0", "id": 1, "method": "system_health"},
    {"jsonrpc": "2.0", "id": [], "method": 5},
    [{}] * 1_001,
]
BAD_PARAMS: list[dict[str, object]] = [
    request("chain_getBlockHash", -1),
    request("chain_getBlockHash", 2**70),
    request("chain_getBlockHash", True),
    request("chain_getBlockHash", "0xzz"),
    request("chain_getHeader", "0x12"),
    request("chain_getHeader", 5),
    request("chain_getBlock", "no hex at all"),
    request("state_getStorageAt"),
    request("state_getStorageAt", {"key": 1}),
    request("state_queryStorageAt", "0x00"),
    request("state_queryStorageAt", [5]),
    request("state_getKeysPaged", "0x", 10),
    request("state_getKeysPaged", "0x" + "00" * 31, 10),
    request("state_call", "SubnetInfoRuntimeApi_get_metagraph", "0x070000"),
    request("state_call", "SubnetInfoRuntimeApi_get_metagraph"),
    request("account_nextIndex", "no address"),
    request("account_nextIndex"),
    request("author_unwatchExtrinsic", None),
    request("system_health", params={"by": "name"}),
]


@pytest.mark.parametrize("frame", NO_JSON, ids=range(len(NO_JSON)))
def test_what_is_no_json_is_a_parse_error(dialogue: Dialogue, frame: str | bytes) -> None:
    assert told(dialogue, frame) == (None, -32700)


@pytest.mark.parametrize("frame", NO_REQUEST, ids=range(len(NO_REQUEST)))
def test_json_that_is_no_request_is_an_invalid_request(dialogue: Dialogue, frame: object) -> None:
    assert told(dialogue, json.dumps(frame))[1] == -32600


@pytest.mark.parametrize("frame", BAD_PARAMS, ids=lambda frame: f"{frame['method']} {str(frame['params'])[:20]}")
def test_parameters_that_fit_no_method_are_invalid_params(dialogue: Dialogue, frame: dict[str, object]) -> None:
    assert told(dialogue, frame) == (1, -32602)


def test_a_page_larger_than_a_nodes_is_refused(dialogue: Dialogue) -> None:
    assert told(dialogue, request("state_getKeysPaged", HASH, 1_001)) == (1, 4002)


@pytest.mark.parametrize("key", ["0x", "0x26", "0x" + "ff" * 40], ids=["empty", "short", "beyond"])
def test_a_key_of_no_item_has_no_value(dialogue: Dialogue, key: str) -> None:
    answer = json.loads(dialogue.answer(json.dumps(request("state_getStorageAt", key))) or "")
    assert answer["result"] is None


def test_a_prefix_above_every_key_has_no_keys(dialogue: Dialogue) -> None:
    answer = json.loads(dialogue.answer(json.dumps(request("state_getKeysPaged", "0x" + "ff" * 40, 10))) or "")
    assert answer["result"] == []


def test_derived_items_take_only_their_own_keys(dialogue: Dialogue, localnet: Any) -> None:
    metadata = localnet.node.metadata
    prefix = metadata.key(metadata.item("System", "BlockHash"), ()).hex()
    torn = [prefix, prefix + "00", prefix + "ff" * 12, prefix + "00" * 40]
    answer = json.loads(dialogue.answer(json.dumps(request("state_queryStorageAt", torn))) or "")
    assert [value for _, value in answer["result"][0]["changes"]] == [None] * 4


def test_a_batch_is_answered_in_order_and_notifications_not_at_all(dialogue: Dialogue) -> None:
    batch = [HEALTH | {"id": "a"}, {"jsonrpc": "2.0", "method": "system_health"}, 5, HEALTH | {"method": "x"}]
    answers = json.loads(dialogue.answer(json.dumps(batch)) or "")
    assert [(answer["id"], answer.get("error", {}).get("code")) for answer in answers] == [
        ("a", None),
        (None, -32600),
        (1, -32601),
    ]
    silent = [{"jsonrpc": "2.0", "method": "system_health"}, {"jsonrpc": "2.0", "method": "x"}]
    assert (dialogue.answer(json.dumps(silent)), dialogue.answer(json.dumps(silent[0]))) == (None, None)


def test_subscriptions_of_one_connection_are_limited(dialogue: Dialogue) -> None:
    codes = [told(dialogue, request("chain_subscribeNewHeads"))[1] for _ in range(1_025)]
    assert (set(codes[:-1]), codes[-1]) == ({None}, -32006)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary().map(lambda data: "0x" + data.hex()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(
    method=st.sampled_from([m for m in METHODS if not m.startswith("author_submit")]),
    params=st.lists(_JSON, max_size=5),
)
def test_no_parameters_break_a_method(method: str, params: list[object], pocket_dialogue: Dialogue) -> None:
    answer = json.loads(pocket_dialogue.answer(json.dumps(request(method, *params))) or "")
    assert answer["id"] == 1
    assert answer.get("error", {}).get("code") != -32603


@pytest.fixture(scope="module")
def pocket_dialogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dialogue]:
    node = genesis(tmp_path_factory.mktemp("hostile") / "chain.db")
    yield Dialogue(Front(node), Requests())
    node.close()


def test_a_frame_beyond_the_limit_is_refused_and_one_far_beyond_ends_its_connection(localnet: Any) -> None:
    with Server(localnet.path, most_bytes=1_000) as server:
        with connect(server.url, close_timeout=1) as connection:
            connection.send("x" * 1_001)
            refusal = json.loads(connection.recv(60))["error"]
            connection.send(json.dumps(HEALTH))
            alive = json.loads(connection.recv(60))["result"]["isSyncing"]
            connection.send("x" * 4_001)
            with pytest.raises(ConnectionClosed) as closed:
                connection.recv(60)
        with connect(server.url, close_timeout=1) as connection:
            connection.send(json.dumps(HEALTH))
            after = json.loads(connection.recv(60))["result"]["isSyncing"]
    assert (refusal["code"], refusal["data"], alive, after) == (-32007, "Exceeded max limit of 1000", False, False)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_strangers_who_speak_no_websocket_do_no_harm(localnet: Any) -> None:
    with serving(localnet.path) as url:
        place = urlsplit(url)
        for said in (b"", b"\xff" * 100, b"GET / HTTP/1.1\r\n\r\n"):
            with socket.create_connection((place.hostname, place.port), 5) as stranger:
                stranger.sendall(said)
        with connect(url, close_timeout=1) as connection:
            connection.send(json.dumps(HEALTH).encode())
            assert json.loads(connection.recv(60))["id"] == 1


def test_a_closing_server_says_goodbye(localnet: Any) -> None:
    with serving(localnet.path) as url:
        connection = connect(url, close_timeout=1)
        connection.send(json.dumps(HEALTH))
        connection.recv(60)
    with pytest.raises(ConnectionClosed) as closed:
        connection.recv(60)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


def test_a_client_that_reads_nothing_holds_no_server_up(localnet: Any) -> None:
    server = Server(localnet.path)
    with connect(server.url, close_timeout=1, max_queue=1) as connection:
        for _ in range(50):
            connection.send(json.dumps(request("state_getMetadata")))
        start = time.monotonic()
        server.close()
        assert time.monotonic() - start < 10


def test_a_taken_port_is_told(localnet: Any) -> None:
    with serving(localnet.path) as url:
        port = urlsplit(url).port
        assert port
        with pytest.raises(EmbeddedChainError, match=r"cannot be listened on: .*; choose another port"):
            Server(localnet.path, port=port)


def test_a_chain_file_that_went_away_is_an_internal_error(tmp_path: Path) -> None:
    node = genesis(tmp_path / "chain.db")
    dialogue = Dialogue(Front(node), Requests())
    node.close()
    assert told(dialogue, request("chain_getHead")) == (1, -32603)
