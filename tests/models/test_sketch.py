"""The sketch: a golden vector, linear, the same in every dtype, short, and true about distances of every structure."""

import hashlib
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.projection import CHUNK, Projection
from models.sketch import (
    MAX_BYTES,
    ModelSketch,
    TensorSketch,
    decode,
    distance,
    relative_distance,
    sketch_of,
)


def sketched(numbers: np.ndarray, shape: tuple[int, ...] | None = None) -> TensorSketch:
    """The sketch of float32 numbers."""
    return raw(numbers.astype("<f4").tobytes(), "F32", shape or numbers.shape)


def raw(data: bytes, dtype: str, shape: tuple[int, ...]) -> TensorSketch:
    projection, step = Projection(), CHUNK * (4 if dtype == "F32" else 2)
    for start in range(0, len(data), step):
        projection.add(memoryview(data)[start : start + step], dtype)
    norm, found = projection.finish()
    return TensorSketch(shape, norm, found.astype("<f4").tobytes())


def drawn(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def spread_out(count: int) -> np.ndarray:
    """Numbers that no generator of some version makes: the same for ever."""
    return np.frombuffer(hashlib.shake_256(b"golden").digest(count), dtype=np.int8).astype(np.float32) / 64


@pytest.mark.parametrize(
    ("count", "norm", "digest"),
    [
        (7, "0x1.1c176eced4397p+1", "9ca0cee0e137f2ace24c0ed21888005135f7b064a935518482558096067b806d"),
        (5_000, "0x1.47aa822074f10p+6", "389987c44a32d0eb81f8b6efbb7832e110494c75c027bbe87b51b58e6e84c1fc"),
        (3_000_000, "0x1.f3f432885eed6p+10", "af6377f648bbe95b673261686c4f1c0ada5ddacb5cda8c9d2841810bc4696f8e"),
    ],
)
def test_the_sketch_is_the_golden_one(count: int, norm: str, digest: str):
    found = sketched(spread_out(count))
    assert (found.norm.hex(), hashlib.sha256(found.data).hexdigest()) == (norm, digest)


@pytest.mark.parametrize("count", [3, 1_024, 1_025, 40_000, 131_072, 131_073, 1_000_000])
def test_the_same_numbers_have_one_sketch_in_every_dtype(count: int):
    numbers = np.round(drawn(1, count) * 32) / 64  # few bits, so that every dtype has them
    halves = (numbers.view(np.uint32) >> 16).astype("<u2")
    assert sketched(numbers) == raw(numbers.astype("<f2").tobytes(), "F16", (count,))
    assert sketched(numbers) == raw(halves.tobytes(), "BF16", (count,))


@settings(max_examples=25, deadline=None)
@given(
    count=st.sampled_from([1, 900, 5_000, 100_000, 300_000]),
    a=st.floats(-4, 4, width=32),
    b=st.floats(-4, 4, width=32),
    seed=st.integers(0, 2**32),
)
def test_it_is_linear(count: int, a: float, b: float, seed: int):
    one, other = drawn(seed, count), drawn(seed + 1, count)
    both = sketched((a * one.astype(np.float64) + b * other).astype(np.float32)).numbers
    error = np.linalg.norm(both - (a * sketched(one).numbers.astype(np.float64) + b * sketched(other).numbers))
    assert error <= 1e-6 * (abs(a) + abs(b)) * math.sqrt(count) + 1e-30


def spike(seed: int) -> np.ndarray:
    change = np.zeros((512, 1536), np.float32)
    change[seed % 512, 7 * seed % 1536] = 1
    return change


def one_row(seed: int) -> np.ndarray:
    return drawn(seed, 512, 1536) * (np.arange(512) == seed % 512)[:, None]


def one_column(seed: int) -> np.ndarray:
    return drawn(seed, 2048, 1024) * (np.arange(1024) == seed % 1024)


STRUCTURES: dict[str, Callable[[int], np.ndarray]] = {
    "noise": lambda seed: drawn(seed, 512, 1536),
    "one number": spike,
    "one row": one_row,
    "one column": one_column,
    "rank one": lambda seed: np.outer(drawn(seed, 512), drawn(seed + 99, 1536)),
    "LoRA of rank 8": lambda seed: drawn(seed, 512, 8) @ drawn(seed + 99, 8, 1536),
    "the same everywhere": lambda seed: np.full((512 + seed, 1536), 1, np.float32),
    "heavy tails": lambda seed: drawn(seed, 512, 1536) ** 5,
    "a period of the ring": lambda seed: np.tile(drawn(seed, CHUNK), 12),
    "a short vector": lambda seed: drawn(seed, 1_000),
    "a long vector": lambda seed: drawn(seed, 9_000),
}


@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_distance_of_tensors_is_seen_whatever_the_structure_of_their_difference(structure: str):
    """Relative errors of 24 differences of one kind, 1/100 as long as the tensor: their mean square and the worst."""
    errors = []
    for seed in range(24):
        change = STRUCTURES[structure](seed)
        base = drawn(seed + 1_000, *change.shape)
        change *= np.float32(0.01 * np.linalg.norm(base) / np.linalg.norm(change))
        near = base + change
        true = float(np.linalg.norm(near.astype(np.float64) - base))
        errors.append(distance(sketched(near), sketched(base)) / true - 1)
    assert math.sqrt(np.mean(np.square(errors))) < 0.035
    assert max(map(abs, errors)) < 0.09


def test_the_least_distances_are_seen_down_to_a_millionth():
    base = drawn(5, 1_000_000)
    near = base + np.float32(1e-6) * drawn(6, 1_000_000)
    true = np.linalg.norm(near.astype(np.float64) - base)
    assert distance(sketched(near), sketched(base)) == pytest.approx(true, rel=0.1)


def test_distances_of_whole_models_are_seen_within_a_per_cent():
    parent = {f"w{number}": drawn(number, 200, 300) for number in range(40)}
    model = {name: tensor + np.float32(0.03) * drawn(500 + int(name[1:]), 200, 300) for name, tensor in parent.items()}
    whole = math.sqrt(sum(float(np.sum(tensor.astype(np.float64) ** 2)) for tensor in parent.values()))
    true = (
        math.sqrt(sum(float(np.sum((model[name] - parent[name]).astype(np.float64) ** 2)) for name in parent)) / whole
    )
    one, other = (sketch_of({name: sketched(tensor) for name, tensor in its.items()}) for its in (model, parent))
    assert relative_distance(one, other) == pytest.approx(true, rel=0.01)
    assert relative_distance(one, one) == 0


def test_models_that_share_no_tensor_are_infinitely_far_apart():
    one, other = sketch_of({"a": sketched(drawn(1, 8))}), sketch_of({"b": sketched(drawn(1, 8))})
    assert [relative_distance(one, other), relative_distance(one, sketch_of({"a": sketched(drawn(1, 9))}))] == [
        math.inf,
        math.inf,
    ]


def test_tensors_of_two_shapes_have_no_distance():
    with pytest.raises(ValueError, match="shapes"):
        distance(sketched(drawn(1, 8)), sketched(drawn(1, 2, 4)))


@pytest.mark.parametrize("width", [512, 64, 1])
def test_a_narrowed_sketch_still_sees_distances_and_compares_with_a_wide_one(width: int):
    one, other = sketched(drawn(1, 300, 400)), sketched(drawn(2, 300, 400))
    assert distance(one.narrowed(width), other) == distance(one.narrowed(width), other.narrowed(width))
    if width > 1:
        assert distance(one.narrowed(width), other) == pytest.approx(
            math.sqrt(2 * 300 * 400), rel=4 / math.sqrt(2 * width)
        )


@pytest.mark.parametrize(
    ("layers", "width"), [(2, 1024), (28, 1024), (80, 256), (400, 64)], ids=lambda number: str(number)
)
def test_no_model_takes_more_than_a_megabyte(layers: int, width: int):
    matrix, vector = sketched(drawn(1, 300, 300)), sketched(drawn(1, 2000))
    tensors = {f"model.layers.{layer}.mlp.part{part}.weight": matrix for layer in range(layers) for part in range(7)}
    tensors |= {f"model.layers.{layer}.norm{part}.weight": vector for layer in range(layers) for part in range(2)}
    model = sketch_of(tensors)
    assert len(model.encode()) <= MAX_BYTES
    assert {sketch.width for sketch in model.tensors.values()} == {width, width // 8}


def test_too_many_names_make_no_sketch():
    with pytest.raises(ValueError, match="2000 tensors do not fit"):
        sketch_of({f"{number:0600}": sketched(drawn(1, 1)) for number in range(2000)})


def test_a_sketch_is_decoded_as_it_was_encoded_in_any_order_of_tensors():
    tensors = {"b": sketched(drawn(1, 30, 300)), "a": sketched(drawn(2, 7)), "é": sketched(drawn(3, 5000))}
    model = sketch_of(tensors)
    assert (decode(model.encode()), sketch_of(dict(reversed(tensors.items()))).encode()) == (model, model.encode())


@given(data=st.data())
def test_no_other_bytes_are_decoded(data: st.DataObject):
    whole = ModelSketch({"a": sketched(drawn(1, 2, 3)), "b": sketched(drawn(2, 1))}).encode()
    place = data.draw(st.integers(0, len(whole) - 1))
    spoiled = [whole[:place], whole + b"\0", whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :]]
    for candidate in spoiled:
        try:
            assert decode(candidate).encode() == candidate
        except ValueError:
            continue
        assert len(candidate) == len(whole)  # a number of the projection may be any number
