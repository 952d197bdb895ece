"""A chain file as the methods of a node see it: blocks by hash, the state of those that are kept, and the pool."""

import asyncio
from collections.abc import Mapping

from bittensor._transport.contract import SignedExtrinsic

from chain.embedded.author import Author
from chain.embedded.derived import View
from chain.embedded.node import Node
from chain.embedded.pool import Pool
from chain.embedded.rpc.errors import Refused, StateDiscarded, UnknownBlock
from chain.embedded.rpc.raw import RawStorage
from chain.embedded.rpc.served_metadata import served_metadata
from chain.embedded.scale import to_hex
from chain.embedded.storage import Header

_NO_ROOT = to_hex(bytes(32))
"""Stands for the roots of state and extrinsics: this chain keeps no tries."""


class Front:
    """Shared by all connections. With `kept_states` the state of older blocks is gone, as on a node that prunes."""

    def __init__(self, node: Node, kept_states: int | None = None) -> None:
        self.node = node
        self.raw = RawStorage(node.metadata)
        self.metadata_bytes = served_metadata(node.parameters.block_time_ms)
        self._pool = Pool(node)
        self._kept_states = kept_states

    def find(self, block_hash: bytes | None) -> Header | None:
        """A block, by default the head; None where the chain has none of that hash."""
        return self.node.head() if block_hash is None else self.node.file.block_by_hash(block_hash)

    def view(self, block_hash: bytes | None) -> View:
        """The state after a block. Raises UnknownBlock, StateDiscarded."""
        header = self.find(block_hash)
        if header is None:
            raise UnknownBlock(block_hash or b"")
        if self._kept_states is not None and header.number < self.node.head().number - self._kept_states:
            raise StateDiscarded(header.hash)
        return self.node.view(header)

    def header_json(self, header: Header) -> Mapping[str, object]:
        """A header as a node shows it, without roots and digest."""
        parent = self.node.file.block(header.number - 1)
        return {
            "parentHash": to_hex(parent.hash if parent else bytes(32)),
            "number": hex(header.number),
            "stateRoot": _NO_ROOT,
            "extrinsicsRoot": _NO_ROOT,
            "digest": {"logs": []},
        }

    def next_nonce(self, address: str) -> int:
        """The next nonce of an account, counting what waits in the pool."""
        return self._pool.next_nonce(address)

    def submit(self, extrinsic_hash: bytes, data: bytes) -> None:
        """Take an extrinsic into the pool. Raises Refused."""
        if self.holds(extrinsic_hash):
            raise Refused.already_there()
        signed = SignedExtrinsic(data=data, extrinsic_hash=to_hex(extrinsic_hash))
        result = asyncio.run(self._pool.submit(signed, included=False, finalized=False))
        if result.error is not None:
            raise Refused.under(str(result.error.name), str(result.error.message))

    def holds(self, extrinsic_hash: bytes) -> bool:
        """Whether an extrinsic waits in the pool."""
        return any(waiting.hash == extrinsic_hash for waiting in self.node.file.pool())

    def advance(self, blocks: int) -> None:
        """Make blocks at once where nobody authors them by the clock."""
        if self.node.instant:
            Author(self.node).advance(blocks)
