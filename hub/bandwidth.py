"""A limit on bytes per second, shared by all who download through it. It does not know what the bytes are."""

import threading
import time
from collections.abc import Callable


class Bandwidth:
    """Makes those who spend wait, so that on average no more than `bytes_per_s` go through; safe for threads."""

    def __init__(
        self,
        bytes_per_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not bytes_per_s > 0:
            raise ValueError(f"{bytes_per_s} bytes per second let nothing through; give a positive number, or no limit")
        self._bytes_per_s = bytes_per_s
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at = 0.0

    def spend(self, size: int) -> None:
        """Wait until `size` bytes more were allowed; what was not used earlier is not saved up."""
        with self._lock:
            now = self._clock()
            self._free_at = max(now, self._free_at) + size / self._bytes_per_s
            wait_s = self._free_at - now
        self._sleep(wait_s)
