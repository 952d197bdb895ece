"""Who gives how many of a task's samples, and which: equal parts, decided by a seed. Pure arithmetic on groups."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.types import Coldkey
from evaluation.sources.novelty import Novelty
from evaluation.sources.sample import Sample

Groups = Mapping[Coldkey, Sequence[Sample]]


@dataclass(frozen=True, slots=True)
class Parts:
    """A task's samples in seed order, and how many were passed over beside nearly equal ones."""

    samples: tuple[Sample, ...]
    near_duplicates: int


def equal_parts(groups: Groups, samples: int, fewest: int, seed: bytes, near_duplicate: float | None) -> Parts | None:
    """`samples` samples in seed order, in equal parts per group (seed order decides who gives one more), no two of
    them nearly the same.

    A group that cannot fill its part gives none and the others' parts grow; None where fewer than `fewest` would
    give any. A function of the seed and the groups' contents, whatever their order.
    """
    novelty = Novelty(near_duplicate)
    able = {coldkey: in_seed_order(members, seed) for coldkey, members in groups.items()}
    while min(len(able), samples) >= max(1, fewest):
        room = _shares(able, samples, seed)
        short = {coldkey for coldkey, members in able.items() if len(members) < room[coldkey]}
        if not short:
            parts = _filled(able, room, seed, novelty)
            short = {coldkey for coldkey, left in room.items() if left}
            if not short:
                return parts
        able = {coldkey: members for coldkey, members in able.items() if coldkey not in short}
    return None


def in_seed_order(samples: Sequence[Sample], seed: bytes) -> list[Sample]:
    """Samples by sha256(seed ‖ id)."""
    return sorted(samples, key=lambda sample: _rank(seed, bytes.fromhex(sample.id)))


def _shares(groups: Groups, samples: int, seed: bytes) -> dict[Coldkey, int]:
    part, left = divmod(samples, len(groups))
    ranked = sorted(groups, key=lambda coldkey: _rank(seed, coldkey.encode()))
    return {coldkey: part + (place < left) for place, coldkey in enumerate(ranked)}


def _filled(groups: Groups, room: dict[Coldkey, int], seed: bytes, novelty: Novelty) -> Parts:
    """Samples of all groups in seed order, as far as each group has room; `room` keeps what could not be filled."""
    novelty.restart()
    owner = {sample.id: coldkey for coldkey, members in groups.items() for sample in members}
    chosen: list[Sample] = []
    passed = 0
    for sample in in_seed_order([sample for members in groups.values() for sample in members], seed):
        if not room[owner[sample.id]]:
            continue
        if novelty.admits(sample):
            chosen.append(sample)
            room[owner[sample.id]] -= 1
        else:
            passed += 1
    return Parts(tuple(chosen), passed)


def _rank(seed: bytes, key: bytes) -> bytes:
    return hashlib.sha256(seed + key).digest()
