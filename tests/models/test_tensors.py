"""Headers and bytes of safetensors: read without trust, measured in one pass, never held whole."""

import hashlib
import io
import json
import os
import tracemalloc
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import save_file

from models.limits import ModelLimits
from models.rejections import Rejection
from models.tensors import Tensor, measure, read_header, same_bytes


def written(file: Path, header: object, data: bytes = b"") -> Path:
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return file


def stored(file: Path, numbers: np.ndarray, dtype: str) -> Tensor:
    """These bits as the only tensor of a file."""
    file.write_bytes(numbers.tobytes())
    return Tensor("t", dtype, numbers.shape, file, 0, numbers.nbytes)


def test_a_header_of_the_real_writer_is_read_in_the_order_of_bytes(tmp_path: Path, limits: ModelLimits):
    file = tmp_path / "model.safetensors"
    save_file({"b": np.ones((2, 3), np.float32), "a": np.ones(4, np.float16), "c": np.array(1, np.float32)}, file)
    start = file.stat().st_size - 24 - 4 - 8
    assert read_header(file, limits) == (
        Tensor("b", "F32", (2, 3), file, start, start + 24),
        Tensor("c", "F32", (), file, start + 24, start + 28),
        Tensor("a", "F16", (4,), file, start + 28, start + 36),
    )


@given(data=st.binary(max_size=400))
def test_no_bytes_make_the_header_reader_raise(tmp_path_factory, limits: ModelLimits, data: bytes):
    file = tmp_path_factory.getbasetemp() / "noise.safetensors"
    file.write_bytes(data)
    assert isinstance(read_header(file, limits), Rejection)


ENTRY = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "BF16", "I64", "", 7, None, []]),
        "shape": st.lists(st.integers(-1, 3) | st.booleans() | st.none() | st.just(2**80), max_size=3) | st.integers(),
        "data_offsets": st.lists(st.integers(-8, 64) | st.just(2**70), max_size=3) | st.none(),
    }
)


@given(header=st.dictionaries(st.text(max_size=4), ENTRY | st.integers() | st.dictionaries(st.text(), st.none())))
def test_no_header_makes_the_reader_raise_or_leave_the_file(tmp_path_factory, limits: ModelLimits, header: object):
    file = written(tmp_path_factory.getbasetemp() / "odd.safetensors", header, bytes(24))
    tensors = read_header(file, limits)
    if not isinstance(tensors, Rejection):
        assert sum(tensor.size for tensor in tensors) == 24
        assert all(0 < tensor.start <= tensor.end <= file.stat().st_size for tensor in tensors)


BITS = {"F32": (np.uint32, np.float32), "F16": (np.uint16, np.float16), "BF16": (np.uint16, None)}


@given(
    dtype_and_bits=st.sampled_from(sorted(BITS)).flatmap(
        lambda name: st.tuples(st.just(name), arrays.arrays(BITS[name][0], st.integers(0, 300)))
    )
)
def test_one_pass_gives_hash_finiteness_and_a_copy(tmp_path_factory, dtype_and_bits: tuple[str, np.ndarray]):
    dtype, bits = dtype_and_bits
    as_float = BITS[dtype][1]
    numbers = (bits.astype(np.uint32) << 16).view(np.float32) if as_float is None else bits.view(as_float)
    copy = io.BytesIO()
    measured = measure(stored(tmp_path_factory.getbasetemp() / "bits", bits, dtype), copy)
    assert (measured.sha256, measured.finite, copy.getvalue()) == (
        hashlib.sha256(bits.tobytes()).hexdigest(),
        bool(np.isfinite(numbers).all()),
        bits.tobytes(),
    )


def test_a_number_that_is_not_finite_is_found_in_the_last_place_of_many_chunks(tmp_path: Path):
    bits = np.zeros(3 * 2**18 + 5, np.uint32)
    found = []
    for last in (0, 0x7F800000, 0xFFC00000, 0x7F7FFFFF):
        bits[-1] = last
        found.append(measure(stored(tmp_path / "bits", bits, "F32"), io.BytesIO()).finite)
    assert found == [True, False, False, True]


def test_equal_bytes_are_equal_only_in_the_same_dtype_and_shape(tmp_path: Path):
    bits = np.arange(2**20, dtype=np.uint32)
    other = bits.copy()
    other[-1] += 1
    one = stored(tmp_path / "one", bits, "F32")
    assert [
        same_bytes(one, stored(tmp_path / "two", bits, "F32")),
        same_bytes(one, stored(tmp_path / "three", other, "F32")),
        same_bytes(one, stored(tmp_path / "four", bits.reshape(2, -1), "F32")),
        same_bytes(one, stored(tmp_path / "five", bits.view(np.uint16), "BF16")),
    ] == [True, False, False, False]


def test_a_tensor_is_never_in_memory_as_a_whole(tmp_path: Path):
    file = tmp_path / "large"
    file.touch()
    os.truncate(file, 64_000_000)
    with Path(os.devnull).open("wb") as nowhere:
        tracemalloc.start()
        measure(Tensor("t", "F32", (16_000_000,), file, 0, 64_000_000), nowhere)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 5_000_000
