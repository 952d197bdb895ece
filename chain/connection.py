"""One thread's line to one endpoint: an event loop of its own, one substrate, and a time-out on everything asked of it.

Knows no other endpoint and repeats nothing. Why this stands in the place of the SDK's synchronous client is told in
docs/decisions/chain-connections.md.
"""

import asyncio
import contextlib
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any, TypeVar

Answer = TypeVar("Answer")

Substrate = Any
"""The SDK's `bt.Substrate`: a websocket to a node, or an embedded chain's file."""

Ask = Callable[[Substrate], Coroutine[Any, Any, Answer]]
"""What is asked of a substrate, as a coroutine function."""

_GRACE_S = 5.0
"""How long a loop that does not even notice its own time-out is waited for."""
_GOODBYE_S = 0.5
"""How long a node is waited for as its connection is closed: a socket that has frozen never says goodbye."""
_STOPPING_S = 5.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place that can be asked: its name for messages, and how a substrate to it is made."""

    name: str
    open: Callable[[], Substrate]


class _Loop(asyncio.SelectorEventLoop):
    """A loop that knows its sockets, so that one on which nobody answers any more can be let go of at once."""

    def __init__(self) -> None:
        super().__init__()
        self._reached: weakref.WeakSet[asyncio.BaseTransport] = weakref.WeakSet()

    async def create_connection(self, *arguments: Any, **options: Any) -> tuple[Any, Any]:
        transport, protocol = await super().create_connection(*arguments, **options)
        self._reached.add(transport)
        return transport, protocol

    async def abort(self) -> None:
        """End every connection without a word, and let it be known."""
        for transport in list(self._reached):
            transport.abort()  # type: ignore[attr-defined]  # create_connection makes transports that write
        await asyncio.sleep(0)


class Connection:
    """Connected once constructed. Raises whatever the SDK raises, TimeoutError, and ConnectionError once closed."""

    def __init__(self, endpoint: Endpoint, timeout_s: float) -> None:
        self.endpoint = endpoint
        self._loop = _Loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"chain {endpoint.name}", daemon=True)
        self._thread.start()
        self._substrate: Substrate = None
        self._closing = threading.Lock()
        try:
            self._substrate = endpoint.open()
            self.run(lambda substrate: substrate.connect(), timeout_s)
        except BaseException:
            self.close()
            raise

    def run(self, ask: Ask[Answer], timeout_s: float) -> Answer:
        """The answer, or TimeoutError after so many seconds, even where the loop itself no longer turns."""
        if self._closing.locked():
            raise ConnectionError("the connection is closed")
        return self._run(ask, timeout_s)

    def close(self) -> None:
        """End the connection, once; what hangs is left behind with its daemon thread."""
        if not self._closing.acquire(blocking=False):
            return
        with contextlib.suppress(Exception):
            self._run(_ended, _GOODBYE_S)
        with contextlib.suppress(Exception):
            self._run(lambda _: self._loop.abort(), _GOODBYE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOPPING_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _run(self, ask: Ask[Answer], timeout_s: float) -> Answer:
        bounded = _bounded(ask, self._substrate, timeout_s)
        future = asyncio.run_coroutine_threadsafe(bounded, self._loop)
        try:
            return future.result(timeout_s + _GRACE_S)
        except CancelledError:
            raise ConnectionError("the connection was closed while this was asked") from None
        except TimeoutError:
            future.cancel()
            raise


async def _ended(substrate: Substrate) -> None:
    """Let go of whatever is still being asked, then of the substrate."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    if substrate is not None:
        await substrate.close()


async def _bounded(ask: Ask[Answer], substrate: Substrate, timeout_s: float) -> Answer:
    async with asyncio.timeout(timeout_s):
        return await ask(substrate)
