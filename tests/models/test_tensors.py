"""Headers and bytes of safetensors: read without trust, compared block by block."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from models.limits import ModelLimits
from models.rejections import Rejection
from models.tensors import Tensor, blocks, one_block, read_header, same_bytes


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


def test_a_file_that_became_shorter_is_noticed_while_it_is_read(tmp_path: Path):
    tensor = stored(tmp_path / "cut", np.zeros(2**19, np.uint32), "F32")
    os.truncate(tensor.file, tensor.size - 1)
    with pytest.raises(OSError, match="cut became shorter while t was read"):
        list(blocks(tensor, one_block()))
