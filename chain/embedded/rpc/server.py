"""A node's websocket in front of a chain file: an unmodified client connects to it as to any subtensor.

One thread per connection answers its requests in their order and tells it what is new in its subscriptions.
"""

import logging
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from chain.embedded.errors import EmbeddedChainError
from chain.embedded.node import Node
from chain.embedded.rpc.dialogue import Dialogue, Requests
from chain.embedded.rpc.errors import TooBig
from chain.embedded.rpc.front import Front

MOST_BYTES = 15 * 2**20
"""The largest request a node takes."""
_READ_AT_MOST = 4
"""Multiples of that which are still read, to be answered with an error; beyond, the connection ends."""
_GOODBYE_S = 1.0
"""How long a client is waited for as its connection is closed."""
_GOING_AWAY = 1001

_log = logging.getLogger(__name__)
_wire_log = logging.getLogger(f"{__name__}.wire")
# What strangers send to an open port is their business, and no traceback of ours.
_wire_log.setLevel(logging.CRITICAL)


class Server:
    """Serves from construction until closed. Raises EmbeddedChainError where the address cannot be listened on."""

    def __init__(
        self,
        path: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        kept_states: int | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._node = Node.open(path)
        self._front = Front(self._node, kept_states)
        self._requests = Requests()
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._open: dict[ServerConnection, threading.Thread] = {}
        try:
            self._server = serve(
                self._converse,
                host,
                port,
                compression=None,
                max_size=_READ_AT_MOST * most_bytes,
                close_timeout=_GOODBYE_S,
                logger=_wire_log,
            )
        except OSError as error:
            self._node.close()
            raise EmbeddedChainError(f"{host}:{port} cannot be listened on: {error}; choose another port") from error
        named = f"[{host}]" if ":" in host else host
        self.url = f"ws://{named}:{self._server.socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, name=f"rpc {self.url}", daemon=True)
        self._thread.start()

    @property
    def requests(self) -> Counter[str]:
        """How often each method was asked for so far."""
        return self._requests.so_far()

    def close(self) -> None:
        """Take no more connections and say goodbye on the open ones."""
        self._server.shutdown()
        self._thread.join()
        with self._lock:
            conversations = dict(self._open)
        _part_from(conversations)
        for thread in conversations.values():
            thread.join()
        self._node.close()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _converse(self, connection: ServerConnection) -> None:
        """One connection's thread: answer what comes, and look for news as often as blocks may come."""
        with self._lock:
            self._open[connection] = threading.current_thread()
        dialogue = Dialogue(self._front, self._requests)
        try:
            while True:
                self._turn(connection, dialogue)
        except ConnectionClosed:
            pass
        except EmbeddedChainError as error:
            _log.warning("ended a connection, as its subscriptions cannot be followed: %s", error)
        finally:
            with self._lock:
                del self._open[connection]

    def _turn(self, connection: ServerConnection, dialogue: Dialogue) -> None:
        patience = self._node.parameters.poll_s if dialogue.subscriptions else None
        try:
            frame = connection.recv(patience)
        except TimeoutError:
            response = None
        else:
            response = self._response(frame, dialogue)
        if response is not None:
            connection.send(response)
        for notification in dialogue.news():
            connection.send(notification)

    def _response(self, frame: str | bytes, dialogue: Dialogue) -> str | None:
        if len(frame) > self._most_bytes:
            return dialogue.refusal(TooBig(self._most_bytes))
        return dialogue.answer(frame)


def _part_from(connections: Iterable[ServerConnection]) -> None:
    """Close all connections at once, and cut those of clients who neither answer nor read."""
    goodbyes = {c: threading.Thread(target=c.close, args=(_GOING_AWAY,), daemon=True) for c in connections}
    for goodbye in goodbyes.values():
        goodbye.start()
    for connection, goodbye in goodbyes.items():
        goodbye.join(2 * _GOODBYE_S)
        if goodbye.is_alive():
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(path: Path, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve a chain file from threads of this process; the address. Port 0 stands for any that is free."""
    with Server(path, host, port) as server:
        yield server.url
