"""A model in a megabyte: of each tensor its norm and a random projection, enough to tell how far two models lie apart,
and whether what lies between them has a structure.

The projection (`models.projection`) depends on a tensor's shape and numbers alone, not on dtype, name or machine. It is
linear: the sketch of a·X + b·Y is a times that of X plus b times that of Y, up to float32's error of about 1e-7 of the
norms. Lengths in a sketch are those of the tensors within some 2 % where they have no structure, within some 20 % where
they have a rank of one, and closer for a whole model. Everybody knows the map, so numbers can be made up that look
longer in it than they are, or vanish: the norm beside it is exact. Knows no files.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from models.projection import COLUMNS, ROWS, VECTOR, Doubles, Projection, layout
from models.strict_json import BadJson, canonical, parse_object
from models.tensors import ITEM_BYTES

MAX_BYTES = 1_000_000
"""Longest encoding of a model's sketch."""

LEAST = 4
"""Rows and columns that a sketch of a matrix has at least, where the matrix has them; fewer would fit anything."""

Encoded = bytes
"""A model's sketch as `ModelSketch.encode` writes it."""

_MAGIC = b"crucible/sketch/1\n"
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class TensorSketch:
    """One tensor: its shape, dtype and exact Euclidean norm, and `data`, the projection as little-endian float32.

    The projection is a matrix of `rows` rows, as wide as there are numbers. `rounded` is that of the same tensor
    rounded to bfloat16, and empty where it is in bfloat16: whoever saves another's model in half the bytes rounds it.
    """

    shape: tuple[int, ...]
    dtype: str
    norm: float
    rows: int
    data: bytes
    rounded: bytes

    @property
    def columns(self) -> int:
        """Columns of the projection."""
        return len(self.data) // (4 * self.rows)

    @property
    def numbers(self) -> Doubles:
        """The projection, shape (rows, columns); its length estimates the norm."""
        return _matrix(self.data, self.rows)

    def folded(self, rows: int, columns: int) -> "TensorSketch":
        """A smaller sketch, of no more rows and columns, both powers of two: folding is linear too."""
        rows, columns = min(rows, self.rows), min(columns, self.columns)
        if (rows, columns) == (self.rows, self.columns):
            return self

        def fold(data: bytes) -> bytes:
            parts = _matrix(data, self.rows).reshape(self.rows // rows, rows, self.columns // columns, columns)
            summed: Doubles = parts.sum(axis=(0, 2))
            return summed.astype("<f4").tobytes()

        return replace(self, rows=rows, data=fold(self.data), rounded=self.rounded and fold(self.rounded))

    def as_bf16(self) -> "TensorSketch":
        """The sketch of the tensor rounded to bfloat16, but for the last digits of the norm."""
        return replace(self, dtype="BF16", data=self.rounded, rounded=b"") if self.rounded else self


class Sketching:
    """One tensor's sketch in the making: `add` its bytes in order, in blocks of a multiple of `step`, then `finish`."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self._shape, self._dtype = shape, dtype
        self._whole = Projection(shape)
        self._rounded = None if dtype == "BF16" else Projection(shape, rounded=True)

    @property
    def step(self) -> int:
        """Bytes of a multiple of which all blocks but the last must be."""
        return self._whole.step * ITEM_BYTES[self._dtype]

    def add(self, block: memoryview) -> None:
        """Add the next bytes, little-endian numbers of the dtype."""
        with np.errstate(all="ignore"):
            for start in range(0, len(block), self.step):
                chunk = block[start : start + self.step]
                self._whole.add(chunk, self._dtype)
                if self._rounded:
                    self._rounded.add(chunk, self._dtype)

    def finish(self) -> TensorSketch:
        """The sketch. Its norm is not finite if a number is not, or if the square of one is not (1.8e19 and more)."""
        norm, numbers = self._whole.finish()
        rounded = self._rounded.finish()[1].astype("<f4").tobytes() if self._rounded else b""
        return TensorSketch(self._shape, self._dtype, norm, len(numbers), numbers.astype("<f4").tobytes(), rounded)


@dataclass(frozen=True, slots=True)
class ModelSketch:
    """The sketches of a model's tensors by name."""

    tensors: Mapping[str, TensorSketch]

    def encode(self) -> bytes:
        """The one form of this sketch, for keeping: magic, header length, header as canonical JSON, numbers by name."""
        named = sorted(self.tensors.items())
        header = canonical({name: [its.shape, its.dtype, its.norm, its.rows, its.columns] for name, its in named})
        numbers = (part for _, its in named for part in (its.data, its.rounded))
        return b"".join([_MAGIC, _LENGTH.pack(len(header)), header, *numbers])

    def as_bf16(self) -> "ModelSketch":
        """The sketch of the model rounded to bfloat16."""
        return ModelSketch({name: its.as_bf16() for name, its in self.tensors.items()})


def sketch_of(tensors: Mapping[str, TensorSketch]) -> ModelSketch:
    """The sketch of a model with these tensors, as large as MAX_BYTES allow.

    Raises ValueError where a norm is not finite, and where there are so many tensors that next to nothing is left of
    each.
    """
    rows, columns, vector = ROWS, COLUMNS, VECTOR
    while columns >= LEAST:
        model = ModelSketch({name: _capped(its, rows, columns, vector) for name, its in tensors.items()})
        if len(model.encode()) <= MAX_BYTES:
            return model
        rows, columns, vector = columns, rows // 2, max(LEAST, vector // 2)  # 32 × 32, 32 × 16, 16 × 16, …
    raise ValueError(f"{len(tensors)} tensors do not fit a sketch of {MAX_BYTES} bytes; allow fewer layers")


def decode(data: bytes) -> ModelSketch:
    """The sketch that `encode` wrote. Raises ValueError for bytes that it cannot have written."""
    start = len(_MAGIC) + _LENGTH.size
    if len(data) < start or not data.startswith(_MAGIC):
        raise ValueError(f"{data[:20]!r} begins no sketch of a model; measure the model anew")
    (length,) = _LENGTH.unpack_from(data, len(_MAGIC))
    header = parse_object(data[start : start + length])
    if isinstance(header, BadJson):
        raise ValueError(f"the header of a sketch {header.reason}; measure the model anew")
    offset, tensors = start + length, {}
    for name, entry in header.items():
        shape, dtype, norm, rows, columns = _entry(name, entry)
        middle = offset + 4 * rows * columns
        end = middle if dtype == "BF16" else middle + 4 * rows * columns
        tensors[name] = TensorSketch(shape, dtype, norm, rows, data[offset:middle], data[middle:end])
        offset = end
    model = ModelSketch(tensors)
    if len(data) > MAX_BYTES or offset != len(data) or model.encode() != data:
        raise ValueError(f"{len(data)} bytes are no whole sketch of a model; measure the model anew")
    return model


def aligned(*sketches: TensorSketch) -> list[Doubles]:
    """The projections of tensors at the smallest one's size. Raises ValueError where the tensors' shapes differ."""
    shapes = {its.shape for its in sketches}
    if len(shapes) > 1:
        raise ValueError(f"shapes {sorted(shapes)} have no distance; compare tensors of one shape")
    size = min(its.rows for its in sketches), min(its.columns for its in sketches)
    return [its.folded(*size).numbers for its in sketches]


def distance(one: TensorSketch, other: TensorSketch) -> float:
    """The estimated Euclidean length of the difference of two tensors. Raises ValueError where shapes differ."""
    mine, its = aligned(one, other)
    return float(np.linalg.norm(mine - its))


def _matrix(data: bytes, rows: int) -> Doubles:
    return np.frombuffer(data, dtype="<f4").reshape(rows, -1).astype(np.float64)


def _capped(sketch: TensorSketch, rows: int, columns: int, vector: int) -> TensorSketch:
    return sketch.folded(1, vector) if layout(sketch.shape).shape[0] == 1 else sketch.folded(rows, columns)


def _entry(name: str, entry: object) -> tuple[tuple[int, ...], str, float, int, int]:
    match entry:
        case [list(shape), str(dtype), float(norm), int(rows), int(columns)]:
            sized = all(type(size) is int and size >= 0 for size in shape)
            if sized and dtype in ITEM_BYTES and _power(rows) and _power(columns):
                most = layout(tuple(shape)).shape
                if rows <= most[0] and columns <= most[1]:
                    return tuple(shape), dtype, norm, rows, columns
    raise ValueError(f"the sketch describes {name[:80]!r} as it never does; measure the model anew")


def _power(count: int) -> bool:
    return type(count) is int and count > 0 and count & (count - 1) == 0
