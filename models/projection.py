"""The fixed random linear map behind sketches: a matrix → a small one that keeps its length, its shape and its rank.

A count sketch of rows and one of columns. The numbers of each row are given random signs, and the rows are summed in up
to ROWS places: each group of as many rows starts at a random place, with a random sign. At the end, each column is
added to one of COLUMNS random buckets. So the sketch of a matrix X is R·X·Cᵀ with random R and C:
linear, with E‖RXCᵀ‖² = ‖X‖², and of rank one where X is. Noise without structure stays noise without structure.

The choices are drawn once from SHAKE-256, so that all machines and versions make the same; only element-wise float32
and float64 sums are taken, in one order, so that the result does not depend on the processor either. Knows neither
names nor files.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Bits = npt.NDArray[np.uint32]
Halves = npt.NDArray[np.uint16]

ROWS = COLUMNS = 32
"""The most rows and columns of a sketch of a matrix; one of no more keeps its numbers, up to their signs."""

VECTOR = 128
"""The most numbers of a sketch of a vector."""

CHUNK = 1 << 16
"""The most numbers that are added at once, unless one row has more."""

LONGEST_ROW = 1 << 17
"""The most numbers of a row; what has longer ones is read as rows of so many."""

_DOMAIN = b"crucible/sketch/1\n"
# float32 sums lose a bit for each doubling of their terms, so they go into float64 ones before they have many
_GROUPS_A_FLUSH = 32


@dataclass(frozen=True, slots=True)
class Layout:
    """How a tensor is projected: `columns` numbers a row, `rows_at_once` of them added at once, into a sketch of a
    `shape`."""

    columns: int
    rows_at_once: int
    shape: tuple[int, int]

    @property
    def step(self) -> int:
        """Numbers that are added at once."""
        return self.columns * self.rows_at_once


def layout(shape: tuple[int, ...]) -> Layout:
    """The layout for tensors of a shape: all but the last dimension count as rows, and a vector is one."""
    columns = max(1, min(LONGEST_ROW, shape[-1] if shape else 1))
    rows = max(1, -(-prod(shape) // columns))
    at_once = min(ROWS, 1 << max(1, CHUNK // columns).bit_length() - 1)
    widest = VECTOR if rows == 1 else COLUMNS
    return Layout(columns, at_once, (min(ROWS, _power_of_two(rows)), min(widest, _power_of_two(columns))))


class Projection:
    """The sums over one tensor: `add` its numbers in order, then `finish`.

    With `rounded`, over its numbers as they would be in bfloat16.
    """

    def __init__(self, shape: tuple[int, ...], *, rounded: bool = False) -> None:
        self._layout = layout(shape)
        self._widened = _ROUNDED if rounded else _WIDENED
        ring = (self._layout.shape[0], self._layout.columns)
        self._sums, self._all_sums = np.zeros(ring, np.float32), np.zeros(ring)
        self._squares = np.zeros(self._layout.step, np.float32)
        self._all_squares = np.zeros(_power_of_two(self._layout.step))
        self._scratch = np.empty(self._layout.step, np.float32)
        self._row = 0

    @property
    def step(self) -> int:
        """Numbers that `add` takes, all but the last time."""
        return self._layout.step

    def add(self, chunk: memoryview, dtype: str) -> None:
        """Add the next numbers: little-endian bytes of `step` numbers of a dtype (a key of `_WIDENED`), or the last.

        What overflows shows in the norm; call it under np.errstate(all="ignore"), which takes time to enter.
        """
        bits = self._widened[dtype](chunk, self._scratch)
        terms = self._scratch[: len(bits)]
        signs = _signs(self._layout.columns)[self._row % ROWS * self._layout.columns :]
        np.bitwise_xor(bits, signs[: len(bits)], out=terms.view(np.uint32))
        self._fold(terms)
        np.multiply(terms, terms, out=terms)
        self._squares[: len(terms)] += terms
        self._row += self._layout.rows_at_once
        if self._row % (ROWS * _GROUPS_A_FLUSH) == 0:
            self._flush()

    def finish(self) -> tuple[float, Floats]:
        """The Euclidean norm and the sketch of the numbers added, of the layout's shape.

        The norm is infinite or NaN if any number is, or if the square of one exceeds float32 (1.8e19 and more).
        """
        self._flush()
        with np.errstate(all="ignore"):
            squares = self._all_squares
            while len(squares) > 1:  # element by element: a plain sum's order is the processor's
                squares = squares[: len(squares) // 2] + squares[len(squares) // 2 :]
            columns = self._layout.shape[1]
            buckets = _buckets(self._layout.columns, columns)
            sums = np.array([np.bincount(buckets, weights=row, minlength=columns) for row in self._all_sums])
            return float(np.sqrt(squares[0])), sums.astype(np.float32)

    def _fold(self, terms: Floats) -> None:
        """Add rows to their places on the ring; the last row of a tensor may be a part of one."""
        group, within = divmod(self._row, ROWS)
        turn, negative = _turn(group)
        fold = np.subtract if negative else np.add
        ring = self._sums.reshape(-1)
        start = (turn + within) % len(self._sums) * self._layout.columns
        while len(terms):
            part = ring[start : start + len(terms)]
            fold(part, terms[: len(part)], out=part)
            terms, start = terms[len(part) :], 0

    def _flush(self) -> None:
        with np.errstate(all="ignore"):
            self._all_sums += self._sums
            self._all_squares[: len(self._squares)] += self._squares
            self._sums[:], self._squares[:] = 0, 0


def _from_f32(chunk: memoryview, _: Floats) -> Bits:
    return np.frombuffer(chunk, dtype="<u4")


def _from_bf16(chunk: memoryview, scratch: Floats) -> Bits:
    """A bfloat16 is the upper half of a float32."""
    halves = np.frombuffer(chunk, dtype="<u2")
    bits: Bits = scratch[: len(halves)].view(np.uint32)
    np.left_shift(halves, 16, out=bits, dtype=np.uint32)
    return bits


def _from_f16(chunk: memoryview, scratch: Floats) -> Bits:
    """Exponent and mantissa moved to their places in a float32, then scaled by the difference of the biases, 2¹¹².

    A fifth of the time of numpy's own cast, which is left what is infinite or NaN.
    """
    halves = np.frombuffer(chunk, dtype="<u2")
    numbers = scratch[: len(halves)]
    bits: Bits = numbers.view(np.uint32)
    if len(halves) and np.bitwise_and(halves, 0x7C00).max() == 0x7C00:
        np.copyto(numbers, halves.view(np.float16))
        return bits
    np.left_shift(halves.view(np.int16), 13, out=bits.view(np.int32), dtype=np.int32)  # copies the sign upwards
    np.bitwise_and(bits, 0x8FFFE000, out=bits)
    np.multiply(numbers, np.float32(2.0**112), out=numbers)
    return bits


_WIDENED: dict[str, Callable[[memoryview, Floats], Bits]] = {"F32": _from_f32, "F16": _from_f16, "BF16": _from_bf16}
"""dtype → the bits of the same numbers as float32, exactly; some use the scratch space."""


def _to_bf16(bits: Bits, scratch: Floats) -> Bits:
    """Finite float32 numbers rounded to the nearest bfloat16, and to even, as bits of float32."""
    found: Bits = scratch[: len(bits)].view(np.uint32)
    odd = bits >> 16 & 1
    np.add(bits, 0x7FFF, out=found)
    np.add(found, odd, out=found)
    np.bitwise_and(found, 0xFFFF0000, out=found)
    return found


_ROUNDED: dict[str, Callable[[memoryview, Floats], Bits]] = {
    "F32": lambda chunk, scratch: _to_bf16(_from_f32(chunk, scratch), scratch),
    "F16": lambda chunk, scratch: _to_bf16(_from_f16(chunk, scratch), scratch),
    "BF16": _from_bf16,
}
"""The same of the numbers rounded to bfloat16."""


@lru_cache(maxsize=16)
def _signs(columns: int) -> Bits:
    """For the numbers of ROWS rows the sign bit of a float32, or nothing: the column's and the row's together."""
    size = (LONGEST_ROW + ROWS) // 8
    drawn = np.frombuffer(hashlib.shake_256(_DOMAIN + b"signs").digest(size), dtype=np.uint8)
    bits = np.unpackbits(drawn, bitorder="little").astype(np.uint32) << np.uint32(31)
    return (bits[LONGEST_ROW:, None] ^ bits[:columns]).reshape(-1)


@lru_cache(maxsize=16)
def _buckets(columns: int, count: int) -> npt.NDArray[np.intp]:
    """For each column its bucket, each bucket as often as any other; a column its own where there are no more."""
    if columns <= count:
        return np.arange(columns)
    drawn = np.frombuffer(hashlib.shake_256(_DOMAIN + b"buckets").digest(columns * 8), dtype="<u8")
    return np.argsort(drawn, kind="stable") % count


@lru_cache(maxsize=1 << 15)
def _turn(group: int) -> tuple[int, bool]:
    """At which place a group of rows starts, and whether its signs are turned; the first is left as it is."""
    drawn = hashlib.sha256(_DOMAIN + group.to_bytes(8, "little")).digest() if group else bytes(2)
    return drawn[0] % ROWS, bool(drawn[1] & 1)


def _power_of_two(count: int) -> int:
    """The smallest power of two that is no less, at least 1."""
    return 1 << max(count - 1, 0).bit_length()
