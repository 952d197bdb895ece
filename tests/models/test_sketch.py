"""The sketch: a golden vector, linear, the same in every dtype, short, and true about distances of every structure."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.projection import CHUNK, COLUMNS, ROWS
from models.sketch import MAX_BYTES, ModelSketch, Sketching, TensorSketch, decode, distance, sketch_of


def sketched(numbers: np.ndarray, shape: tuple[int, ...] | None = None) -> TensorSketch:
    """The sketch of float32 numbers."""
    return raw(numbers.astype("<f4").tobytes(), "F32", shape or numbers.shape)


def raw(data: bytes, dtype: str, shape: tuple[int, ...]) -> TensorSketch:
    sketching = Sketching(shape, dtype)
    for start in range(0, len(data), 3 * sketching.step):
        sketching.add(memoryview(data)[start : start + 3 * sketching.step])
    return sketching.finish()


def drawn(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def spread_out(count: int) -> np.ndarray:
    """Numbers that no generator of some version makes: the same for ever."""
    return np.frombuffer(hashlib.shake_256(b"golden").digest(count), dtype=np.int8).astype(np.float32) / 64


@pytest.mark.parametrize(
    ("shape", "norm", "digest"),
    [
        ((7,), "0x1.1c176eced4397p+1", "9ca0cee0e137f2ace24c0ed21888005135f7b064a935518482558096067b806d"),
        ((50, 100), "0x1.47aa822074f10p+6", "890e72e8188c6669c0588150e867dfa41720aef86ebd95032d5930d8e9ce964e"),
        ((20, 20), "0x1.73f447629ebdap+4", "382a720ac0743a3cd6cc9aac7201008200c1ca6bccebee224402e6cd5f6ac294"),
        ((9_000,), "0x1.b5f5f5a817967p+6", "8309537aa83724f400bd0b73a70407c8f981630129ac47b6c79558e2d5a99687"),
        ((1_500, 2_000), "0x1.f3f432885eed6p+10", "27c7cf65a7cad8f420c4ab3a2442fb6159ec84e1f9f93fde15c9160129bc5283"),
    ],
)
def test_the_sketch_is_the_golden_one(shape: tuple[int, ...], norm: str, digest: str):
    found = sketched(spread_out(math.prod(shape)), shape)
    assert (found.norm.hex(), hashlib.sha256(found.data).hexdigest()) == (norm, digest)


SHAPES = [(3,), (128,), (129,), (40_000,), (32, 32), (33, 33), (400, 300), (90, 20_000), (3, 70_000), (4, 5, 60)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_numbers_have_one_sketch_in_every_dtype(shape: tuple[int, ...]):
    numbers = np.round(drawn(1, *shape) * 32) / 64  # few bits, so that every dtype has them
    halves = (numbers.view(np.uint32) >> 16).astype("<u2")
    found = sketched(numbers)
    assert found == replace(raw(numbers.astype("<f2").tobytes(), "F16", shape), dtype="F32")
    assert found.as_bf16() == raw(halves.tobytes(), "BF16", shape)
    assert found.rounded == found.data


@pytest.mark.parametrize("dtype", ["F32", "F16"])
@pytest.mark.parametrize("shape", [(300,), (400, 300)])
def test_a_sketch_holds_that_of_the_tensor_rounded_to_bfloat16(shape: tuple[int, ...], dtype: str):
    torch = pytest.importorskip("torch")
    numbers = drawn(1, *shape).astype(np.float16).astype(np.float32)
    rounded = torch.from_numpy(numbers).bfloat16()
    found = raw(numbers.astype("<f2" if dtype == "F16" else "<f4").tobytes(), dtype, shape).as_bf16()
    expected = raw(rounded.view(torch.int16).numpy().tobytes(), "BF16", shape)
    assert (found.data, found.dtype, found.rounded) == (expected.data, "BF16", b"")
    assert found.norm == pytest.approx(expected.norm, rel=1e-3)


@settings(max_examples=25, deadline=None)
@given(
    shape=st.sampled_from(SHAPES),
    a=st.floats(-4, 4, width=32),
    b=st.floats(-4, 4, width=32),
    seed=st.integers(0, 2**32),
)
def test_it_is_linear(shape: tuple[int, ...], a: float, b: float, seed: int):
    one, other = drawn(seed, *shape), drawn(seed + 1, *shape)
    both = sketched((a * one.astype(np.float64) + b * other).astype(np.float32)).numbers
    error = np.linalg.norm(both - (a * sketched(one).numbers + b * sketched(other).numbers))
    assert error <= 1e-6 * (abs(a) + abs(b)) * math.sqrt(math.prod(shape)) + 1e-30


@pytest.mark.parametrize("shape", [(7,), (128,), (20, 32), (32, 32)])
def test_what_is_small_keeps_its_numbers_up_to_their_signs(shape: tuple[int, ...]):
    numbers = drawn(1, *shape)
    kept = np.abs(sketched(numbers).numbers)
    assert sorted(kept[kept > 0]) == pytest.approx(sorted(np.abs(numbers).ravel()))


@pytest.mark.parametrize("rank", [1, 3, 12])
def test_a_matrix_of_low_rank_has_a_sketch_of_that_rank(rank: int):
    found = sketched(drawn(1, 600, rank) @ drawn(2, rank, 900)).numbers
    spectrum = np.linalg.svd(found, compute_uv=False)
    assert found.shape == (ROWS, COLUMNS)
    assert spectrum[rank:].max() < 1e-5 * spectrum[rank - 1]


def test_noise_without_structure_has_a_sketch_without_structure():
    """The largest singular value of a square of noise is about a quarter of what it is where all is of one rank."""
    found = [sketched(drawn(seed, 500, 1_200)).numbers for seed in range(20)]
    shares = [np.linalg.norm(numbers, 2) ** 2 / np.linalg.norm(numbers) ** 2 for numbers in found]
    assert max(shares) < 0.16


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
    "the period of the places": lambda seed: np.tile(drawn(seed, ROWS, 1536), (16, 1)),
    "the period of a chunk": lambda seed: np.tile(drawn(seed, CHUNK // 1024, 1024), (4, 1)),
    "a part of a row": lambda seed: drawn(seed, 3, 1000) * (np.arange(1000) < 10),
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
    typical, worst = (0.03, 0.06) if structure in ("noise", "heavy tails") else (0.2, 0.4)
    assert math.sqrt(np.mean(np.square(errors))) < typical
    assert max(map(abs, errors)) < worst


def test_the_least_distances_are_seen_down_to_a_millionth():
    base = drawn(5, 1_000_000)
    near = base + np.float32(1e-6) * drawn(6, 1_000_000)
    true = np.linalg.norm(near.astype(np.float64) - base)
    assert distance(sketched(near), sketched(base)) == pytest.approx(true, rel=0.1)


def test_tensors_of_two_shapes_have_no_distance():
    with pytest.raises(ValueError, match="shapes"):
        distance(sketched(drawn(1, 8)), sketched(drawn(1, 2, 4)))


@pytest.mark.parametrize(("rows", "columns"), [(32, 16), (16, 16), (4, 2), (1, 1)])
def test_a_folded_sketch_still_sees_distances_and_compares_with_a_whole_one(rows: int, columns: int):
    one, other = sketched(drawn(1, 300, 400)), sketched(drawn(2, 300, 400))
    small = one.folded(rows, columns)
    assert small.numbers.shape == (rows, columns)
    assert distance(small, other) == pytest.approx(distance(small, other.folded(rows, columns)), rel=1e-6)
    if rows > 1:
        spread = 4 / math.sqrt(2 * rows * columns)
        assert distance(small, other) == pytest.approx(math.sqrt(2 * 300 * 400), rel=spread)


@pytest.mark.parametrize(
    ("layers", "size"), [(2, (32, 32)), (28, (32, 16)), (80, (16, 8)), (400, (4, 4))], ids=lambda number: str(number)
)
def test_no_model_takes_more_than_a_megabyte(layers: int, size: tuple[int, int]):
    matrix, vector = sketched(drawn(1, 300, 300)), sketched(drawn(1, 2000))
    tensors = {f"model.layers.{layer}.mlp.part{part}.weight": matrix for layer in range(layers) for part in range(7)}
    tensors |= {f"model.layers.{layer}.norm{part}.weight": vector for layer in range(layers) for part in range(2)}
    model = sketch_of(tensors)
    assert len(model.encode()) <= MAX_BYTES
    assert {(its.rows, its.columns) for its in model.tensors.values() if its.shape == (300, 300)} == {size}


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
