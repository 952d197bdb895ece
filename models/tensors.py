"""Tensors in safetensors files: where each lies, by our own reading of the header, and one bounded pass over its bytes.

Knows no architecture. Nothing here holds more than a chunk of a tensor; the format is that of safetensors 0.x: eight
bytes of header length, a JSON header, then the tensors' bytes without gap or overlap.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO, TypeGuard

import numpy as np

from models.limits import ModelLimits
from models.rejections import Reason, Rejection
from models.strict_json import BadJson, parse_object, shown

ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2}
"""Bytes per number of the dtypes that are read."""

# the bits of a number as an unsigned one, and its exponent's: all of them set mean infinity or NaN
_EXPONENT = {"F32": ("<u4", 0x7F800000), "F16": ("<u2", 0x7C00), "BF16": ("<u2", 0x7F80)}
_CHUNK_BYTES = 1 << 20
_MAX_DIMENSIONS = 8


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor in a file: bytes `start` to `end` of it, in little-endian numbers of `dtype`, row by row."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path
    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start


Header = tuple[Tensor, ...] | Rejection
"""The tensors of a file in the order of their bytes, or why they are not read."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one pass over a tensor's bytes tells: hex sha256, and whether every number is finite."""

    sha256: str
    finite: bool


def read_header(file: Path, limits: ModelLimits) -> Header:
    """The tensors of a file, in the order of their bytes. Reads only the header, and no more than the limits allow."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > size - 8:
            return _bad(file, f"has {size} bytes and announces a header of {length}; upload the file whole")
        if length > limits.max_header_bytes:
            detail = f"{file.name} has a header of {length} bytes; the limit is {limits.max_header_bytes}"
            return Rejection(Reason.LIMITS, detail)
        header = parse_object(stream.read(length))
    if isinstance(header, BadJson):
        return _bad(file, f"has a header that {header.reason}; save it with save_pretrained")
    header.pop("__metadata__", None)
    if len(header) > limits.max_tensors:
        return Rejection(Reason.LIMITS, f"{file.name} has {len(header)} tensors; the limit is {limits.max_tensors}")
    return _placed(file, header, 8 + length, size, limits)


def same_bytes(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same dtype, shape and bytes; reads no further than the first difference."""
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    return all(mine == its for mine, its in zip(_chunks(one), _chunks(other), strict=True))


def measure(tensor: Tensor, copy: BinaryIO) -> Measured:
    """Hash and check a tensor while writing it to `copy`, in one pass: the bytes kept are the bytes measured."""
    digest, finite = hashlib.sha256(), True
    bits, exponent = _EXPONENT[tensor.dtype]
    for chunk in _chunks(tensor):
        digest.update(chunk)
        exponents = np.frombuffer(chunk, dtype=bits) & exponent
        finite = finite and not bool(np.any(exponents == exponent))
        copy.write(chunk)
    return Measured(digest.hexdigest(), finite)


def _chunks(tensor: Tensor) -> Iterator[memoryview]:
    """The tensor's bytes in order, a megabyte at a time; each piece is valid until the next is asked for."""
    buffer = memoryview(bytearray(min(_CHUNK_BYTES, tensor.size)))
    left = tensor.size
    with tensor.file.open("rb") as stream:
        stream.seek(tensor.start)
        while left:
            chunk = buffer[: min(left, len(buffer))]
            if stream.readinto(chunk) < len(chunk):
                raise OSError(f"{tensor.file} became shorter while {tensor.name} was read; fetch it again")
            yield chunk
            left -= len(chunk)


def _placed(file: Path, header: dict[str, object], first: int, size: int, limits: ModelLimits) -> Header:
    """The header's tensors, once each is well-formed and together they fill the file from `first` to its end."""
    tensors = []
    for name, entry in header.items():
        tensor = _tensor(file, name, entry, first, limits)
        if isinstance(tensor, str):
            return _bad(file, f"describes {shown(name)} by {tensor}; save it with save_pretrained")
        tensors.append(tensor)
    tensors.sort(key=lambda tensor: (tensor.start, tensor.end))
    reached = first
    for tensor in tensors:
        if tensor.start != reached:
            return _bad(
                file,
                f"has {shown(tensor.name)} at byte {tensor.start}, not at {reached}, an overlap or a gap; save it anew",
            )
        reached = tensor.end
    if reached != size:
        return _bad(file, f"has {size} bytes where its tensors end at {reached}; upload the file whole")
    return tuple(tensors)


def _tensor(file: Path, name: str, entry: object, first: int, limits: ModelLimits) -> Tensor | str:
    """The tensor, or what of its description is wrong."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        return "other keys than dtype, shape and data_offsets"
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if dtype not in limits.dtypes or dtype not in ITEM_BYTES:
        return f"dtype {shown(dtype)}, where allowed are {', '.join(limits.dtypes)}"
    if not _whole_numbers(shape) or len(shape) > _MAX_DIMENSIONS:
        return f"a shape that is no list of at most {_MAX_DIMENSIONS} whole numbers"
    if not _whole_numbers(offsets) or len(offsets) != 2:
        return "data_offsets that are no two whole numbers"
    start, end = offsets
    if end - start != prod(shape) * ITEM_BYTES[dtype]:
        return f"{end - start} bytes, which its dtype and shape do not take"
    return Tensor(name, dtype, tuple(shape), file, first + start, first + end)


def _whole_numbers(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**63 for item in value)


def _bad(file: Path, fault: str) -> Rejection:
    return Rejection(Reason.WEIGHTS, f"{file.name} {fault}")
