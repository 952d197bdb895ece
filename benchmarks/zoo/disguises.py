"""What somebody does to a model that is not theirs: noise of many kinds, scales, other orders, weighted sums."""

from collections.abc import Callable

import numpy as np

from benchmarks.zoo.creature import Weights

Drawn = np.random.Generator
HEADS, KV_HEADS, LAYERS = 4, 2, 3


def isotropic(numbers: np.ndarray, drawn: Drawn) -> np.ndarray:
    """As much in each number of a tensor."""
    return _noise(numbers, drawn) * _size(numbers)


def absolute(numbers: np.ndarray, drawn: Drawn) -> np.ndarray:
    """As much in each number of the model."""
    return _noise(numbers, drawn) * 0.08


def proportional(numbers: np.ndarray, drawn: Drawn) -> np.ndarray:
    """The more, the larger a number is."""
    return _noise(numbers, drawn) * np.abs(numbers)


def by_layer(numbers: np.ndarray, drawn: Drawn) -> np.ndarray:
    """In some tensors none, in others three times as much."""
    return isotropic(numbers, drawn) * float(drawn.choice([0, 1, 3]))


def low_rank(rank: int) -> Callable[[np.ndarray, Drawn], np.ndarray]:
    """In a few directions of each matrix, as a LoRA that was never trained."""

    def noise(numbers: np.ndarray, drawn: Drawn) -> np.ndarray:
        if numbers.ndim < 2:
            return np.zeros_like(numbers)
        thin = drawn.standard_normal((len(numbers), rank)) @ drawn.standard_normal((rank, numbers.shape[1]))
        return thin / np.sqrt(rank) * _size(numbers)

    return noise


NOISES: dict[str, Callable[[np.ndarray, Drawn], np.ndarray]] = {
    "isotropic": isotropic,
    "absolute": absolute,
    "proportional": proportional,
    "by layer": by_layer,
    "of rank 1": low_rank(1),
    "of rank 4": low_rank(4),
    "of rank 16": low_rank(16),
}


def noisy(weights: Weights, kind: str, size: float, drawn: Drawn) -> Weights:
    """The model with noise of a relative size."""
    make = NOISES[kind]
    return {name: (its + size * make(its, drawn)).astype(np.float32) for name, its in weights.items()}


def merged(one: Weights, other: Weights, share: float) -> Weights:
    """share · one + (1 − share) · other."""
    return {
        name: (share * its.astype(np.float64) + (1 - share) * other[name]).astype(np.float32)
        for name, its in one.items()
    }


def scaled_neurons(weights: Weights, drawn: Drawn) -> Weights:
    """Each layer's up projection times a constant, its down projection by it: the same function."""
    found = dict(weights)
    for layer in range(LAYERS):
        factor = np.float32(drawn.uniform(0.5, 2.0))
        up, down = (f"model.layers.{layer}.mlp.{name}_proj.weight" for name in ("up", "down"))
        found[up], found[down] = weights[up] * factor, weights[down] / factor
    return found


def scaled_heads(weights: Weights, drawn: Drawn) -> Weights:
    """Each layer's queries times a constant, its keys by it: the same function."""
    found = dict(weights)
    for layer in range(LAYERS):
        factor = np.float32(drawn.uniform(0.5, 2.0))
        queries, keys = (f"model.layers.{layer}.self_attn.{name}_proj.weight" for name in "qk")
        found[queries], found[keys] = weights[queries] * factor, weights[keys] / factor
    return found


def permuted_neurons(weights: Weights, drawn: Drawn) -> Weights:
    """Each layer's neurons in another order: the same function."""
    found = dict(weights)
    for layer in range(LAYERS):
        gate, up, down = (f"model.layers.{layer}.mlp.{name}_proj.weight" for name in ("gate", "up", "down"))
        order = drawn.permutation(len(weights[up]))
        found[gate], found[up], found[down] = weights[gate][order], weights[up][order], weights[down][:, order]
    return found


def permuted_channels(weights: Weights, drawn: Drawn) -> Weights:
    """The channels of the residual stream in another order, in all tensors: the same function."""
    order = drawn.permutation(len(weights["model.norm.weight"]))
    writes = ("o_proj.weight", "down_proj.weight")
    return {
        name: its[order] if its.ndim == 1 or name.endswith(writes) else its[:, order] for name, its in weights.items()
    }


REARRANGED = {
    "scaled neurons": scaled_neurons,
    "scaled heads": scaled_heads,
    "permuted neurons": permuted_neurons,
    "permuted channels": permuted_channels,
}


def _noise(numbers: np.ndarray, drawn: Drawn) -> np.ndarray:
    return drawn.standard_normal(numbers.shape)


def _size(numbers: np.ndarray) -> float:
    return float(np.sqrt(np.mean(numbers.astype(np.float64) ** 2)))
