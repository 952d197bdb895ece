"""The block author: blocks by number, time travel and dropped blocks for tests, or one per block time by the clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from chain.embedded.blocks import seal, seal_idle
from chain.embedded.errors import CannotGoBack
from chain.embedded.node import SEALING, SEALING_CLOCK, Node
from chain.embedded.reorganisation import drop
from chain.embedded.storage import Header

_STRIDE = 10_000
"""Most blocks made in one transaction while travelling."""
_STRIDE_S = 0.5
"""How long such a transaction may keep others from writing, but for the block that is being made."""


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
        """Make blocks at once, each one block time after the last and in a transaction of its own; the head then."""
        for _ in range(blocks):
            with self._node.file.write():
                seal(self._node)
        return self._node.head()

    def travel(self, blocks: int | None = None, *, to: int | datetime | None = None) -> Header:
        """Make the very blocks `advance` would, thousands in one transaction; the head then.

        For a number of blocks, or until the head has a number or has reached an (aware) moment of chain time. What
        other processes submit meanwhile stands in one of the next blocks. Raises CannotGoBack.
        """
        goal = self._goal(blocks, to)
        while (left := goal - self._node.head().number) > 0:
            with self._node.file.write():
                self._stride(min(left, _STRIDE))
        return self._node.head()

    def set_time(self, moment: datetime) -> Header:
        """Make one block that carries the given moment, as if none had been made for as long. Raises CannotGoBack."""
        wanted = round(moment.timestamp() * 1000)
        with self._node.file.write():
            due = self._node.head().time_ms + self._node.parameters.block_time_ms
            if wanted < due:
                earliest = datetime.fromtimestamp(due / 1000, UTC)
                raise CannotGoBack(f"chain time cannot be set to {moment}: the next block is of {earliest} or later")
            return seal(self._node, wanted)

    def reorganise(self, depth: int) -> Header:
        """Drop the newest blocks, so that others with other hashes follow; the head then. Raises CannotGoBack.

        Their extrinsics wait in the pool again; changes by Root in them are gone. Final blocks are never dropped.
        """
        with self._node.file.write():
            return drop(self._node, depth)

    def run(self, stop: Stop) -> None:
        """Make a block each block time until stopped; from now on submissions wait for these blocks.

        If chain time lags behind by more than a block, the first block carries the present time; if it is ahead, by
        itself or because somebody travels, it keeps its lead. After that every block is due one block time after the
        last: late ones are made up for.
        """
        self._node.file.set_meta(SEALING, SEALING_CLOCK)
        lead_ms = self._start()
        while True:
            lead_ms = max(lead_ms, self._node.head().time_ms - self._now_ms())
            if stop.wait(self._wait_ms(lead_ms) / 1000):
                return
            with self._node.file.write():
                # Another author may have made the block that was due.
                if self._wait_ms(lead_ms) == 0:
                    seal(self._node)

    def _goal(self, blocks: int | None, to: int | datetime | None) -> int:
        """The number of the last block to make."""
        if (blocks is None) == (to is None):
            raise ValueError("say either how many blocks to travel, or where to")
        head = self._node.head()
        if isinstance(to, datetime):
            ahead_ms = round(to.timestamp() * 1000) - head.time_ms
            goal = head.number - -ahead_ms // self._node.parameters.block_time_ms
        else:
            goal = head.number + blocks if blocks is not None else int(to or 0)
        if goal < head.number:
            present = datetime.fromtimestamp(head.time_ms / 1000, UTC)
            raise CannotGoBack(
                f"cannot travel to {goal if to is None else to}: the head is block {head.number} of {present}"
            )
        return goal

    def _stride(self, blocks: int) -> None:
        """Make blocks within one transaction, and fewer where they take long."""
        until, made = time.monotonic() + _STRIDE_S, 0
        while made < blocks and time.monotonic() < until:
            seal(self._node)
            made += 1 + seal_idle(self._node, blocks - made - 1)

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
