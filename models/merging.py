"""Base + adapter → the weights that are judged: W + scale·B·A, summed in float64 and rounded once to W's own dtype.

A block of rows at a time, so that beside the factor A in float64 (8 bytes for each rank and column) some tens of
megabytes are in memory, whatever the size of the model. Knows tensors and updates, and no config.

How alike two machines' sums are: all but B·A is rounded by IEEE 754 alone, and B·A is exact where its products fit 53
bits, as those of bfloat16 factors mostly do. Elsewhere the processor's order of adding shows in the last bits of a
float64, so that two machines may round apart only a number that lies within about 1e-15 of the middle between two, of
its own size: one in 1e8 for float32, fewer for shorter dtypes, and by the last bit. No identity hangs on it (an
adapter's digest is made of what was uploaded), and devices differ by far more when they judge.
"""

from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.adapters import Adapter, Update
from models.tensors import ITEM_BYTES, Tensor, blocks, one_block

Doubles = npt.NDArray[np.float64]

BLOCK_NUMBERS = 1 << 19
"""Numbers of a matrix that are added at once; a row that is longer is taken whole."""

_STORED = {"F32": "<f4", "F16": "<f2"}


def merge(base: Mapping[str, Tensor], adapter: Adapter, into: Path) -> bool:
    """Write the base's file of weights anew with the adapter added; whether any number came out different.

    Raises OSError as reading and writing do.
    """
    ordered = sorted(base.values(), key=lambda tensor: tensor.start)
    changed = False
    with into.open("xb") as out, ordered[0].file.open("rb") as source:
        out.write(source.read(ordered[0].start))  # names, dtypes and shapes stay, so the header does
        for tensor in ordered:
            update = adapter.updates.get(tensor.name)
            if update is None:
                out.writelines(blocks(tensor, one_block()))
            else:
                for before, after in _added(tensor, update, adapter.config.scale):
                    out.write(rounded := round_to(after, tensor.dtype))
                    changed = changed or bool(np.any(_numbers(rounded, tensor.dtype) != before.ravel()))
    return changed


def changes_a_number(changed: bool) -> str | None:
    """An adapter of zeros, or too small to be seen: the base itself, under as many digests as one likes."""
    return None if changed else "the adapter changes no number of the base; train it, or with a higher rate"


def round_to(numbers: Doubles, dtype: str) -> bytes:
    """Finite float64 numbers as little-endian ones of a dtype, each the nearest there is, ties to even.

    What is too large becomes infinite.
    """
    with np.errstate(over="ignore", under="ignore"):
        return _to_bfloat16(numbers) if dtype == "BF16" else numbers.astype(_STORED[dtype]).tobytes()


def _to_bfloat16(numbers: Doubles) -> bytes:
    """Through float32 rounded to odd, whose last bit tells that something was cut off: two roundings act as one."""
    near = numbers.astype(np.float32)
    bits = near.view(np.uint32)
    bits -= np.abs(near) > np.abs(numbers)  # towards zero: the next lower magnitude is one less in bits
    bits |= near != numbers
    bits += np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))
    return (bits >> np.uint32(16)).astype("<u2").tobytes()


def _added(weight: Tensor, update: Update, scale: float) -> Iterator[tuple[Doubles, Doubles]]:
    """Blocks of a matrix's rows in order: as they are, and with their part of the update."""
    rows, columns = weight.shape
    down = _rows(update.down, 0, update.down.shape[0])
    step = max(1, BLOCK_NUMBERS // max(columns, 1))
    for first in range(0, rows, step):
        count = min(step, rows - first)
        before = _rows(weight, first, count)
        yield before, before + scale * (_rows(update.up, first, count) @ down)


def _rows(matrix: Tensor, first: int, count: int) -> Doubles:
    """`count` rows of a matrix from row `first` on, in float64. Raises OSError where the file ends early."""
    row = prod(matrix.shape[1:]) * ITEM_BYTES[matrix.dtype]
    with matrix.file.open("rb") as stream:
        stream.seek(matrix.start + first * row)
        data = stream.read(count * row)
    if len(data) < count * row:
        raise OSError(f"{matrix.file} became shorter while {matrix.name} was read; fetch it again")
    return _numbers(data, matrix.dtype).reshape(count, -1)


def _numbers(data: bytes, dtype: str) -> Doubles:
    """Little-endian numbers of a dtype in float64, exactly."""
    if dtype == "BF16":
        return (np.frombuffer(data, "<u2").astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
    return np.frombuffer(data, _STORED[dtype]).astype(np.float64)
