"""Who gives how many of a task's samples, and which: equal parts, decided by a seed. Pure arithmetic on groups."""

import hashlib
from collections.abc import Mapping, Sequence

from chain.types import Coldkey
from evaluation.sources.sample import Sample

Groups = Mapping[Coldkey, Sequence[Sample]]


def equal_parts(groups: Groups, samples: int, fewest: int, seed: bytes) -> tuple[Sample, ...] | None:
    """`samples` samples in seed order, in equal parts per group (seed order decides who gives one more).

    A group that cannot fill its part gives none and the others' parts grow; None where fewer than `fewest` would be
    left. A function of the seed and the groups' contents, whatever their order.
    """
    able = _able(groups, samples, max(1, fewest))
    if not able:
        return None
    part, left = divmod(samples, len(able))
    chosen: list[Sample] = []
    for place, coldkey in enumerate(sorted(able, key=lambda key: _rank(seed, key.encode()))):
        chosen += in_seed_order(groups[coldkey], seed)[: part + (place < left)]
    return tuple(in_seed_order(chosen, seed))


def in_seed_order(samples: Sequence[Sample], seed: bytes) -> list[Sample]:
    """Samples by sha256(seed ‖ id)."""
    return sorted(samples, key=lambda sample: _rank(seed, bytes.fromhex(sample.id)))


def _able(groups: Groups, samples: int, fewest: int) -> list[Coldkey]:
    """The largest set of groups that can each fill an equal part; empty where it would be smaller than `fewest`."""
    for number in range(len(groups), fewest - 1, -1):
        part = -(-samples // number)
        able = [coldkey for coldkey, members in groups.items() if len(members) >= part]
        if len(able) >= number:
            return able
    return []


def _rank(seed: bytes, key: bytes) -> bytes:
    return hashlib.sha256(seed + key).digest()
