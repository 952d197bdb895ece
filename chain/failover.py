"""Every thread its own connection, the endpoints in turn, and pauses that grow and differ between attempts.

Knows when to ask again and whom; what is asked is the caller's business.
"""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from chain.connection import Answer, Ask, Connection, Endpoint
from chain.reader import ChainError, ChainFault, ChainThrottled, ChainUnreachable
from chain.translation import translated


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a chain is waited for, in seconds, and how often it is asked."""

    connect_s: float = 20.0
    read_s: float = 30.0
    write_s: float = 180.0
    """Inclusion and finality take a few blocks."""
    attempts: int = 3
    """Attempts at one read; at least one for every endpoint."""
    pause_s: float = 0.25
    """Pause before the second attempt; it doubles with each further one."""
    longest_pause_s: float = 8.0


def pause(attempt: int, patience: Patience, chance: float) -> float:
    """Seconds before an attempt (the first is 0 and waits not at all): exponential, with `chance` in [0, 1) as jitter.

    Half of it is fixed and half is chance, so that validators cut off by the same fault do not return in one wave.
    """
    if attempt == 0:
        return 0.0
    full = min(patience.longest_pause_s, patience.pause_s * 2.0 ** (attempt - 1))
    return full * (0.5 + chance / 2)


class Lines:
    """Connections to one chain. A connection that failed is closed and never used again."""

    def __init__(self, endpoints: Sequence[Endpoint], patience: Patience) -> None:
        self._endpoints = tuple(endpoints)
        self._patience = patience
        self._lock = threading.Lock()
        self._preferred = 0
        self._genesis: str | None = None
        self._open: dict[threading.Thread, Connection] = {}
        self._closed = threading.Event()

    def read(self, doing: str, ask: Ask[Answer]) -> Answer:
        """Ask until one endpoint answers. Raises ChainUnreachable once none did, or the error a node answered with."""
        return self._ask(doing, ask, self._patience.read_s, may_repeat=True)

    def write(self, doing: str, ask: Ask[Answer]) -> Answer:
        """Ask once over a connection that stands: what was sent and not answered for may have taken effect."""
        return self._ask(doing, ask, self._patience.write_s, may_repeat=False)

    def close(self) -> None:
        """End all connections; whoever still asks gets ChainUnreachable."""
        self._closed.set()
        with self._lock:
            connections = list(self._open.values())
            self._open.clear()
        for connection in connections:
            connection.close()

    def _ask(self, doing: str, ask: Ask[Answer], timeout_s: float, *, may_repeat: bool) -> Answer:
        faults: list[ChainUnreachable] = []
        for attempt in range(max(self._patience.attempts, len(self._endpoints))):
            if self._turned_away(faults):
                break
            if self._closed.wait(pause(attempt, self._patience, random.random())):
                raise ChainUnreachable(f"{doing}: the connection to the chain was closed")
            try:
                connection = self._mine(doing)
            except ChainUnreachable as fault:
                faults.append(fault)
                continue
            try:
                return connection.run(ask, timeout_s)
            except Exception as error:
                fault_ = translated(error, doing, connection.endpoint.name)
                if not isinstance(fault_, ChainUnreachable):
                    raise fault_ from error
                self._abandon(connection)
                faults.append(fault_)
                if not may_repeat:
                    break
        raise _together(faults)

    def _mine(self, doing: str) -> Connection:
        """This thread's connection, opened where it has none. Raises ChainUnreachable, or another ChainError."""
        thread = threading.current_thread()
        with self._lock:
            mine = self._open.get(thread)
            endpoint = self._endpoints[self._preferred]
        if mine is not None:
            return mine
        self._reap()
        try:
            opened = self._connected(endpoint)
        except Exception as error:
            self._avoid(endpoint)
            raise translated(error, doing, endpoint.name) from error
        with self._lock:
            self._open[thread] = opened
        return opened

    def _connected(self, endpoint: Endpoint) -> Connection:
        """A connection to the chain that the first one was to. Raises ChainFault where the endpoint is of another."""
        opened = Connection(endpoint, self._patience.connect_s)
        try:
            genesis = opened.run(lambda substrate: substrate.block_hash(0), self._patience.connect_s)
            with self._lock:
                self._genesis = self._genesis or genesis
            if genesis != self._genesis:
                raise ChainFault(
                    f"{endpoint.name} serves another chain, whose genesis is {genesis} instead of {self._genesis}: "
                    "name nodes of one network with --network"
                )
        except BaseException:
            opened.close()
            raise
        return opened

    def _turned_away(self, faults: Sequence[ChainUnreachable]) -> bool:
        """Whether every endpoint has told us to ask less, which asking again at once is not."""
        throttled = sum(isinstance(fault, ChainThrottled) for fault in faults)
        return throttled == len(faults) >= len(self._endpoints)

    def _reap(self) -> None:
        """Close what belonged to threads that have ended."""
        with self._lock:
            ended = [self._open.pop(thread) for thread in list(self._open) if not thread.is_alive()]
        for connection in ended:
            connection.close()

    def _abandon(self, connection: Connection) -> None:
        with self._lock:
            self._open.pop(threading.current_thread(), None)
        self._avoid(connection.endpoint)
        connection.close()

    def _avoid(self, endpoint: Endpoint) -> None:
        """New connections go to the next endpoint, unless another thread has turned away from this one already."""
        with self._lock:
            if self._endpoints[self._preferred] is endpoint:
                self._preferred = (self._preferred + 1) % len(self._endpoints)


def _together(faults: Sequence[ChainUnreachable]) -> ChainError:
    """One fault for all: of the last one's kind, each endpoint's own words told once."""
    told = dict.fromkeys(str(fault) for fault in faults)
    return type(faults[-1])("; then ".join(told))
