"""HTTP servers of the tests that answer as badly as a test asks, and a clock that moves when told."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[[BaseHTTPRequestHandler], None]


class Clock:
    """Seconds that pass when somebody sleeps on it or advances it; safe for threads."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Remember a wait and let it have passed."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self.now += seconds


class Mirror:
    """A server on this machine; a path without a behaviour is not found."""

    def __init__(self, wrap: Callable[[Any], Any] = lambda socket: socket) -> None:
        self.answers: dict[str, Behaviour] = {}
        self.asked: list[str] = []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                mirror.asked.append(self.path)
                self.close_connection = True
                mirror.answers.get(self.path, say(404))(self)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that goes away in the middle is what these tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.socket = wrap(self._server.socket)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="mirror", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Answer no more; from now on connections are refused."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def say(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """A plain answer; `Retry_After="3"` is the header Retry-After."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after the other; the last one stays."""
    left = list(behaviours)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def endless(piece: bytes, start: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Behaviour:
    """The same piece again and again, until the client goes away."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        while True:
            handler.wfile.write(piece)

    return answer


def dripping(
    clock: Clock, start: bytes = b"HTTP/1.1 200 OK\r\n\r\n", end: bytes = b"", seconds: int = 500
) -> Behaviour:
    """A whole answer, in the middle of which a byte comes each second of the test's clock."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        for _ in range(seconds):
            handler.wfile.write(b"x")
            clock.advance(1.0)
        handler.wfile.write(end)

    return answer


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Nothing at all, until the client goes away."""
    handler.rfile.read(1)
