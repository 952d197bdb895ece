"""Weighted sums of known models that come nearest to a model: merges, whatever the weights, one for all or by tensor.

For vectors vᵢ from the model to known ones, with inner products G, the nearest point of their affine hull has weights
w = G⁻¹1 / 1ᵀG⁻¹1 and lies √(1 / 1ᵀG⁻¹1) away (Lagrange). Pure arithmetic on `models.likeness.grams`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.projection import Doubles

_NEXT_PART = {2: 0.75, 3: 0.5}  # a second and a third part must leave less than so much of what was left
_SEARCHED = 8  # of the nearest models, one is a part of any mixture


@dataclass(frozen=True, slots=True)
class Mixture:
    """Places of the parts, the nearest first, and their weights as a whole, which sum to one; `weights_by_tensor` are
    of shape (tensors, parts). `left` is the distance of model and mixture."""

    parts: tuple[int, ...]
    weights: tuple[float, ...]
    weights_by_tensor: Doubles
    left: float


def best_mixture(grams: Doubles) -> Mixture:
    """The mixture of up to three known models that comes nearest, one part where no second one adds much.

    `grams` is of shape (tensors, known, known), known ones in order of distance, at least one; a known model that lacks
    a tensor (NaN) takes no part in that.
    """
    parts = [0]
    left = float(np.sum(np.nan_to_num(grams[:, 0, 0])))
    for share in _NEXT_PART.values():
        grown = _grown(grams, parts)
        if grown is None or grown[0] > share**2 * left:
            break
        left, parts = grown
    by_tensor, rest = _weights(grams, parts)
    energy = np.nan_to_num(grams[:, parts, parts]).sum(axis=1)
    whole = by_tensor.T @ energy / energy.sum() if energy.sum() else by_tensor.mean(axis=0)
    return Mixture(tuple(parts), tuple(float(weight) for weight in whole), by_tensor, float(np.sqrt(rest.sum())))


def _grown(grams: Doubles, parts: list[int]) -> tuple[float, list[int]] | None:
    """The best mixture of one part more, and its squared distance; the first part of two is searched anew."""
    starts = [[first] for first in range(min(_SEARCHED, grams.shape[1]))] if len(parts) == 1 else [parts]
    tried = []
    for start in starts:
        for other in range(grams.shape[1]):
            if other not in start and not (len(start) == 1 and other < min(start[0], _SEARCHED)):
                tried.append((float(_weights(grams, [*start, other])[1].sum()), [*start, other]))
    return min(tried, default=None)


def _weights(grams: Doubles, parts: list[int]) -> tuple[Doubles, Doubles]:
    """Weights of the parts by tensor, shape (tensors, parts), and what is left, squared, shape (tensors,)."""
    chosen = grams[np.ix_(range(len(grams)), parts, parts)]
    missing: npt.NDArray[np.bool_] = np.isnan(chosen).sum(axis=(1, 2)) > 0
    scale = np.nan_to_num(np.trace(chosen, axis1=1, axis2=2))
    # a little on the diagonal: parts that are the same, or are the model itself, leave no inverse
    ridge = np.eye(len(parts)) * (1e-14 * scale + np.finfo(float).tiny)[:, None, None]
    safe = np.where(missing[:, None, None], np.eye(len(parts)), chosen + ridge)
    solved = np.linalg.solve(safe, np.ones((len(grams), len(parts), 1)))[..., 0]
    total = solved.sum(axis=1, keepdims=True)
    alone = np.eye(len(parts))[0]
    weights = np.where(missing[:, None], alone, solved / total)
    first = np.nan_to_num(grams[:, parts[0], parts[0]])
    return weights, np.where(missing, first, np.maximum(0.0, 1 / total[:, 0]))
