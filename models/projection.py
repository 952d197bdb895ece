"""The fixed random linear map behind sketches: any number of numbers → at most WIDTH, and their norm, in one pass.

A count sketch in two steps. Numbers are first summed, with random signs, on a ring of 131,072 places: each chunk of
as many starts at a random place. At the end, each place of the ring is added to one of WIDTH random buckets. Both steps
are linear, and E‖Sx‖² = ‖x‖² over the random choices with a variance of about 2‖x‖⁴/WIDTH whatever x is. The choices
are drawn once from SHAKE-256, so that all machines and versions make the same; only element-wise float32 and float64
sums are taken, in one order, so that the result does not depend on the processor either. Knows neither names nor files.
"""

import hashlib
from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Bits = npt.NDArray[np.uint32]
Halves = npt.NDArray[np.uint16]

WIDTH = 1024
"""Numbers of the widest sketch; a tensor of no more keeps them all, up to their signs."""

CHUNK = 1 << 17
"""Numbers that are added at once; only the last chunk may be shorter."""

_DOMAIN = b"crucible/sketch/1\n"
# float32 sums lose a bit for each doubling of their terms, so they go into float64 ones before they have many
_CHUNKS_A_FLUSH = 32


class Projection:
    """Sums over the chunks of one tensor after the other: `add` each in order, then `finish`, and so on."""

    def __init__(self) -> None:
        self._sums, self._squares = np.zeros((2, CHUNK), np.float32)
        self._all_sums, self._all_squares = np.zeros((2, CHUNK), np.float64)
        self._scratch = np.empty(CHUNK, np.float32)
        self._added, self._numbers = 0, 0

    def add(self, chunk: memoryview, dtype: str) -> None:
        """Add the next numbers: little-endian bytes of CHUNK numbers of a dtype (a key of `_WIDENED`), or the last.

        What overflows shows in the norm; call it under np.errstate(all="ignore"), which takes time to enter.
        """
        bits = _WIDENED[dtype](chunk, self._scratch)
        count = len(bits)
        turn, negative = _turn(self._added)
        terms = self._scratch[:count]
        np.bitwise_xor(bits, _signs()[:count], out=terms.view(np.uint32))
        fold = np.subtract if negative else np.add
        before = min(count, CHUNK - turn)
        for place, part in ((self._sums[turn:][:before], terms[:before]), (self._sums, terms[before:])):
            fold(place[: len(part)], part, out=place[: len(part)])
        np.multiply(terms, terms, out=terms)
        self._squares[:count] += terms
        self._added += 1
        self._numbers += count
        if self._added % _CHUNKS_A_FLUSH == 0:
            self._flush()

    def finish(self) -> tuple[float, Floats]:
        """The Euclidean norm and the sketch of the numbers added, of the smallest power of two up to WIDTH that fits.

        The norm is infinite or NaN if any number is, or if the square of one exceeds float32 (1.8e19 and more).
        """
        self._flush()
        used = min(self._numbers, CHUNK)
        squares, sums = self._all_squares[: _power_of_two(used)], self._all_sums[:used]
        with np.errstate(all="ignore"):
            while len(squares) > 1:  # element by element: a plain sum's order is the processor's
                squares = squares[: len(squares) // 2] + squares[len(squares) // 2 :]
            norm = float(np.sqrt(squares[0]))
            values = np.zeros(min(_power_of_two(used), WIDTH))
            if self._numbers <= WIDTH:
                values[:used] = sums
            else:
                values += np.bincount(_buckets()[:used], weights=sums, minlength=WIDTH)
            sketch = values.astype(np.float32)
        sums[:], self._all_squares[:used] = 0, 0
        self._added, self._numbers = 0, 0
        return norm, sketch

    def _flush(self) -> None:
        used = min(self._numbers, CHUNK)
        with np.errstate(all="ignore"):
            for total, part in ((self._all_sums, self._sums), (self._all_squares, self._squares)):
                total[:used] += part[:used]
                part[:used] = 0


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


@cache
def _signs() -> Bits:
    """For each place of a chunk, the sign bit of a float32 or nothing."""
    drawn = np.frombuffer(hashlib.shake_256(_DOMAIN + b"signs").digest(CHUNK // 8), dtype=np.uint8)
    return np.unpackbits(drawn, bitorder="little").astype(np.uint32) << np.uint32(31)


@cache
def _buckets() -> npt.NDArray[np.intp]:
    """For each place of the ring its bucket below WIDTH, each bucket as often as any other."""
    drawn = np.frombuffer(hashlib.shake_256(_DOMAIN + b"buckets").digest(CHUNK * 8), dtype="<u8")
    return np.argsort(drawn, kind="stable") % WIDTH


@lru_cache(maxsize=1 << 15)
def _turn(chunk: int) -> tuple[int, bool]:
    """Where on the ring a chunk starts, and whether all its signs are turned; the first is left as it is."""
    drawn = hashlib.sha256(_DOMAIN + chunk.to_bytes(8, "little")).digest() if chunk else bytes(5)
    return int.from_bytes(drawn[:4], "little") % CHUNK, bool(drawn[4] & 1)


def _power_of_two(count: int) -> int:
    """The smallest power of two that is no less, at least 1."""
    return 1 << max(count - 1, 0).bit_length()
