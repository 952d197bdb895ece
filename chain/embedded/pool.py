"""The transaction pool of a chain file: taking signed extrinsics in, and telling what became of them."""

from bittensor._transport.extrinsics import resolve_outcome
from bittensor.balance import Balance
from bittensor.result import ChainError, ExtrinsicResult

from chain.embedded import accounts
from chain.embedded.blocks import seal
from chain.embedded.errors import InvalidTransaction
from chain.embedded.extrinsics import check, parse, pooled
from chain.embedded.node import Node

_LEAST_PATIENCE_S = 60.0
_PATIENCE_BLOCKS = 64
"""Blocks after which a mortal extrinsic with the SDK's usual era has expired."""


class Pool:
    """Extrinsics between submission and block. What it accepts was valid on the head; blocks check again."""

    def __init__(self, node: Node) -> None:
        self._node = node
        block_time_s = node.parameters.block_time_ms / 1000
        self.patience_s = max(_LEAST_PATIENCE_S, _PATIENCE_BLOCKS * block_time_s)
        """How long to wait for a block before concluding that nobody makes any."""

    def add(self, data: bytes) -> ChainError | None:
        """Take an extrinsic in; the reason where it is refused, under the name a node gives it."""
        try:
            extrinsic = parse(self._node.metadata, data)
            with self._node.file.write():
                head = self._node.head()
                state = self._node.state(head.number + 1, head.time_ms)
                check(extrinsic, state, self._node.genesis_hash, self.next_nonce(extrinsic.signer))
                self._node.file.add_pooled(pooled(extrinsic, data))
        except InvalidTransaction as refusal:
            return ChainError(refusal.message, refusal.name)
        return None

    def holds(self, hash_: bytes) -> bool:
        """Whether an extrinsic is waiting."""
        return any(waiting.hash == hash_ for waiting in self._node.file.pool())

    def next_nonce(self, address: str) -> int:
        """The next nonce of an account, counting what waits."""
        head = self._node.head()
        included = accounts.nonce(self._node.state(head.number, head.time_ms), address)
        return included + sum(waiting.signer == address for waiting in self._node.file.pool())

    def seal_if_instant(self, *, finalized: bool) -> None:
        """On a stepped chain, make the block the submitter waits for, and those that make it final."""
        if self._node.instant:
            for _ in range(1 + (self._node.parameters.finality_lag if finalized else 0)):
                with self._node.file.write():
                    seal(self._node)

    def outcome(self, block: int, position: int) -> ExtrinsicResult:
        """What an included extrinsic did, read from its events as the SDK reads a node's."""
        header = self._node.file.block(block)
        if header is None:
            raise ChainError(f"block {block} is not sealed")
        events = self._node.view(header).get("System", "Events")
        own = [event for event in events if event["extrinsic_idx"] == position]
        resolved = resolve_outcome(own, self._node.metadata.codec)
        error = None if resolved["is_success"] else _error(resolved["error_message"])
        return ExtrinsicResult(
            success=error is None,
            message="Success" if error is None else error.message,
            block_hash="0x" + header.hash.hex(),
            extrinsic_id=f"{block}-{position:04d}",
            fee=Balance.from_rao(0),
            events=own,
            error=error,
        )


def _error(message: dict[str, object]) -> ChainError:
    """A dispatch error by its own name."""
    docs = message["docs"]
    text = " ".join(docs) if isinstance(docs, list) else str(docs)
    return ChainError(text or str(message["name"]), str(message["name"]))
