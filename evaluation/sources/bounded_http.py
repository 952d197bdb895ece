"""GET from hosts that nobody vouches for: bounded in time, bytes, redirects and repeats, whatever the other side does.
Knows nothing of what it fetches, and sends neither names nor secrets.
"""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import httpcore
import httpx

from evaluation.sources.held import Cause, Held
from evaluation.sources.timed_sockets import TimedBackend

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BROKEN = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one GET may cost; durations in seconds."""

    connect_s: float = 10.0
    read_s: float = 20.0
    """Longest silence."""
    total_s: float = 120.0
    """All of it: connections, redirects, repeats, waits between them, the body's last byte."""
    redirects: int = 3
    attempts: int = 4
    backoff_s: float = 1.0
    """First wait before a repeat, unless the host names one; each next wait is twice as long."""
    longest_wait_s: float = 20.0
    """A host that asks for more patience is asked again another time."""


@dataclass(frozen=True, slots=True)
class _Later:
    """What a repeat may mend, and how long the host asked to wait, if it did."""

    held: Held
    after_s: float | None = None


Answer = bytes | Held | _Later


@dataclass(frozen=True, slots=True)
class BoundedHttp:
    """Fetches under limits; threads may share it. No proxy and nothing else is taken from the environment."""

    limits: Limits = Limits()
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    trust: ssl.SSLContext | None = None
    """Which certificates are believed; None for the usual authorities."""

    def get(self, url: str, *, max_bytes: int, until: float) -> bytes | Held:
        """The whole body of a 200 answer of at most `max_bytes` bytes, had before `until` on this object's clock.

        Otherwise why not: UNREACHABLE, RATE_LIMITED, OVERRUN (more bytes or more time), or WITHHELD where a host that
        works says no. 429, 5xx and broken connections are tried again; http may lead to https, nothing else changes.
        """
        until = min(until, self.clock() + self.limits.total_s)
        for attempt in range(1, self.limits.attempts + 1):
            answer = self._followed(url, max_bytes, until)
            if not isinstance(answer, _Later):
                return answer
            wait_s = self.limits.backoff_s * 2 ** (attempt - 1) if answer.after_s is None else answer.after_s
            if attempt == self.limits.attempts or not self._is_worth(wait_s, until):
                return answer.held
            self.sleep(wait_s)
        raise ValueError("limits.attempts must be at least 1")

    def _is_worth(self, wait_s: float, until: float) -> bool:
        return wait_s <= self.limits.longest_wait_s and self.clock() + wait_s < until

    def _followed(self, url: str, max_bytes: int, until: float) -> Answer:
        """One attempt, to the end of its redirects."""
        try:
            before = here = httpx.URL(url)
            for _ in range(self.limits.redirects + 1):
                if not _may_lead(before, here):
                    return Held(Cause.UNREACHABLE, f"leads from {before.scheme} to {str(here)[:80]!r}")
                answer = self._once(here, max_bytes, until)
                if not isinstance(answer, httpx.URL):
                    return answer
                before, here = here, answer
        except (httpx.InvalidURL, UnicodeError) as error:  # the latter for names that are none, such as xn--a
            return Held(Cause.UNREACHABLE, f"leads to no address: {str(error)[:80]}")
        return Held(Cause.UNREACHABLE, f"redirects more than {self.limits.redirects} times")

    def _once(self, url: httpx.URL, max_bytes: int, until: float) -> Answer | httpx.URL:
        trust, backend = self.trust or _authorities(), TimedBackend(lambda: until - self.clock())
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        headers = [(b"Host", url.netloc), (b"Accept-Encoding", b"identity"), (b"User-Agent", b"crucible")]
        silence = {"connect": self.limits.connect_s, "read": self.limits.read_s, "write": self.limits.read_s}
        try:
            with (
                httpcore.ConnectionPool(trust, network_backend=backend) as pool,
                pool.stream("GET", target, headers=headers, extensions={"timeout": silence}) as response,
            ):
                return _read(response, url, max_bytes)
        except _BROKEN as error:
            if self.clock() >= until:
                return Held(Cause.OVERRUN, "takes longer than it may")
            return _Later(Held(Cause.UNREACHABLE, f"{type(error).__name__}: {str(error)[:80]}"))


def _may_lead(before: httpx.URL, here: httpx.URL) -> bool:
    """Nothing but HTTP, and never from https to less."""
    safe = here.scheme == "https" or here.scheme == before.scheme == "http"
    return safe and bool(here.host) and (here.port or 0) < 2**16


def _read(response: httpcore.Response, url: httpx.URL, max_bytes: int) -> Answer | httpx.URL:
    status = response.status
    if status == 200:
        return _body(response, max_bytes)
    if status in _REDIRECTS and (location := _header(response, b"location")):
        return url.join(location)
    if status == 429:
        return _Later(Held(Cause.RATE_LIMITED, "HTTP 429"), _retry_after(response))
    if status >= 500:
        return _Later(Held(Cause.UNREACHABLE, f"HTTP {status}"), _retry_after(response))
    return Held(Cause.WITHHELD, f"HTTP {status}")


def _body(response: httpcore.Response, max_bytes: int) -> bytes | Held:
    """The body as it comes; how long the host says that it will be is nothing to go by."""
    body = bytearray()
    for piece in response.iter_stream():
        body += piece
        if len(body) > max_bytes:
            return Held(Cause.OVERRUN, f"sends more than {max_bytes} bytes")
    return bytes(body)


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), "")


def _retry_after(response: httpcore.Response) -> float | None:
    """Seconds a host asks to wait. A date counts as none: it is of another clock."""
    asked = _header(response, b"retry-after")
    return float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None


@cache
def _authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
