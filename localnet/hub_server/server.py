"""The local Hub as a process: listening, telling that it does, and stopping cleanly."""

import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from localnet.hub_server.app import create_app
from localnet.hub_server.faults import Faults
from localnet.hub_server.store import HubStore

_KEEP_ALIVE_S = 75
_SHUTDOWN_S = 5


class PortInUse(OSError):
    """Another program listens on the port already."""


class HubServer(uvicorn.Server):
    """A local Hub on its own socket, which is open from construction on, so its address is known before it answers.

    What an earlier one was sent in part when it was killed is removed."""

    def __init__(self, store: HubStore, host: str = "127.0.0.1", port: int = 0, faults: Faults | None = None) -> None:
        self._socket = _listening(host, port)
        self.endpoint = f"http://{host}:{self._socket.getsockname()[1]}"
        store.archive.blobs.sweep()
        self._ready: Callable[[str], None] = lambda _endpoint: None
        super().__init__(
            uvicorn.Config(
                create_app(store, faults),
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_SHUTDOWN_S,
            )
        )

    def answer(self, ready: Callable[[str], None]) -> None:
        """Answer requests until `should_exit` is set or a signal asks to stop; calls `ready(endpoint)` once it does."""
        self._ready = ready
        self.run(sockets=[self._socket])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn.Server; the moment from which requests are answered."""
        await super().startup(sockets)
        self._ready(self.endpoint)


def serve(
    root: Path,
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[str], None] = print,
    faults: Faults | None = None,
) -> None:
    """Serve the Hub kept below `root` until SIGTERM or SIGINT; port 0 takes a free one. Raises PortInUse.

    Blocks, and belongs into the main thread of its process. Calls `ready` with the endpoint's URL once it answers."""
    server = HubServer(HubStore(root), host, port, faults)

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn raises the signal once more after its clean stop; the default handlers would then kill the process.
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.answer(ready)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def serving(root: Path, faults: Faults | None = None) -> Iterator[str]:
    """Serve the Hub below `root` from a thread of this process while the block runs; lends the endpoint's URL."""
    server = HubServer(HubStore(root), faults=faults)
    answering = threading.Event()
    thread = threading.Thread(
        target=server.answer, args=(lambda _endpoint: answering.set(),), name="local-hub", daemon=True
    )
    thread.start()
    try:
        while not answering.wait(timeout=0.05):
            if not thread.is_alive():
                raise RuntimeError("the local Hub stopped before it answered; its thread's traceback says why")
        yield server.endpoint
    finally:
        server.should_exit = True
        thread.join(2 * _SHUTDOWN_S)
        server.force_exit = True  # a connection that somebody keeps open must not hold up the end
        thread.join(_SHUTDOWN_S)


def _listening(host: str, port: int) -> socket.socket:
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is: 40 ms a request otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"port {port} of {host} is in use; stop the program that listens there, or choose another (0: any free)"
            ) from error
        raise
    return listener
