"""Rounds and their seeds from block numbers and hashes: pure arithmetic that every validator computes alike."""

import hashlib

from chain.types import Block, BlockCount, BlockHash

_DOMAIN = b"crucible/round-seed/1"


def round_at(block: Block, first: Block, length: BlockCount) -> int | None:
    """Number (from 0) of the newest round whose seed block is at or before a block; None before the first."""
    return None if block < first else (block - first) // length


def seed_block(number: int, first: Block, length: BlockCount) -> Block:
    """The seed block of a round."""
    return Block(first + number * length)


def round_seed(competition: str, seed_hash: BlockHash, beacon_signature: bytes) -> bytes:
    """32 bytes: sha256(domain ‖ competition ‖ block hash ‖ beacon signature), each part length-prefixed.

    The beacon's signature is unknown to whoever authors the seed block, so no author can grind the seed.
    """
    digest = hashlib.sha256()
    for part in (_DOMAIN, competition.encode(), bytes.fromhex(seed_hash.removeprefix("0x")), beacon_signature):
        digest.update(len(part).to_bytes(4, "big") + part)
    return digest.digest()
