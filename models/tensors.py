"""Tensors in safetensors files: where each lies, by our own reading of the header, and its bytes, block by block.

Knows no architecture. Nothing here holds more than a block of a tensor; the format is that of safetensors 0.x: eight
bytes of header length, a JSON header, then the tensors' bytes without gap or overlap.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from itertools import repeat
from math import prod
from pathlib import Path
from typing import TypeGuard

from models.limits import ModelLimits
from models.rejections import Reason, Rejection
from models.strict_json import BadJson, parse_object, shown

ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2}
"""Bytes per number of the dtypes that are read."""

EXPONENT = {"F32": ("<u4", 0x7F800000), "F16": ("<u2", 0x7C00), "BF16": ("<u2", 0x7F80)}
"""The bits of a number as an unsigned one, and its exponent's: all of them set mean infinity or NaN."""

BLOCK_BYTES = 1 << 20
"""Bytes of a tensor that are in memory at once."""

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
    return all(mine == its for mine, its in zip(blocks(one, one_block()), blocks(other, one_block()), strict=True))


def blocks(tensor: Tensor, memory: Iterator[memoryview]) -> Iterator[memoryview]:
    """The tensor's bytes in order, each block in the next piece of memory. Raises OSError where the file ends early."""
    left = tensor.size
    with tensor.file.open("rb", buffering=0) as stream:
        stream.seek(tensor.start)
        while left:
            piece = next(memory)
            block = piece[: min(left, len(piece))]
            if _fill(block, stream) < len(block):
                raise OSError(f"{tensor.file} became shorter while {tensor.name} was read; fetch it again")
            yield block
            left -= len(block)


def one_block() -> Iterator[memoryview]:
    """The same piece of memory for ever, for those that are done with a block before they ask for the next."""
    return repeat(memoryview(bytearray(BLOCK_BYTES)))


def _fill(block: memoryview, stream: FileIO) -> int:
    """Read until the block is full or the file at its end; one read may bring less, after a signal for one."""
    filled = 0
    while filled < len(block) and (got := stream.readinto(block[filled:])):
        filled += got
    return filled


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
