"""One pass over tensors: what it tells is what a plain computation says, for every dtype, in bounded memory."""

import hashlib
import io
import os
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.measuring import Measured, measure
from models.projection import VECTOR
from models.tensors import Tensor

BITS = {"F32": np.uint32, "F16": np.uint16, "BF16": np.uint16}


def stored(file: Path, numbers: np.ndarray, dtype: str) -> Tensor:
    """These bits as the only tensor of a file."""
    file.write_bytes(numbers.tobytes())
    return Tensor("t", dtype, numbers.shape, file, 0, numbers.nbytes)


def one(tensor: Tensor) -> Measured:
    [measured] = measure([tensor])
    return measured


def as_numbers(bits: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "BF16":
        return (bits.astype(np.uint32) << 16).view(np.float32)
    return bits.view(np.float16 if dtype == "F16" else np.float32)


@given(
    dtype_and_bits=st.sampled_from(sorted(BITS)).flatmap(
        lambda name: st.tuples(st.just(name), arrays.arrays(BITS[name], st.integers(0, 300)))
    )
)
def test_one_pass_gives_hash_finiteness_norm_and_a_copy(tmp_path_factory, dtype_and_bits: tuple[str, np.ndarray]):
    dtype, bits = dtype_and_bits
    with np.errstate(invalid="ignore"):  # NaN are among them
        numbers = as_numbers(bits, dtype).astype(np.float64)
    copy = io.BytesIO()
    [measured] = measure([stored(tmp_path_factory.getbasetemp() / "bits", bits, dtype)], copy)
    assert (measured.sha256, measured.finite, copy.getvalue()) == (
        hashlib.sha256(bits.tobytes()).hexdigest(),
        bool(np.isfinite(numbers).all()),
        bits.tobytes(),
    )
    if measured.finite and np.abs(numbers).max(initial=0) < 1e19:
        assert measured.sketch.norm == pytest.approx(np.linalg.norm(numbers), rel=1e-6, abs=1e-21)
    else:
        assert not np.isfinite(measured.sketch.norm)


@pytest.mark.parametrize("dtype", sorted(BITS))
def test_every_number_of_sixteen_bits_is_read_as_what_it_is(tmp_path: Path, dtype: str):
    """All of them in F16 and BF16, and their like in F32: a tensor that is narrow keeps its numbers, up to signs."""
    bits = np.arange(2**16).astype(BITS[dtype]) << (16 if dtype == "F32" else 0)
    numbers = as_numbers(bits, dtype)
    rows = bits[np.abs(numbers.astype(np.float32)) < 1e19]
    wrong = 0
    for start in range(0, len(rows), VECTOR):
        row = rows[start : start + VECTOR]
        [found] = one(stored(tmp_path / "bits", row, dtype)).sketch.numbers
        expected = np.abs(as_numbers(row, dtype).astype(np.float32))
        wrong += int((np.abs(found)[: len(row)] != expected).sum())
    assert wrong == 0


def test_a_number_that_is_not_finite_is_found_in_the_last_place_of_many_blocks(tmp_path: Path):
    bits = np.zeros(3 * 2**18 + 5, np.uint32)
    found = []
    for last in (0, 0x7F800000, 0xFFC00000, 0x7F7FFFFF):
        bits[-1] = last
        found.append(one(stored(tmp_path / "bits", bits, "F32")).finite)
    assert found == [True, False, False, True]


def test_what_is_told_of_a_tensor_does_not_depend_on_those_before_it(tmp_path: Path):
    drawn = np.random.default_rng(3)
    tensors = [
        stored(tmp_path / str(number), drawn.standard_normal(count).astype(kind).view(BITS[dtype]), dtype)
        for number, (count, kind, dtype) in enumerate(
            [(5, "f2", "F16"), (2**18, "f4", "F32"), (0, "f4", "F32"), (7, "f4", "F32"), (2**17 + 1, "f2", "F16")]
        )
    ]
    spoiled = stored(tmp_path / "spoiled", np.full(2**17, 0x7FC00000, np.uint32), "F32")
    together = [measured for measured in measure([spoiled, *tensors]) if measured.finite]
    assert together == [one(tensor) for tensor in tensors]


@pytest.mark.parametrize(("dtype", "rows", "bound"), [("BF16", 8_000, 8_000_000), ("F32", 4_000, 10_000_000)])
def test_a_tensor_is_never_in_memory_as_a_whole(tmp_path: Path, dtype: str, rows: int, bound: int):
    """Wider ones are sketched twice: as they are, and rounded to bfloat16."""
    file = tmp_path / "large"
    file.touch()
    os.truncate(file, 64_000_000)
    with Path(os.devnull).open("wb") as nowhere:
        tracemalloc.start()
        list(measure([Tensor("t", dtype, (rows, 4_000), file, 0, 64_000_000)], nowhere))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < bound


def test_a_pass_left_early_leaves_no_thread(tmp_path: Path):
    tensors = [stored(tmp_path / str(number), np.zeros(2**19, np.uint32), "F32") for number in range(3)]
    passing = measure(tensors)
    next(passing)
    during = {thread.name for thread in threading.enumerate()}
    passing.close()
    assert ("sha256_0" in during, "sha256_0" in {thread.name for thread in threading.enumerate()}) == (True, False)
