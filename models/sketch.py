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

from models.projection import COLUMNS, ROWS, VECTOR, Doubles, layout
from models.strict_json import BadJson, canonical, parse_object
from models.tensors import ITEM_BYTES

MAX_BYTES = 1_000_000
"""Longest encoding of a model's sketch."""

Encoded = bytes
"""A model's sketch as `ModelSketch.encode` writes it."""

_MAGIC = b"crucible/sketch/1\n"
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class TensorSketch:
    """One tensor: its shape, dtype and exact Euclidean norm, and `data`, the projection as little-endian float32.

    The projection is a matrix of `rows` rows, as wide as there are numbers.
    """

    shape: tuple[int, ...]
    dtype: str
    norm: float
    rows: int
    data: bytes

    @property
    def columns(self) -> int:
        """Columns of the projection."""
        return len(self.data) // (4 * self.rows)

    @property
    def numbers(self) -> Doubles:
        """The projection, shape (rows, columns); its length estimates the norm."""
        return np.frombuffer(self.data, dtype="<f4").reshape(self.rows, -1).astype(np.float64)

    def folded(self, rows: int, columns: int) -> "TensorSketch":
        """A smaller sketch, of no more rows and columns, both powers of two: folding is linear too."""
        rows, columns = min(rows, self.rows), min(columns, self.columns)
        if (rows, columns) == (self.rows, self.columns):
            return self
        parts = self.numbers.reshape(self.rows // rows, rows, self.columns // columns, columns)
        return replace(self, rows=rows, data=parts.sum(axis=(0, 2)).astype("<f4").tobytes())


@dataclass(frozen=True, slots=True)
class ModelSketch:
    """The sketches of a model's tensors by name."""

    tensors: Mapping[str, TensorSketch]

    def encode(self) -> bytes:
        """The one form of this sketch, for keeping: magic, header length, header as canonical JSON, numbers by name."""
        named = sorted(self.tensors.items())
        header = canonical({name: [its.shape, its.dtype, its.norm, its.rows, its.columns] for name, its in named})
        return b"".join([_MAGIC, _LENGTH.pack(len(header)), header, *(sketch.data for _, sketch in named)])


def sketch_of(tensors: Mapping[str, TensorSketch]) -> ModelSketch:
    """The sketch of a model with these tensors, as large as MAX_BYTES allow.

    Raises ValueError where a norm is not finite, and where the names alone take too much.
    """
    rows, columns, vector = ROWS, COLUMNS, VECTOR
    while columns:
        model = ModelSketch({name: _capped(its, rows, columns, vector) for name, its in tensors.items()})
        if len(model.encode()) <= MAX_BYTES:
            return model
        rows, columns, vector = columns, rows // 2, max(1, vector // 2)  # 32 × 32, 32 × 16, 16 × 16, …
    raise ValueError(f"{len(tensors)} tensors do not fit a sketch of {MAX_BYTES} bytes; shorten their names")


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
        end = offset + 4 * rows * columns
        tensors[name] = TensorSketch(shape, dtype, norm, rows, data[offset:end])
        offset = end
    model = ModelSketch(tensors)
    if len(data) > MAX_BYTES or offset != len(data) or model.encode() != data:
        raise ValueError(f"{len(data)} bytes are no whole sketch of a model; measure the model anew")
    return model


def aligned(one: TensorSketch, other: TensorSketch) -> tuple[Doubles, Doubles]:
    """The projections of two tensors at the smaller one's size. Raises ValueError where the tensors' shapes differ."""
    if one.shape != other.shape:
        raise ValueError(f"shapes {one.shape} and {other.shape} have no distance; compare tensors of one shape")
    size = min(one.rows, other.rows), min(one.columns, other.columns)
    return one.folded(*size).numbers, other.folded(*size).numbers


def distance(one: TensorSketch, other: TensorSketch) -> float:
    """The estimated Euclidean length of the difference of two tensors. Raises ValueError where shapes differ."""
    mine, its = aligned(one, other)
    return float(np.linalg.norm(mine - its))


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
