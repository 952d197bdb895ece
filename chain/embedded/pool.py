"""The transaction pool of a chain file: taking signed extrinsics in, and telling what became of them."""

import asyncio
import time

from bittensor._transport.contract import SignedExtrinsic
from bittensor._transport.extrinsics import resolve_outcome
from bittensor.balance import Balance
from bittensor.result import ChainError, ExtrinsicResult

from chain.embedded import accounts
from chain.embedded.blocks import seal
from chain.embedded.errors import InvalidTransaction
from chain.embedded.extrinsics import check, parse
from chain.embedded.node import Node
from chain.embedded.storage import Header, Pooled

_LEAST_PATIENCE_S = 60.0
_PATIENCE_BLOCKS = 64
"""Blocks after which a mortal extrinsic with the SDK's usual era has expired."""


class Pool:
    """Extrinsics between submission and block. What it accepts was valid on the head; blocks check again."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._patience_s = max(_LEAST_PATIENCE_S, _PATIENCE_BLOCKS * node.parameters.block_time_ms / 1000)

    async def submit(self, signed: SignedExtrinsic, *, included: bool, finalized: bool) -> ExtrinsicResult:
        """Take an extrinsic in and wait as asked. Raises ChainError where no block comes."""
        refusal = self._add(signed.data)
        if refusal is not None:
            return ExtrinsicResult(success=False, message=refusal.message, error=refusal)
        if not (included or finalized):
            return ExtrinsicResult(success=True, message="Submitted (not waiting).")
        if self._node.instant:
            self._seal(finalized=finalized)
        return await self._wait(bytes.fromhex(signed.extrinsic_hash.removeprefix("0x")), finalized=finalized)

    def next_nonce(self, address: str) -> int:
        """The next nonce of an account, counting what waits."""
        with self._node.file.snapshot():
            return self._next_nonce(self._node.head(), address)

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

    def _add(self, data: bytes) -> ChainError | None:
        """Take an extrinsic in; the reason where it is refused, under the name a node gives it."""
        try:
            extrinsic = parse(self._node.metadata, data)
            with self._node.file.write():
                head = self._node.head()
                state = self._node.state(head.number + 1, head.time_ms)
                check(extrinsic, state, self._node.genesis_hash, self._next_nonce(head, extrinsic.signer))
                self._node.file.add_pooled(Pooled(extrinsic.hash, extrinsic.signer, data))
        except InvalidTransaction as refusal:
            return ChainError(refusal.message, refusal.name)
        return None

    def _next_nonce(self, head: Header, address: str) -> int:
        included = accounts.nonce(self._node.state(head.number, head.time_ms), address)
        return included + sum(waiting.signer == address for waiting in self._node.file.pool())

    def _seal(self, *, finalized: bool) -> None:
        """Make the block the submitter waits for, and those that make it final."""
        for _ in range(1 + (self._node.parameters.finality_lag if finalized else 0)):
            with self._node.file.write():
                seal(self._node)

    async def _wait(self, hash_: bytes, *, finalized: bool) -> ExtrinsicResult:
        """Wait for the block of an extrinsic for as long as the pool holds it and blocks can be expected."""
        deadline = time.monotonic() + self._patience_s
        while time.monotonic() < deadline:
            # As of one moment: it leaves the pool with the block that holds it, and returns when that one is dropped.
            with self._node.file.snapshot():
                held = any(waiting.hash == hash_ for waiting in self._node.file.pool())
                found = self._node.file.find_extrinsic(hash_)
                reached = (self._node.finalized() if finalized else self._node.head()).number
            if found and found[0] <= reached:
                return self.outcome(*found)
            if not held and not found:
                invalid = ChainError("the extrinsic became invalid before a block could include it", "Invalid")
                return ExtrinsicResult(success=False, message=invalid.message, error=invalid)
            await asyncio.sleep(self._node.parameters.poll_s)
        raise ChainError(
            f"no block included the extrinsic within {self._patience_s:.0f} s; does anybody author blocks?"
        )


def _error(message: dict[str, object]) -> ChainError:
    """A dispatch error by its own name."""
    docs = message["docs"]
    text = " ".join(docs) if isinstance(docs, list) else str(docs)
    return ChainError(text or str(message["name"]), str(message["name"]))
