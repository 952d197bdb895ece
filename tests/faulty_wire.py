"""A TCP wire between a client and a server that can be made to misbehave, one fault at a time and at once.

Knows nothing of what flows through it, but for where a handshake's answer ends. Runs on an event loop of its own.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_CHUNK = 65_536
_END_OF_HEADERS = b"\r\n\r\n"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def text_frame(text: str) -> bytes:
    """A server's websocket text frame, for text below 126 bytes."""
    data = text.encode()
    assert len(data) < 126
    return bytes([0x81, len(data)]) + data


GARBAGE = text_frame('{"jsonrpc": "2.0", "id": 1, "resu')


@dataclass
class _Faults:
    """What new connections meet; those that a freeze or garbage has met keep it, as their stream is beyond repair."""

    frozen: bool = False
    answer: bytes | None = None
    garbage: bytes | None = None
    delay_up_s: float = 0.0
    delay_down_s: float = 0.0


@dataclass(eq=False)
class _Link:
    """One client's connection and the server's end of it."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    frozen: bool = False
    shaken: bool = False
    head: bytes = b""
    left: int | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Wire:
    """`Wire(server_url)`, connect to `url`, throw a switch; each switch has taken effect when its method returns.

    `mend` ends every fault for new connections. `swallowed` is set as soon as a frozen wire has swallowed something, so
    that a test waits for the very moment in which a request is lost.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname
        assert parts.port
        self._target = (parts.hostname, parts.port)
        self.swallowed = threading.Event()
        self.connections = 0
        """How many were accepted so far, those answered by HTTP among them."""
        self._faults = _Faults()
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0
        self._listener: asyncio.Server | None = None
        self._reserved: socket.socket | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faulty wire", daemon=True)
        self._thread.start()
        self._do(self._listen())
        self.url = f"ws://127.0.0.1:{self._port}"

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Switches ------------------------------------------------------------------------------------------------------

    def mend(self) -> None:
        """Accept, and pass everything on at once."""
        self._do(self._mend())

    def freeze(self) -> None:
        """From now on swallow everything silently, on open connections and on new ones, which are accepted."""
        self._now(self._freeze)

    def drop(self) -> None:
        """Reset every open connection; new ones pass."""
        self._now(self._drop)

    def refuse(self) -> None:
        """Refuse new connections, as a closed port does; open ones pass."""
        self._do(self._refuse())

    def delay(self, up_s: float = 0.0, down_s: float = 0.0) -> None:
        """Hold every byte back for so long, towards the server and from it; as much passes as before."""
        self._now(lambda: self._set(delay_up_s=up_s, delay_down_s=down_s))

    def answer(self, status: int, headers: Mapping[str, str] | None = None, body: str = "") -> None:
        """Answer new connections' handshakes with an HTTP status in the server's place."""
        lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in (headers or {}).items())]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", body]
        self._now(lambda: self._set(answer="\r\n".join(lines).encode()))

    def cut_after(self, count: int) -> None:
        """Let so many further bytes of the server through on each open connection, then reset it."""
        self._now(lambda: self._cut_after(count))

    def garbage(self, data: bytes = GARBAGE) -> None:
        """Give clients these bytes in the place of everything the server says after its handshake."""
        self._now(lambda: self._set(garbage=data))

    def close(self) -> None:
        """Reset what is open and end the wire."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # On the loop ---------------------------------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _now(self, work: Callable[[], None]) -> None:
        async def run() -> None:
            work()

        self._do(run())

    def _set(self, **faults: Any) -> None:
        for name, value in faults.items():
            setattr(self._faults, name, value)

    def _freeze(self) -> None:
        self._faults.frozen = True
        for link in self._links:
            link.frozen = True

    def _drop(self) -> None:
        for link in list(self._links):
            _reset(link)

    def _cut_after(self, count: int) -> None:
        for link in self._links:
            link.left = count

    async def _mend(self) -> None:
        self._faults = _Faults()
        await self._listen()

    async def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            # Bound, but not listening: the port stays ours, and who connects is refused.
            self._reserved = _bound(self._port)

    async def _listen(self) -> None:
        if self._listener is None:
            if self._reserved is not None:
                self._reserved.close()
                self._reserved = None
            self._listener = await asyncio.start_server(self._accept, sock=_bound(self._port))
            self._port = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        await self._refuse()
        assert self._reserved is not None
        self._reserved.close()
        self._drop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        link = _Link(writer, frozen=self._faults.frozen)
        self._links.add(link)
        self._start(self._carry(link, reader))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _carry(self, link: _Link, reader: asyncio.StreamReader) -> None:
        """One connection from its handshake to its end."""
        try:
            if self._faults.answer is not None and not link.frozen:
                await reader.readuntil(_END_OF_HEADERS)
                link.client.write(self._faults.answer)
                await link.client.drain()
                link.client.close()
                return
            server_reader, link.server = await asyncio.open_connection(*self._target)
            up = self._start(self._pump(link, reader, link.server, upwards=True))
            down = self._start(self._pump(link, server_reader, link.client, upwards=False))
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.gather(up, down, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError):
            _reset(link)
        finally:
            self._links.discard(link)

    async def _pump(
        self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, upwards: bool
    ) -> None:
        """Pass one direction on, each chunk when it is due, so that a delay makes nothing slower but later."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        deliverer = self._start(self._deliver(link, waiting, writer, upwards=upwards))
        data = b"-"
        while data:
            try:
                data = await reader.read(_CHUNK)
            except OSError:
                data = b""
            delay = self._faults.delay_up_s if upwards else self._faults.delay_down_s
            waiting.put_nowait((self._loop.time() + delay, data))
        await deliverer

    async def _deliver(
        self, link: _Link, waiting: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, *, upwards: bool
    ) -> None:
        while True:
            due, data = await waiting.get()
            if due > self._loop.time():
                await asyncio.sleep(due - self._loop.time())
            if link.frozen:
                self.swallowed.set()
                if not data and upwards:
                    # Whoever was frozen out has gone, and nobody is left to notice.
                    _reset(link)
                if not data:
                    return
                continue
            if not data:
                writer.close()
                return
            try:
                writer.write(data if upwards else self._downwards(link, data))
                await writer.drain()
            except OSError:
                return
            if link.left == 0:
                _reset(link)

    def _downwards(self, link: _Link, data: bytes) -> bytes:
        """What the client gets for a chunk of the server's."""
        start = 0
        if not link.shaken:
            before = len(link.head)
            link.head += data
            end = link.head.find(_END_OF_HEADERS)
            link.shaken = end >= 0
            start = max(0, end + len(_END_OF_HEADERS) - before) if link.shaken else len(data)
        if self._faults.garbage is not None and data[start:]:
            data = data[:start] + self._faults.garbage
        if link.left is not None:
            data = data[: link.left]
            link.left -= len(data)
        return data


def _reset(link: _Link) -> None:
    """End both halves of a connection at once, so that whoever uses it meets a reset."""
    for writer in (link.client, link.server):
        if writer is None:
            continue
        end = writer.get_extra_info("socket")
        if end.fileno() >= 0:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        writer.transport.abort()


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
