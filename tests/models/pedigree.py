"""Sketches of models made of numbers alone: parents whose matrices share directions, as training leaves them, and what
is made of them. What is learnt lies in those directions; noise does not.
"""

import numpy as np

from models.sketch import ModelSketch, Sketching, TensorSketch, sketch_of

Weights = dict[str, np.ndarray]
HIDDEN, INNER, ROWS, LAYERS = 64, 96, 600, 6


def parent(seed: int, rows: int = ROWS) -> Weights:
    """A model of six layers."""
    drawn = np.random.default_rng(seed)
    directions = _directions(seed)
    weights = {
        "embed_tokens.weight": drawn.standard_normal((rows, HIDDEN)) @ directions,
        "norm.weight": np.ones(HIDDEN),
    }
    for layer in range(LAYERS):
        weights[f"layers.{layer}.up_proj.weight"] = drawn.standard_normal((INNER, HIDDEN)) @ directions
        weights[f"layers.{layer}.down_proj.weight"] = directions.T @ drawn.standard_normal((HIDDEN, INNER))
        weights[f"layers.{layer}.norm.weight"] = 1 + 0.1 * drawn.standard_normal(HIDDEN)
    return {name: its.astype(np.float32) for name, its in weights.items()}


def learnt(of: int, seed: int, rank: int = HIDDEN) -> Weights:
    """What training adds to all matrices of parent number `of`, in so many directions of each."""
    drawn, directions = np.random.default_rng(seed), _directions(of)
    found = {}
    for name, its in parent(of).items():
        if its.ndim == 1:
            found[name] = np.zeros_like(its) if rank < HIDDEN else drawn.standard_normal(its.shape)
        elif rank < HIDDEN and "embed" in name:
            found[name] = np.zeros_like(its)
        else:
            thin = drawn.standard_normal((len(its), rank)) @ drawn.standard_normal((rank, its.shape[1]))
            found[name] = thin @ directions if its.shape[1] == HIDDEN else directions.T @ thin
    return found


def noise(seed: int, like: Weights) -> Weights:
    """Numbers that know nothing of the model."""
    drawn = np.random.default_rng(seed)
    return {name: drawn.standard_normal(its.shape) for name, its in like.items()}


def with_added(weights: Weights, change: Weights, size: float) -> Weights:
    """The model with a change of a relative size in each tensor."""
    return {
        name: (its + size * np.linalg.norm(its) / max(np.linalg.norm(change[name]), 1e-30) * change[name]).astype(
            np.float32
        )
        for name, its in weights.items()
    }


def mixed(*parts: tuple[float, Weights]) -> Weights:
    """A weighted sum."""
    return {name: sum(share * its[name] for share, its in parts).astype(np.float32) for name in parts[0][1]}


def rounded(numbers: np.ndarray) -> np.ndarray:
    """float32 numbers as they are once read back from bfloat16."""
    return (_halves(numbers).astype(np.uint32) << 16).view(np.float32)


def sketch(weights: Weights, dtype: str = "F32") -> ModelSketch:
    """The sketch of a model whose numbers are rounded to a dtype."""
    return sketch_of({name: _sketch(its, dtype) for name, its in weights.items()})


def _sketch(numbers: np.ndarray, dtype: str) -> TensorSketch:
    stored = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}[dtype]
    data = (_halves(numbers) if dtype == "BF16" else numbers).astype(stored).tobytes()
    sketching = Sketching(numbers.shape, dtype)
    sketching.add(memoryview(data))
    return sketching.finish()


def _halves(numbers: np.ndarray) -> np.ndarray:
    """The upper halves of float32 numbers, rounded to the nearest and to even."""
    bits = numbers.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def _directions(seed: int) -> np.ndarray:
    """Directions of the residual stream, few of them strong."""
    drawn = np.random.default_rng(seed + 10_000)
    turned, _ = np.linalg.qr(drawn.standard_normal((HIDDEN, HIDDEN)))
    return np.diag(1 / np.arange(1, HIDDEN + 1)) @ turned
