"""Merkle roots: one hash that names a set of samples, or a sequence of leaves. Pure."""

import hashlib
from collections.abc import Iterable

_LEAF = b"crucible/merkle/1\0leaf\0"
_NODE = b"crucible/merkle/1\0node\0"
_EMPTY = b"crucible/merkle/1\0empty"


def root(leaves: Iterable[bytes]) -> str:
    """Root (64 hex digits) over leaves in their order.

    Leaves and nodes are hashed in different domains, so that no node can pass for a leaf; an unpaired node moves up
    as it is (the tree of RFC 6962), so that no leaf is counted twice.
    """
    level = [hashlib.sha256(_LEAF + leaf).digest() for leaf in leaves]
    if not level:
        return hashlib.sha256(_EMPTY).hexdigest()
    while len(level) > 1:
        pairs = [
            hashlib.sha256(_NODE + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = pairs + level[2 * len(pairs) :]
    return level[0].hex()


def root_of_ids(ids: Iterable[str]) -> str:
    """Root over sample ids in sorted order: the same samples give the same root however they arrived."""
    return root(bytes.fromhex(sample_id) for sample_id in sorted(ids))
