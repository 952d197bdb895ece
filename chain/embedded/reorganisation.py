"""Dropping the newest blocks of a chain, as a node does that learns of a better fork: what is final stays."""

import hashlib

from chain.embedded.errors import CannotGoBack
from chain.embedded.extrinsics import parse
from chain.embedded.node import FINAL, FORK, Node
from chain.embedded.pallet_commitments import forget_next_opening
from chain.embedded.storage import Header, Pooled


def drop(node: Node, depth: int) -> Header:
    """Drop the newest blocks; the head afterwards. Needs the file's write lock. Raises CannotGoBack below finality.

    Extrinsics of dropped blocks wait in the pool again, before those that already did. Changes by Root in them, or
    waiting for the next block, are gone.
    """
    head, final = node.head(), node.finalized()
    if not 0 < depth <= head.number - final.number:
        raise CannotGoBack(_refusal(node, depth, head, final))
    keep = head.number - depth
    returned = [_pooled(node, data) for data in node.file.extrinsics_after(keep)]
    waiting = node.file.pool()
    node.file.clear_pool()
    for pooled in (*returned, *waiting):
        node.file.add_pooled(pooled)
    node.file.drop_after(keep)
    node.file.set_meta(FINAL, str(final.number).encode())
    node.file.set_meta(FORK, hashlib.blake2b(node.fork() + head.hash, digest_size=16).digest())
    forget_next_opening(node.file)
    return node.head()


def _pooled(node: Node, data: bytes) -> Pooled:
    extrinsic = parse(node.metadata, data)
    return Pooled(extrinsic.hash, extrinsic.signer, data)


def _refusal(node: Node, depth: int, head: Header, final: Header) -> str:
    if depth < 1:
        return f"cannot drop {depth} blocks: give 1 or more"
    return (
        f"cannot drop {depth} blocks: block {final.number} is final and the head is {head.number}, so at most "
        f"{head.number - final.number} can go; a chain whose finality_lag ({node.parameters.finality_lag} here) is "
        "longer, or a snapshot, goes back further"
    )
