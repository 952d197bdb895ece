"""The block author: a given number of blocks at once, or one per block time by the wall clock."""

import time
from collections.abc import Callable
from typing import Protocol

from chain.embedded.blocks import seal
from chain.embedded.node import SEALING_CLOCK, Node
from chain.embedded.storage import Header


def wall_clock_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Stop(Protocol):
    """A signal to wait for, as threading.Event is."""

    def wait(self, timeout: float) -> bool:
        """Whether the signal came within so many seconds."""
        ...


class Author:
    """Makes blocks on a chain file. Any process may; the file's write lock keeps two from making the same one."""

    def __init__(self, node: Node, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self._node = node
        self._now_ms = now_ms

    def advance(self, blocks: int = 1) -> Header:
        """Make blocks at once, each one block time after the last; the head afterwards."""
        for _ in range(blocks):
            with self._node.file.write():
                seal(self._node)
        return self._node.head()

    def run(self, stop: Stop) -> None:
        """Make a block each block time until stopped; from now on submissions wait for these blocks.

        If chain time lags behind by more than a block, the first block carries the present time; if it is ahead, it
        keeps its lead. After that every block is due one block time after the last: late ones are made up for.
        """
        self._node.file.set_meta("sealing", SEALING_CLOCK)
        lead_ms = self._start()
        while not stop.wait(self._wait_ms(lead_ms) / 1000):
            with self._node.file.write():
                # Another author may have made the block that was due.
                if self._wait_ms(lead_ms) == 0:
                    seal(self._node)

    def _start(self) -> int:
        """Bring chain time up to the present, and tell by how many milliseconds it is ahead."""
        with self._node.file.write():
            lead_ms = self._node.head().time_ms - self._now_ms()
            if lead_ms < -self._node.parameters.block_time_ms:
                seal(self._node, self._now_ms())
        return max(0, lead_ms)

    def _wait_ms(self, lead_ms: int) -> int:
        due = self._node.head().time_ms + self._node.parameters.block_time_ms
        return max(0, due - lead_ms - self._now_ms())
