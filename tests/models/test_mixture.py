"""The nearest weighted sum of known models, against plain least squares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.mixture import best_mixture


def grams_of(model: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Inner products of differences, for a model of shape (tensors, numbers) and known ones, the nearest first."""
    apart = known.transpose(1, 0, 2) - model[:, None, :]
    return np.asarray(apart @ apart.transpose(0, 2, 1))


def by_least_squares(model: np.ndarray, parts: np.ndarray) -> float:
    """Distance to the affine hull of parts of shape (parts, numbers)."""
    spanned = (parts[1:] - parts[0]).T
    solved = np.linalg.lstsq(spanned, model - parts[0], rcond=None)[0]
    return float(np.linalg.norm(model - parts[0] - spanned @ solved))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(2, 3), tensors=st.integers(1, 4))
def test_a_mixture_is_found_with_its_weights_in_each_tensor(seed: int, count: int, tensors: int):
    drawn = np.random.default_rng(seed)
    known = drawn.standard_normal((8, tensors, 60))
    shares = drawn.dirichlet(np.full(count, 5.0), tensors)
    model = np.einsum("tp,ptn->tn", shares, known[:count]) + 1e-3 * drawn.standard_normal((tensors, 60))
    order = np.argsort([np.linalg.norm(its - model) for its in known])
    found = best_mixture(grams_of(model, known[order]))
    assert sorted(int(order[part]) for part in found.parts) == list(range(count))
    expected = [by_least_squares(model[tensor], known[:count, tensor]) for tensor in range(tensors)]
    assert found.left == pytest.approx(np.linalg.norm(expected), rel=1e-4)
    assert found.weights_by_tensor.sum(axis=1) == pytest.approx(np.ones(tensors))
    assert sum(found.weights) == pytest.approx(1)


def test_who_lies_near_one_alone_is_no_mixture():
    drawn = np.random.default_rng(1)
    known = drawn.standard_normal((20, 3, 60))
    found = best_mixture(grams_of(known[0] + 0.1 * drawn.standard_normal((3, 60)), known))
    assert (found.parts, found.weights) == ((0,), (1.0,))


def test_a_known_model_that_is_there_twice_adds_nothing():
    drawn = np.random.default_rng(1)
    known = np.repeat(drawn.standard_normal((1, 3, 60)), 3, axis=0)
    model = known[0] + 0.1 * drawn.standard_normal((3, 60))
    found = best_mixture(grams_of(model, known))
    assert (found.parts, found.left) == ((0,), pytest.approx(np.linalg.norm(model - known[0])))


def test_a_part_that_lacks_a_tensor_takes_no_part_in_it():
    drawn = np.random.default_rng(1)
    known = drawn.standard_normal((2, 2, 60))
    model = np.array([0.6 * known[0, 0] + 0.4 * known[1, 0], known[0, 1]])
    grams = grams_of(model, known)
    grams[1, 1, :] = grams[1, :, 1] = np.nan
    found = best_mixture(grams)
    assert found.left == pytest.approx(0, abs=1e-5)
    assert found.weights_by_tensor == pytest.approx(np.array([[0.6, 0.4], [1, 0]]), abs=1e-5)
