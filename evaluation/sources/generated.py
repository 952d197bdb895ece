"""Exercises that the round's seed alone makes: nobody can have had one before, and everybody has the same. Knows no
tasks and nothing of how an exercise is made.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC
from itertools import count

from evaluation.sources.content import Content
from evaluation.sources.doors import Doors
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool
from evaluation.sources.procedures.draws import Draws
from evaluation.sources.procedures.registry import PROCEDURES
from evaluation.sources.sample import Sample
from evaluation.sources.spec import KIND_OF_PROCEDURE, GeneratedSpec, Procedure
from evaluation.tasks.spec import SampleKind

SOURCE = "generated"
_DOMAIN = b"crucible/generated/1\0"


class Generated:
    """Reads nothing but the seed block's hash and time."""

    def __init__(self, doors: Doors) -> None:
        self._chain = doors.chain

    def pool(self, spec: GeneratedSpec, occasion: Occasion) -> Pool:
        """See Source.pool. As many samples of each kind as the round draws; it is never held for them."""
        block = occasion.seed_block
        anchor = self._chain.block_hash(block)
        made = self._chain.timestamp(block).astimezone(UTC).replace(microsecond=0)
        contents = exercises(spec.procedures, occasion.needs, occasion.seed)
        samples = [Sample(content, SOURCE, None, None, made, block, anchor) for content in contents]
        return Pool(tuple(sorted(samples, key=lambda sample: sample.id)), (), {}, "seed")


def exercises(procedures: Sequence[Procedure], needs: Mapping[SampleKind, int], seed: bytes) -> list[Content]:
    """As many contents of each kind as are needed, no two of them the same.

    A kind's procedures give equal parts of them; the order of sha256(seed ‖ name) decides who gives one more.
    """
    made: list[Content] = []
    for kind, number in needs.items():
        able = [name for name in procedures if KIND_OF_PROCEDURE[name] == kind]
        ranked = sorted(able, key=lambda name: hashlib.sha256(seed + name.encode()).digest())
        for place, name in enumerate(ranked):
            part, left = divmod(number, len(ranked))
            made += _distinct(name, part + (place < left), seed)
    return made


def _distinct(name: Procedure, number: int, seed: bytes) -> list[Content]:
    """The first different exercises of a procedure's endless row; each is a function of seed, name and its place."""
    found: dict[Content, None] = {}
    for place in count():
        if len(found) == number:
            break
        key = hashlib.sha256(_DOMAIN + f"{name}/{place}\0".encode() + seed).digest()
        found[PROCEDURES[name](Draws(key))] = None
    return list(found)
