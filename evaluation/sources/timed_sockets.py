"""Sockets under one deadline: each wait is cut to what is left of the whole, so that a byte now and then, be it in the
headers, stretches nothing. Knows no HTTP.
"""

import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

Cut = Callable[[float | None], float]
"""A time-out, cut to what is left. Raises httpcore.ReadTimeout where nothing is."""


class TimedBackend(httpcore.NetworkBackend):
    """Connects as httpcore does, to one of a name's addresses after the other; `left` says how many seconds there still
    are. Looking up a name is bounded by the system's resolver alone."""

    def __init__(self, left: Callable[[], float]) -> None:
        self._inner = httpcore.SyncBackend()
        self._left = left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """See httpcore.NetworkBackend."""
        failure: Exception = httpcore.ConnectError(f"{host[:80]!r} has no address")
        for address in _addresses(host, port):
            try:
                stream = self._inner.connect_tcp(address, port, self._cut(timeout), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._cut)
        raise failure

    def _cut(self, timeout: float | None) -> float:
        left = self._left()
        if left <= 0:
            raise httpcore.ReadTimeout("out of time")
        return left if timeout is None else min(left, timeout)


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, cut: Cut) -> None:
        self._inner = inner
        self._cut = cut

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._cut(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._cut(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _TimedStream(self._inner.start_tls(ssl_context, server_hostname, self._cut(timeout)), self._cut)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host[:80]!r} is not to be found: {error}") from error
    return [str(address[0]) for *_, address in found]
