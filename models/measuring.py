"""One pass over tensors' bytes that tells all that is kept of them: hash, finiteness, norm and sketch, and a copy.

The bytes that are hashed are those that are sketched and those that are written. A second thread hashes meanwhile, and
no more than a few blocks are in memory, whatever the size of a tensor. Knows no architecture.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from math import isfinite
from typing import BinaryIO

import numpy as np

from models.digest import TensorDigest
from models.sketch import Sketching, TensorSketch
from models.tensors import BLOCK_BYTES, EXPONENT, Tensor, blocks, one_block

_BLOCKS = 3


@dataclass(frozen=True, slots=True)
class Measured(TensorDigest):
    """What one pass over a tensor tells beside its digest: whether every number is finite, and norm and sketch.

    Where a number is not finite, or so large that its square is not (1.8e19), nor is the norm, and the sketch is void.
    """

    finite: bool
    sketch: TensorSketch


def measure(tensors: Iterable[Tensor], copy: BinaryIO | None = None) -> Generator[Measured, None, None]:
    """Measure tensors in their order, each while it is read once, and written to `copy` where there is one.

    What is told of a tensor comes when the next one has been read, for hashing lags behind. Close the generator when
    leaving it early. Raises OSError as reading and writing do.
    """
    hashing = deque[Future[None]]()
    memory = _memory(hashing)
    with ThreadPoolExecutor(1, thread_name_prefix="sha256") as other:
        before: Callable[[], Measured] | None = None
        for tensor in tensors:
            digest, sketching = hashlib.sha256(), Sketching(tensor.shape, tensor.dtype)
            whole = BLOCK_BYTES // sketching.step * sketching.step
            for block in blocks(tensor, (piece[:whole] for piece in memory)):
                hashing.append(other.submit(digest.update, block))
                sketching.add(block)
                if copy is not None:
                    copy.write(block)
            told = partial(_told, tensor, other.submit(digest.hexdigest), sketching.finish())
            if before:
                yield before()
            before = told
        if before:
            yield before()


def _memory(hashing: deque[Future[None]]) -> Iterator[memoryview]:
    """Pieces of memory in turn, each once the block that was in it is hashed; `hashing` has one entry a block."""
    for piece in cycle([memoryview(bytearray(BLOCK_BYTES)) for _ in range(_BLOCKS)]):
        while len(hashing) >= _BLOCKS:
            hashing.popleft().result()
        yield piece


def _told(tensor: Tensor, digest: Future[str], sketch: TensorSketch) -> Measured:
    """What the pass over a tensor told, once its last block is hashed."""
    finite = isfinite(sketch.norm) or _looked_through(tensor)
    return Measured(tensor.name, tensor.dtype, tensor.shape, digest.result(), finite, sketch)


def _looked_through(tensor: Tensor) -> bool:
    """Whether every number is finite, by a second pass over what was too large to tell."""
    bits, exponent = EXPONENT[tensor.dtype]
    return not any(
        bool(np.any(np.frombuffer(block, dtype=bits) & exponent == exponent)) for block in blocks(tensor, one_block())
    )
