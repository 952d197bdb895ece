"""Where a model comes from, among models that are known: a copy, a copy with noise, a merge, a fine-tune, or none.

All is told from sketches (`models.sketch`), so it takes no weights, no device and no model that anybody still has.
Every machine comes to the same, but for last bits of float64 that decide where a model lies on a line. What lies
between a model and the nearest known one decides: nothing, a scale, noise, what another known model adds, or what was
learnt. Knows nothing of submissions, owners or rules.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import NormalDist

from models.likeness import (
    FLOOR,
    Difference,
    beside,
    closeness,
    differences,
    evidence,
    grams,
    norm_noise,
    rank_beyond,
    relative_distance,
    scaled,
)
from models.mixture import best_mixture
from models.shortlist import shortlist
from models.sketch import ModelSketch


class Kind(StrEnum):
    """What a model is to the known ones; each value is what tables, ledger and leaderboard show."""

    ORIGINAL = "original"
    COPY = "copy"
    SCALED = "scaled"
    PERMUTED = "permuted"
    NOISE = "noise"
    MERGE = "merge"
    ADAPTER = "adapter"
    FINE_TUNE = "fine_tune"


MEANING: dict[Kind, str] = {
    Kind.ORIGINAL: "none of the known models is near",
    Kind.COPY: "the same numbers, or the same rounded to a coarser dtype, whatever config and tokenizer are",
    Kind.SCALED: "a known model whose matrices are multiplied by constants",
    Kind.PERMUTED: "a known model whose neurons, heads or channels are in another order",
    Kind.NOISE: "a known model and noise: what differs has nothing to do with the model",
    Kind.MERGE: "known models added up, with weights that sum to one",
    Kind.ADAPTER: "a known model and what was learnt in a few directions of some matrices, as a LoRA does",
    Kind.FINE_TUNE: "a known model and what was learnt",
}

Apart = Mapping[str, Difference]
"""What lies between two models, by tensor."""

_NOISE_WITHIN = 0.05  # more noise than a twentieth spoils a model by itself
_RELATED_WITHIN = 0.7  # models that share nothing lie about √2 apart
_SCALE_LEFT = 0.1  # of the distance, once the scale is taken out
_MERGE_LEFT = 0.1  # of the distance to the nearest part, once the others are added
_MERGE_LEFT_AS_NOISE = 0.3  # where what is left is noise
_MERGE_LEFT_AS_ROUNDING = 0.75  # where it is as little as the rounding to a dtype
_PERMUTED_FROM = 0.01
_PERMUTED_NOISE = 0.02  # of the distance, as norms show it
_ADAPTER_RANK = 16  # half of a sketch's directions
_BESIDE_DIRECTIONS = 0.3  # of a difference; of one without structure, half of the directions leave 0.45
_ROUNDING = {"F32": FLOOR, "F16": 4e-4, "BF16": 3e-3}
"""Dtype → relative distance that rounding to it stays below."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a model is to the known ones, in the names they are known by.

    `parents` are those it was made of, the nearest first (none for an original), with their `weights`, that sum to 1.
    `distance` is the estimated length of model − nearest known one over its norm; infinite where none compares.
    `confidence` is 0.5 on the line to another kind, and 1 where there is no doubt.
    """

    kind: Kind
    parents: tuple[str, ...]
    weights: tuple[float, ...]
    distance: float
    confidence: float


def trace(model: ModelSketch, known: Mapping[str, ModelSketch]) -> Lineage:
    """The lineage of a model among known ones (name → sketch), the same whatever their order.

    Known models that share too few of its tensors do not matter.
    """
    near = shortlist(model, known)
    if not near:
        return Lineage(Kind.ORIGINAL, (), (), math.inf, 1.0)
    nearest = _nearest(model, near)
    return (
        _the_same(model, near)
        or _scaled(model, near)
        or _merged(model, near, nearest)
        or _noisy(nearest)
        or _permuted(model, near)
        or _worked_on(model, nearest)
    )


@dataclass(frozen=True, slots=True)
class _Near:
    """A known model, what lies between, and how far that lies above noise."""

    name: str
    apart: Apart
    margin: float

    @property
    def is_close(self) -> bool:
        """Whether noise may be all that lies between."""
        return closeness(self.apart) <= _NOISE_WITHIN


def _nearest(model: ModelSketch, near: Mapping[str, ModelSketch]) -> _Near:
    """The nearest known model and the difference, in bfloat16 where the model is: rounding alone is no difference."""
    coarse = all(its.dtype == "BF16" for its in model.tensors.values())

    def apart(name: str) -> Apart:
        return differences(model, near[name].as_bf16() if coarse else near[name])

    distances = {name: relative_distance(apart(name).values()) for name in near}  # one at a time: they take megabytes
    name = min(near, key=lambda name: distances[name])
    if distances[name] > _NOISE_WITHIN:  # what differs so much in a few matrices is near in the others, or in none
        name = min(near, key=lambda name: closeness(apart(name)))
    return _beside(model, name, near[name].as_bf16() if coarse else near[name])


def _beside(model: ModelSketch, name: str, parent: ModelSketch) -> _Near:
    """A known model and the difference; where one was rounded to float16, what rounding changes tells nothing."""
    apart, mine = differences(model, parent), _rounding(model)
    beyond = mine if mine == _ROUNDING["F16"] and mine > _rounding(parent) else FLOOR
    return _Near(name, apart, evidence(apart, _shapes(model), beyond).margin)


def _the_same(model: ModelSketch, near: Mapping[str, ModelSketch]) -> Lineage | None:
    """A known model, or one of the two rounded to a coarser dtype."""
    for name, its in near.items():
        apart = differences(model, its)
        if any(
            _is_nothing(differences(*pair)) for pair in ((model, its), (model, its.as_bf16()), (model.as_bf16(), its))
        ):
            return _of_one(Kind.COPY, name, apart, 1.0)
        # a rounding to bfloat16 was sketched; one to float16 is told by its size
        if _rounding(model) != _rounding(its) and relative_distance(apart.values()) <= _ROUNDING["F16"]:
            noise = _noisy(_beside(model, name, its))
            if noise:
                return replace(noise, kind=Kind.COPY)
    return None


def _is_nothing(apart: Apart) -> bool:
    return relative_distance(apart.values()) <= FLOOR


def _scaled(model: ModelSketch, near: Mapping[str, ModelSketch]) -> Lineage | None:
    """A known model times constants, and perhaps noise or a rounding beside."""
    lefts = {name: relative_distance(scaled(model, its).values()) for name, its in near.items()}
    name = min(lefts, key=lambda name: lefts[name])
    apart = differences(model, near[name])
    share = lefts[name] / relative_distance(apart.values())
    if share > _SCALE_LEFT or lefts[name] > _NOISE_WITHIN:
        return None
    if evidence(scaled(model, near[name]), _shapes(model)).margin >= 0:
        return None
    return _of_one(Kind.SCALED, name, apart, 1 - share / _SCALE_LEFT / 2)


def _merged(model: ModelSketch, near: Mapping[str, ModelSketch], nearest: _Near) -> Lineage | None:
    """A weighted sum of known models, and perhaps a rounding beside, that explains more than the nearest one does."""
    names, sketches = list(near), list(near.values())
    mixture = best_mixture(grams(model, sketches))
    if len(mixture.parts) == 1:
        return None
    left = beside(model, [sketches[part] for part in mixture.parts], mixture.weights_by_tensor)
    distance = relative_distance(nearest.apart.values())
    share = relative_distance(left.values()) / distance
    limit = _MERGE_LEFT
    if evidence(left, _shapes(model)).margin < 0:
        rounded = relative_distance(left.values()) <= _rounding(model)
        limit = _MERGE_LEFT_AS_ROUNDING if rounded else _MERGE_LEFT_AS_NOISE
    if share > limit:
        return None
    parents = tuple(names[part] for part in mixture.parts)
    return Lineage(Kind.MERGE, parents, mixture.weights, distance, 1 - share / limit / 2)


def _noisy(near: _Near) -> Lineage | None:
    """A known model, and what has nothing to do with it."""
    if near.margin >= 0 or not near.is_close:
        return None
    return _of_one(Kind.NOISE, near.name, near.apart, NormalDist().cdf(-near.margin))


def _permuted(model: ModelSketch, near: Mapping[str, ModelSketch]) -> Lineage | None:
    """A known model in another order: far from it, with norms as if by next to no noise."""
    distances = {name: relative_distance(differences(model, its).values()) for name, its in near.items()}
    shares = {name: norm_noise(model, its) / distances[name] for name, its in near.items()}
    name = min(shares, key=lambda name: shares[name])
    if distances[name] < _PERMUTED_FROM or shares[name] > _PERMUTED_NOISE:
        return None
    return _of_one(Kind.PERMUTED, name, differences(model, near[name]), 1 - shares[name] / _PERMUTED_NOISE / 2)


def _worked_on(model: ModelSketch, near: _Near) -> Lineage:
    """A known model and what was learnt, or nobody's."""
    distance = relative_distance(near.apart.values())
    if distance > _RELATED_WITHIN:
        return Lineage(Kind.ORIGINAL, (), (), distance, 1 - (_RELATED_WITHIN / distance) ** 2 / 2)
    clear = NormalDist().cdf(near.margin) if near.is_close else 1.0
    kind = Kind.ADAPTER if _is_of_low_rank(near.apart.values(), _rounding(model)) else Kind.FINE_TUNE
    return _of_one(kind, near.name, near.apart, min(clear, 1 - (distance / _RELATED_WITHIN) ** 2 / 2))


def _is_of_low_rank(apart: Iterable[Difference], rounding: float) -> bool:
    """Whether matrices alone differ, each in a few directions, beside which little is left, such as a rounding."""
    return all(
        its.is_nothing
        or (
            1 not in its.apart.shape
            and rank_beyond(its, _ADAPTER_RANK) <= min(rounding * its.norm, _BESIDE_DIRECTIONS * its.length)
        )
        for its in apart
    )


def _of_one(kind: Kind, name: str, apart: Apart, confidence: float) -> Lineage:
    return Lineage(kind, (name,), (1.0,), relative_distance(apart.values()), confidence)


def _rounding(model: ModelSketch) -> float:
    return max(_ROUNDING[its.dtype] for its in model.tensors.values())


def _shapes(model: ModelSketch) -> dict[str, tuple[int, ...]]:
    return {name: its.shape for name, its in model.tensors.items()}
