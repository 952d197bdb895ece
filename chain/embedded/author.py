"""The block author: a given number of blocks at once, or one per block time by the wall clock."""

import threading
import time

from chain.embedded.blocks import seal
from chain.embedded.node import SEALING_CLOCK, Node
from chain.embedded.storage import Header


class Author:
    """Makes blocks on a chain file. Any process may; the file's write lock keeps two from making the same one."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def advance(self, blocks: int = 1) -> Header:
        """Make blocks at once, each one block time after the last; the head afterwards."""
        for _ in range(blocks):
            with self._node.file.write():
                seal(self._node)
        return self._node.head()

    def run(self, stop: threading.Event) -> None:
        """Make a block each block time until stopped; from now on submissions wait for these blocks.

        If chain time lags behind by more than a block, the first block carries the present time; if it is ahead, it
        keeps its lead. After that every block is due one block time after the last: late ones are made up for.
        """
        self._node.file.set_meta("sealing", SEALING_CLOCK)
        lead_ms = self._start()
        while not stop.wait(self._wait_s(lead_ms)):
            with self._node.file.write():
                # Another author may have made the block that was due.
                if self._wait_s(lead_ms) == 0:
                    seal(self._node)

    def _start(self) -> int:
        """Bring chain time up to the present, and tell by how many milliseconds it is ahead."""
        with self._node.file.write():
            lead_ms = self._node.head().time_ms - _now_ms()
            if lead_ms < -self._node.parameters.block_time_ms:
                seal(self._node, _now_ms())
        return max(0, lead_ms)

    def _wait_s(self, lead_ms: int) -> float:
        due = self._node.head().time_ms + self._node.parameters.block_time_ms
        return max(0, due - lead_ms - _now_ms()) / 1000


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
