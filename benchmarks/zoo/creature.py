"""What a model of the zoo is: its tensors, how they are written to files, and what is true of it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.lineage import Kind
from models.measuring import measure
from models.publishing import WIDEST
from models.rejections import Rejection
from models.sketch import ModelSketch, sketch_of
from models.strict_json import canonical
from models.tensors import ITEM_BYTES, read_header

Weights = dict[str, np.ndarray]
"""Name → float32 numbers."""


@dataclass(frozen=True, slots=True)
class Creature:
    """A model, what it is a `kind` of, of whom, and in which `cage` of the tables it is counted.

    `dtype` is the one its numbers are rounded to when they are written, `shards` the number of files.
    """

    cage: str
    kind: Kind
    parents: tuple[str, ...]
    weights: Weights
    dtype: str = "F32"
    shards: int = 1
    note: str = ""

    def sketch(self, folder: Path) -> ModelSketch:
        """Write the model to files in an empty folder, and measure those as vetting does."""
        for number, names in enumerate(np.array_split(sorted(self.weights), self.shards)):
            _write(folder / f"{number}.safetensors", {name: self.weights[name] for name in names}, self.dtype)
        measured = {}
        for file in sorted(folder.iterdir()):
            header = read_header(file, WIDEST)
            if isinstance(header, Rejection):
                raise ValueError(header.detail)
            with closing(measure(header)) as passing:
                measured |= {tensor.name: tensor.sketch for tensor in passing}
            file.unlink()
        return sketch_of(measured)


def stored(numbers: np.ndarray, dtype: str) -> bytes:
    """float32 numbers as bytes of a dtype, rounded to the nearest and to even."""
    if dtype == "BF16":
        bits = numbers.astype(np.float32).view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()
    return numbers.astype("<f2" if dtype == "F16" else "<f4").tobytes()


def rounded(numbers: np.ndarray, dtype: str) -> np.ndarray:
    """float32 numbers as they are once read back from a dtype."""
    data = stored(numbers, dtype)
    if dtype == "BF16":
        found = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        found = np.frombuffer(data, "<f2" if dtype == "F16" else "<f4").astype(np.float32)
    return found.reshape(numbers.shape)


def _write(file: Path, weights: Weights, dtype: str) -> None:
    header, offset = {}, 0
    for name, numbers in weights.items():
        end = offset + numbers.size * ITEM_BYTES[dtype]
        header[name] = {"dtype": dtype, "shape": numbers.shape, "data_offsets": [offset, end]}
        offset = end
    text = canonical(header)
    with file.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        stream.writelines(_stored_all(weights, dtype))


def _stored_all(weights: Weights, dtype: str) -> Iterator[bytes]:
    return (stored(numbers, dtype) for numbers in weights.values())
