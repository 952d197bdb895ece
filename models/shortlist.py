"""Of many known models those that one may come from, by coarse forms of their sketches: near ones, and their partners
in a merge. Pure; what a short list is used for is in `models.lineage`.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from models.likeness import differences, has, norm_noise, relative_distance
from models.projection import Doubles
from models.sketch import LEAST, ModelSketch

Places = npt.NDArray[np.intp]

_NEAREST = 16
_BY_ANOTHER_MEASURE = 4
_PARTNERS = 16
_SHARED = 0.5  # of the model's matrices, or of all tensors where it has none: no norm, which one number can drive up


def shortlist(model: ModelSketch, known: Mapping[str, ModelSketch]) -> dict[str, ModelSketch]:
    """The known models to look at closely, at most about 90, the nearest first; those that share too little are none.

    Each known sketch is asked for once for its coarse form, and once more if it is listed, so a mapping may read it
    from a disk each time.
    """
    names, coarse, lengths, norms = [], [], [], []
    for name in sorted(known):
        its = known[name]
        length = _shared_norm(model, its)
        if length and _shared(model, its) >= _SHARED:
            names.append(name)
            coarse.append(np.concatenate(_coarse(model, its)))
            lengths.append(length)
            norms.append(norm_noise(model, its))
    if not names:
        return {}
    mine = _coarse(model, model)
    starts = np.cumsum([0, *map(len, mine[:-1])])
    chosen = _chosen(np.concatenate(mine), np.array(coarse), starts, np.array(lengths), np.array(norms))
    listed = {names[index]: known[names[index]] for index in sorted(chosen)}
    distances = {name: relative_distance(differences(model, its).values()) for name, its in listed.items()}
    return {name: listed[name] for name in sorted(listed, key=lambda name: (distances[name], name))}


def _chosen(mine: Doubles, its: Doubles, starts: Places, lengths: Doubles, norms: Doubles) -> set[int]:
    """Places of the nearest, of those nearest but for a scale, of those of like norms, and of partners of the first."""
    apart = np.where(np.isnan(its), 0.0, its - mine)
    distances = np.linalg.norm(apart, axis=1) / lengths
    nearest = np.argsort(distances, kind="stable")[:_NEAREST]
    scaled = np.argsort(_beside_scales(mine, its, starts), kind="stable")[:_BY_ANOTHER_MEASURE]
    alike = np.argsort(norms, kind="stable")[:_BY_ANOTHER_MEASURE]
    chosen = {int(index) for index in (*nearest, *scaled, *alike)}
    for first in nearest[:_BY_ANOTHER_MEASURE]:
        chosen.update(_partners(apart, int(first)))
    return chosen


def _beside_scales(mine: Doubles, its: Doubles, starts: Places) -> Doubles:
    """Squared distances from each once every tensor (numbers from `starts` on) is scaled to be as near as can be."""
    there = np.where(np.isnan(its), 0.0, its)
    whole = np.add.reduceat(there**2, starts, axis=1)
    along = np.add.reduceat(there * mine, starts, axis=1) ** 2 / np.where(whole > 0, whole, np.inf)
    left: Doubles = float(mine @ mine) - along.sum(axis=1)
    return left


def _partners(apart: Doubles, first: int) -> Iterator[int]:
    """With which others a weighted sum with the first comes nearest: the height of a triangle, for each of them."""
    own, others = float(apart[first] @ apart[first]), np.sum(apart**2, axis=1)
    cross = apart @ apart[first]
    base = own + others - 2 * cross
    heights = np.where(base > 0, (own * others - cross**2) / np.where(base > 0, base, 1), np.inf)
    yield from (int(index) for index in np.argsort(heights, kind="stable")[:_PARTNERS])


def _coarse(model: ModelSketch, its: ModelSketch) -> list[Doubles]:
    """A few numbers of each of the model's tensors as the other has them; NaN where it has no such tensor."""
    parts = []
    for name, mine in sorted(model.tensors.items()):
        rows, columns = (1, LEAST) if mine.rows == 1 else (LEAST, LEAST)
        rows, columns = min(rows, mine.rows), min(columns, mine.columns)
        coarse = its.tensors[name].folded(rows, columns).numbers if has(its, name, mine) else np.nan
        parts.append(np.broadcast_to(coarse, (rows, columns)).ravel())
    return parts


def _shared(model: ModelSketch, its: ModelSketch) -> float:
    """Of how many of the model's matrices the other has one of the same name and shape."""
    matrices = {name for name, mine in model.tensors.items() if len(mine.shape) > 1} or set(model.tensors)
    return len(matrices & set(_common(model, its))) / len(matrices)


def _shared_norm(model: ModelSketch, its: ModelSketch) -> float:
    """The other's norm in what both have; 0 too where nothing is left of a number's square in float32."""
    return math.hypot(*(its.tensors[name].norm for name in _common(model, its)))


def _common(model: ModelSketch, its: ModelSketch) -> list[str]:
    return [name for name, mine in model.tensors.items() if has(its, name, mine)]
