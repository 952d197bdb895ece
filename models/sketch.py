"""A model in a megabyte: of each tensor its norm and a random projection, enough to tell how far two models lie apart.

The projection (`models.projection`) depends on a tensor's numbers and their count alone, not on dtype, name or machine.
It is linear: the sketch of a·X + b·Y is a times that of X plus b times that of Y, up to float32's error of about 1e-7
of the norms. Lengths in a sketch are those of the tensors within about 1/√(2·width): 2 % for a tensor at the full width
of 1,024, less for a whole model. Everybody knows the map, so numbers can be made up that look longer in it than they
are, or vanish: the norm beside it is exact, and one that its sketch does not show gives the first away. Knows no files.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.projection import WIDTH, Floats
from models.strict_json import BadJson, canonical, parse_object

MAX_BYTES = 1_000_000
"""Longest encoding of a model's sketch."""

_MAGIC = b"crucible/sketch/1\n"
_LENGTH = struct.Struct("<I")
# a vector (a norm's gain, a bias) is a small part of a model, and gets a small part of its sketch
_VECTOR_SHARE = 8
_WIDTHS = frozenset(1 << bits for bits in range(WIDTH.bit_length()))


@dataclass(frozen=True, slots=True)
class TensorSketch:
    """One tensor: its shape, exact Euclidean norm, and `data`, the projection as little-endian float32."""

    shape: tuple[int, ...]
    norm: float
    data: bytes

    @property
    def width(self) -> int:
        """How many numbers the projection has, a power of two up to WIDTH."""
        return len(self.data) // 4

    @property
    def numbers(self) -> Floats:
        """The projection, shape (width,); its length estimates the norm."""
        return np.frombuffer(self.data, dtype="<f4")

    def narrowed(self, width: int) -> "TensorSketch":
        """The sketch at a smaller width, a power of two, as if it had been taken so: folding is linear too."""
        if width >= self.width:
            return self
        folded = self.numbers.astype(np.float64).reshape(-1, width).sum(axis=0)
        return TensorSketch(self.shape, self.norm, folded.astype("<f4").tobytes())


@dataclass(frozen=True, slots=True)
class ModelSketch:
    """The sketches of a model's tensors by name."""

    tensors: Mapping[str, TensorSketch]

    def encode(self) -> bytes:
        """The one form of this sketch, for keeping: magic, header length, header as canonical JSON, numbers by name."""
        named = sorted(self.tensors.items())
        header = canonical({name: [sketch.shape, sketch.norm, sketch.width] for name, sketch in named})
        return b"".join([_MAGIC, _LENGTH.pack(len(header)), header, *(sketch.data for _, sketch in named)])


def sketch_of(tensors: Mapping[str, TensorSketch]) -> ModelSketch:
    """The sketch of a model with these tensors, as wide as MAX_BYTES allow; vectors are given an eighth of the width.

    Raises ValueError where a norm is not finite, and where the names alone take too much.
    """
    width = WIDTH
    while width:
        model = ModelSketch({name: _narrowed(sketch, width) for name, sketch in tensors.items()})
        if len(model.encode()) <= MAX_BYTES:
            return model
        width //= 2
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
        shape, norm, width = _entry(name, entry)
        tensors[name] = TensorSketch(shape, norm, data[offset : offset + 4 * width])
        offset += 4 * width
    model = ModelSketch(tensors)
    if len(data) > MAX_BYTES or model.encode() != data:
        raise ValueError(f"{len(data)} bytes are no whole sketch of a model; measure the model anew")
    return model


def distance(one: TensorSketch, other: TensorSketch) -> float:
    """The estimated Euclidean length of the difference of two tensors. Raises ValueError where shapes differ."""
    if one.shape != other.shape:
        raise ValueError(f"shapes {one.shape} and {other.shape} have no distance; compare tensors of one shape")
    width = min(one.width, other.width)
    apart = one.narrowed(width).numbers.astype(np.float64) - other.narrowed(width).numbers
    return float(np.linalg.norm(apart))


def relative_distance(model: ModelSketch, parent: ModelSketch) -> float:
    """The estimated length of model − parent over the parent's norm, over all tensors that both have in one shape.

    Infinite where they share none, or only such as are all zeros in the parent.
    """
    shared = [
        (sketch, parent.tensors[name])
        for name, sketch in model.tensors.items()
        if name in parent.tensors and parent.tensors[name].shape == sketch.shape
    ]
    whole = math.hypot(*(its.norm for _, its in shared))
    return math.hypot(*(distance(mine, its) for mine, its in shared)) / whole if whole else math.inf


def _narrowed(sketch: TensorSketch, width: int) -> TensorSketch:
    return sketch.narrowed(width if len(sketch.shape) > 1 else max(1, width // _VECTOR_SHARE))


def _entry(name: str, entry: object) -> tuple[tuple[int, ...], float, int]:
    match entry:
        case [list(shape), float(norm), int(width)] if width in _WIDTHS and all(type(size) is int for size in shape):
            return tuple(shape), norm, width
    raise ValueError(f"the sketch describes {name[:80]!r} as it never does; measure the model anew")
