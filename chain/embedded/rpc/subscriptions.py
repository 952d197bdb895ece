"""What one connection has subscribed to, and what is new for it each time somebody looks."""

import secrets
from collections.abc import Iterator
from typing import Protocol

from chain.embedded.rpc.errors import TooManySubscriptions
from chain.embedded.rpc.front import Front
from chain.embedded.scale import to_hex
from chain.embedded.storage import Header

_MOST = 1_024
"""Subscriptions a node allows on one connection."""


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
    """Headers as they come, beginning with the present one; none is left out, and after a reorganisation the new head
    follows even where it is no higher than the old one."""

    ended = False

    def __init__(self, front: Front, *, finalized: bool, notification: str) -> None:
        self.notification = notification
        self._front = front
        self._finalized = finalized
        self._seen: Header | None = None

    def updates(self) -> Iterator[object]:
        """The headers since the last look."""
        newest = self._front.node.finalized() if self._finalized else self._front.node.head()
        if self._seen is not None and self._seen.hash == newest.hash:
            return
        first = newest.number if self._seen is None else min(self._seen.number + 1, newest.number)
        for number in range(first, newest.number + 1):
            header = self._front.node.file.block(number)
            if header is not None:
                yield self._front.header_json(header)
        self._seen = newest


class Watch:
    """A submitted extrinsic: ready, inBlock, retracted, finalized, invalid, as a node's pool tells them.

    Where blocks are sealed instantly, those that make the extrinsic's block final are made once the watcher, having
    heard of the block, still watches.
    """

    notification = "author_extrinsicUpdate"

    def __init__(self, front: Front, extrinsic_hash: bytes) -> None:
        self.ended = False
        self._front = front
        self._hash = extrinsic_hash
        self._ready = False
        self._block: Header | None = None

    def updates(self) -> Iterator[object]:
        """The steps since the last look."""
        if not self._ready:
            self._ready = True
            yield "ready"
        if self._block is not None:
            self._front.advance(self._front.node.parameters.finality_lag)
        # The pool is looked at first: an extrinsic leaves it in the transaction that puts it into a block.
        held = self._front.holds(self._hash)
        block = self._including()
        if self._block is not None and self._block != block:
            yield {"retracted": to_hex(self._block.hash)}
            self._block = None
        if block is not None:
            yield from self._reached(block)
        elif not held:
            self.ended = True
            yield "invalid"

    def _reached(self, block: Header) -> Iterator[object]:
        if self._block is None:
            self._block = block
            yield {"inBlock": to_hex(block.hash)}
        if block.number <= self._front.node.finalized().number:
            self.ended = True
            yield {"finalized": to_hex(block.hash)}

    def _including(self) -> Header | None:
        """The sealed block that carries the extrinsic."""
        found = self._front.node.file.find_extrinsic(self._hash)
        return None if found is None else self._front.node.file.block(found[0])
