"""The faulty wire does to a real websocket client what each of its switches says."""

import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.faulty_wire import GARBAGE, Wire, text_frame


def _echo(connection: ServerConnection) -> None:
    for message in connection:
        connection.send(message)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serve(_echo, "127.0.0.1", 0, close_timeout=0.1) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        with Wire(f"ws://127.0.0.1:{server.socket.getsockname()[1]}") as wire:
            yield wire
        server.shutdown()
        thread.join()


def said(connection: Any, text: str = "hello", patience_s: float = 60.0) -> object:
    connection.send(text)
    return connection.recv(patience_s)


def open_(wire: Wire, patience_s: float = 60.0) -> Any:
    return connect(wire.url, open_timeout=patience_s, close_timeout=0.1, compression=None)


def test_a_whole_wire_passes_everything_and_counts_connections(wire: Wire) -> None:
    long = "x" * 500_000
    with open_(wire) as first, open_(wire) as second:
        assert (said(first), said(second), said(first, long), wire.connections) == ("hello", "hello", long, 2)


def test_a_frozen_wire_swallows_on_open_connections_and_is_whole_again_for_new_ones(wire: Wire) -> None:
    with open_(wire) as connection:
        wire.freeze()
        with pytest.raises(TimeoutError):
            said(connection, patience_s=0.05)
        assert wire.swallowed.wait(60)
        wire.mend()
        with pytest.raises(TimeoutError):
            said(connection, patience_s=0.05)
        with open_(wire) as fresh:
            assert said(fresh) == "hello"


def test_a_frozen_wire_accepts_and_shakes_no_hand(wire: Wire) -> None:
    wire.freeze()
    with pytest.raises(TimeoutError):
        open_(wire, patience_s=0.05)
    assert wire.connections == 1


def test_a_dropped_connection_is_reset_and_the_next_one_passes(wire: Wire) -> None:
    with open_(wire) as connection:
        wire.drop()
        with pytest.raises(ConnectionClosed) as closed:
            said(connection)
        assert closed.value.rcvd is None
    with open_(wire) as connection:
        assert said(connection) == "hello"


def test_a_refusing_wire_leaves_open_connections_alone(wire: Wire) -> None:
    with open_(wire) as connection:
        wire.refuse()
        with pytest.raises(ConnectionRefusedError):
            open_(wire)
        assert said(connection) == "hello"
    wire.mend()
    with open_(wire) as connection:
        assert (said(connection), wire.connections) == ("hello", 2)


@pytest.mark.parametrize("way", ["up_s", "down_s"])
def test_a_delay_holds_back_each_message_and_not_each_after_the_other(wire: Wire, way: str) -> None:
    with open_(wire) as connection:
        wire.delay(**{way: 0.2})
        start = time.monotonic()
        for number in range(20):
            connection.send(str(number))
        told = [connection.recv(60) for _ in range(20)]
        took = time.monotonic() - start
    assert (told, 0.2 <= took < 20 * 0.2) == ([str(number) for number in range(20)], True)


@pytest.mark.parametrize("status", [429, 503])
def test_a_handshake_is_answered_by_http(wire: Wire, status: int) -> None:
    wire.answer(status, {"Retry-After": "7"}, "not now")
    with pytest.raises(InvalidStatus) as refusal:
        open_(wire)
    response = refusal.value.response
    assert (response.status_code, response.headers["Retry-After"], response.body) == (status, "7", b"not now")


def test_a_connection_is_cut_within_a_message(wire: Wire) -> None:
    with open_(wire) as connection:
        wire.cut_after(1_000)
        with pytest.raises(ConnectionClosed):
            said(connection, "x" * 5_000)


GARBLED: list[tuple[bytes, Callable[[Any], object], object]] = [
    (GARBAGE, said, '{"jsonrpc": "2.0", "id": 1, "resu'),
    (text_frame("[1]"), said, "[1]"),
]


@pytest.mark.parametrize(("garbage", "ask", "told"), GARBLED, ids=["cut JSON", "strange JSON"])
def test_garbage_comes_in_the_place_of_every_answer(
    wire: Wire, garbage: bytes, ask: Callable[[Any], object], told: object
) -> None:
    wire.garbage(garbage)
    with open_(wire) as connection:
        assert (ask(connection), ask(connection)) == (told, told)


def test_bytes_that_are_no_frame_end_the_connection(wire: Wire) -> None:
    wire.garbage(b"\xff" * 20)
    with open_(wire) as connection, pytest.raises(ConnectionClosed):
        said(connection)
