"""Sealing a block: its own work, then the waiting extrinsics in their order, then its hash, all in one transaction."""

import hashlib
import logging

from chain.embedded import accounts, dispatch, epochs
from chain.embedded.errors import InvalidTransaction
from chain.embedded.extrinsics import check, parse
from chain.embedded.node import Node
from chain.embedded.state import State
from chain.embedded.storage import Header, Pooled

_log = logging.getLogger(__name__)


def seal(node: Node, time_ms: int | None = None) -> Header:
    """Make the next block, one block time after the head or at the given later time. Needs the file's write lock."""
    head = node.head()
    due = head.time_ms + node.parameters.block_time_ms
    state = node.state(head.number + 1, due if time_ms is None else max(time_ms, due))
    epochs.initialise(state, node.beacon)
    included = _include(node, state)
    header = Header(state.number, _hash(head, state, included), state.time_ms)
    node.file.add_block(header, state.encoded_events())
    return header


def _include(node: Node, state: State) -> list[Pooled]:
    """Run the pool's extrinsics; what has become invalid since it was accepted is dropped."""
    included: list[Pooled] = []
    for waiting in node.file.pool():
        try:
            extrinsic = parse(node.metadata, waiting.data)
            check(extrinsic, state, node.genesis_hash, accounts.nonce(state, extrinsic.signer))
        except InvalidTransaction as refusal:
            _log.warning("dropped extrinsic 0x%s of %s: %s", waiting.hash.hex(), waiting.signer, refusal)
            continue
        dispatch.run(extrinsic, state, len(included))
        node.file.add_extrinsic(state.number, len(included), waiting)
        included.append(waiting)
    node.file.clear_pool()
    return included


def _hash(parent: Header, state: State, included: list[Pooled]) -> bytes:
    """Block hash: blake2b-256 of the parent's hash, number, time and the extrinsics' hashes."""
    digest = hashlib.blake2b(parent.hash, digest_size=32)
    digest.update(state.number.to_bytes(8, "big") + state.time_ms.to_bytes(8, "big"))
    for pooled in included:
        digest.update(pooled.hash)
    return digest.digest()
