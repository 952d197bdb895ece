"""Sealing a block: its own work, then the waiting extrinsics in their order, then its hash, all in one transaction."""

import hashlib
import logging
from collections.abc import Iterable

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
    header = _header(head, state.time_ms, node.fork(), (pooled.hash for pooled in included))
    node.file.add_block(header, state.encoded_events())
    return header


def seal_idle(node: Node, most: int) -> int:
    """Make up to so many blocks in which nothing happens, and tell how many; they are the same as if sealed singly.

    To be called right after `seal`, under the same write lock: the pool is then empty.
    """
    head, parameters, fork = node.head(), node.parameters, node.fork()
    sealed = node.state(head.number, head.time_ms)
    count = max(0, min(most, epochs.quiet_blocks(sealed, node.beacon, parameters.block_time_ms)))
    headers = []
    for _ in range(count):
        head = _header(head, head.time_ms + parameters.block_time_ms, fork, ())
        headers.append(head)
    node.file.add_idle(headers)
    return count


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


def _header(parent: Header, time_ms: int, fork: bytes, extrinsics: Iterable[bytes]) -> Header:
    """The block after a parent: its hash is blake2b-256 of the parent's, number, time, extrinsics' hashes and fork."""
    number = parent.number + 1
    digest = hashlib.blake2b(parent.hash, digest_size=32)
    digest.update(number.to_bytes(8, "big") + time_ms.to_bytes(8, "big"))
    for hash_ in extrinsics:
        digest.update(hash_)
    digest.update(fork)
    return Header(number, digest.digest(), time_ms)
