"""Which samples say nearly what another one says already: MinHash over character shingles. Pure; the same on every
machine, since hashes, permutations and the comparison are all of whole numbers.
"""

import functools
import math
from typing import Any

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

from evaluation.sources.content import texts_of
from evaluation.sources.sample import Sample

PERMUTATIONS = 128
"""Their number, seed and hash are part of the rules: other ones give other draws."""
_SEED = 1
_SHINGLE = 8
"""Characters: about a word and a half, so that a common phrase makes no two texts alike."""

Signature = NDArray[np.unsignedinteger[Any]]


class Novelty:
    """Remembers what was drawn and says whether another sample is new beside it."""

    def __init__(self, threshold: float | None) -> None:
        self._equal = None if threshold is None else math.ceil(threshold * PERMUTATIONS)
        self._signatures: dict[str, Signature] = {}
        self._drawn: list[Signature] = []

    def restart(self) -> None:
        """Forget what was drawn, not what was computed."""
        self._drawn = []

    def admits(self, sample: Sample) -> bool:
        """Whether a sample is nearly none of those admitted before; if so it is one of them from now on.

        Near is an estimated Jaccard similarity of shingles of at least the threshold; without one everything is new.
        """
        if self._equal is None:
            return True
        signature = self._signature(sample)
        if self._drawn and int((np.stack(self._drawn) == signature).sum(axis=1).max()) >= self._equal:
            return False
        self._drawn.append(signature)
        return True

    def _signature(self, sample: Sample) -> Signature:
        known = self._signatures.get(sample.id)
        if known is None:
            known = self._signatures[sample.id] = signature_of("\n".join(texts_of(sample.content)))
        return known


def signature_of(text: str) -> Signature:
    """MinHash of a text's shingles, whatever its casing and its spaces."""
    plain = " ".join(text.casefold().split())
    shingles = {plain[at : at + _SHINGLE] for at in range(max(1, len(plain) - _SHINGLE + 1))}
    sketch = _blank().copy()
    sketch.update_batch([shingle.encode() for shingle in sorted(shingles)])
    values: Signature = sketch.digest()
    return values


@functools.cache
def _blank() -> MinHash:
    return MinHash(num_perm=PERMUTATIONS, seed=_SEED, scheme="affine32")
