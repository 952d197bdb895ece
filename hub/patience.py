"""How long a Hub that asks for time is waited for. It makes no request, and never waits longer than it was told to."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from hub.port import HubUnreachable, RateLimited

T = TypeVar("T")


class TooSlow(HubUnreachable):
    """Bytes come, but so few that waiting for them would never end."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Repeats what the Hub asked to be repeated later (429 and 503 with Retry-After), and nothing else.

    A wait over `longest_wait_s` is left to the caller: the error comes through at once and says how long it is."""

    attempts: int = 4
    longest_wait_s: float = 20.0
    sleep: Callable[[float], None] = time.sleep

    def repeat(self, step: Callable[[], T]) -> T:
        """Return what `step` returns. Raises what it raises the last time."""
        for _ in range(self.attempts - 1):
            try:
                return step()
            except (RateLimited, HubUnreachable) as error:
                wait_s = error.retry_after_s
                if wait_s is None or wait_s > self.longest_wait_s:
                    raise
            self.sleep(wait_s)
        return step()


def paced(
    chunks: Iterator[bytes], window_s: float, least_bytes: int, clock: Callable[[], float] = time.monotonic
) -> Iterator[bytes]:
    """Yield the chunks; raise TooSlow when waiting `window_s` seconds for them brought fewer than `least_bytes`.

    A read time-out alone would let a byte a minute keep a download alive for ever."""
    waited_s, got = 0.0, 0
    while True:
        asked = clock()
        chunk = next(chunks, None)
        if chunk is None:
            return
        waited_s, got = waited_s + clock() - asked, got + len(chunk)
        if waited_s >= window_s:
            if got < least_bytes:
                raise TooSlow(f"only {got} bytes came in {waited_s:.0f} s, which is too slow; try again later")
            waited_s, got = 0.0, 0
        yield chunk
