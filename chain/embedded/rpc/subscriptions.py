"""What one connection has subscribed to, and what is new for it each time somebody looks."""

import secrets
import time
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from chain.embedded.rpc.errors import TooManySubscriptions
from chain.embedded.rpc.front import Front
from chain.embedded.scale import to_hex
from chain.embedded.storage import Header

_MOST = 1_024
"""Subscriptions a node allows on one connection."""
_GRACE_S = 0.5
"""How long a watcher has to leave once its extrinsic is in a block."""


class Subscription(Protocol):
    """A source of notifications."""

    notification: str
    """The method under which they are sent."""
    ended: bool

    def updates(self) -> Iterator[object]:
        """What has happened since the last look."""
        ...


class Subscriptions:
    """The open subscriptions of one connection by their ids; used by that connection's thread alone."""

    def __init__(self) -> None:
        self._open: dict[str, Subscription] = {}

    def __bool__(self) -> bool:
        return bool(self._open)

    def add(self, subscription: Subscription) -> str:
        """Open a subscription; its id. Raises TooManySubscriptions."""
        if len(self._open) >= _MOST:
            raise TooManySubscriptions(_MOST)
        id_ = secrets.token_urlsafe(12)
        self._open[id_] = subscription
        return id_

    def remove(self, id_: str) -> bool:
        """Close a subscription; whether it was open."""
        return self._open.pop(id_, None) is not None

    def notifications(self) -> Iterator[dict[str, object]]:
        """What is new in all of them; those that have ended are closed."""
        for id_, subscription in list(self._open.items()):
            for result in subscription.updates():
                params = {"subscription": id_, "result": result}
                yield {"jsonrpc": "2.0", "method": subscription.notification, "params": params}
            if subscription.ended:
                del self._open[id_]


class Heads:
    """Headers as they come, beginning with the present one; none is left out, and replaced ones come again."""

    ended = False

    def __init__(self, front: Front, *, finalized: bool, notification: str) -> None:
        self.notification = notification
        self._front = front
        self._finalized = finalized
        # As many as can be replaced and the one below, so that those which replace them are told from the first on.
        self._known: deque[Header] = deque(maxlen=front.node.parameters.finality_lag + 1)

    def updates(self) -> Iterator[object]:
        """The headers since the last look."""
        block = self._front.node.file.block
        while self._known and block(self._known[-1].number) != self._known[-1]:
            self._known.pop()
        newest = self._front.node.finalized() if self._finalized else self._front.node.head()
        first = self._known[-1].number + 1 if self._known else newest.number
        if not self._known:
            self._known.extend(filter(None, map(block, range(first - (self._known.maxlen or 0), first))))
        for header in filter(None, map(block, range(first, newest.number + 1))):
            self._known.append(header)
            yield self._front.header_json(header)


class Watch:
    """A submitted extrinsic: ready, inBlock, retracted, finalized, invalid, as a node's pool tells them.

    Where blocks are sealed instantly, those that make the extrinsic's block final are made if the watcher, having heard
    of that block, still watches after a moment: whoever waits for inclusion alone has gone by then.
    """

    notification = "author_extrinsicUpdate"

    def __init__(self, front: Front, extrinsic_hash: bytes) -> None:
        self.ended = False
        self._front = front
        self._hash = extrinsic_hash
        self._ready = False
        self._block: Header | None = None
        self._included_at = 0.0

    def updates(self) -> Iterator[object]:
        """The steps since the last look."""
        if not self._ready:
            self._ready = True
            yield "ready"
        if self._block is not None and time.monotonic() > self._included_at + _GRACE_S:
            self._front.advance(self._front.node.parameters.finality_lag)
        held, block, final = self._now()
        if self._block is not None and self._block != block:
            yield {"retracted": to_hex(self._block.hash)}
            self._block = None
        if block is not None:
            yield from self._reached(block, final)
        elif not held:
            self.ended = True
            yield "invalid"

    def _reached(self, block: Header, final: Header) -> Iterator[object]:
        if self._block is None:
            self._block, self._included_at = block, time.monotonic()
            yield {"inBlock": to_hex(block.hash)}
        if block.number <= final.number:
            self.ended = True
            yield {"finalized": to_hex(block.hash)}

    def _now(self) -> tuple[bool, Header | None, Header]:
        """Whether the pool holds the extrinsic, the block that carries it and the newest final block, of one moment."""
        file = self._front.node.file
        with file.snapshot():
            found = file.find_extrinsic(self._hash)
            block = None if found is None else file.block(found[0])
            return self._front.holds(self._hash), block, self._front.node.finalized()
