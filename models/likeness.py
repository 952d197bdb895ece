"""Two models' sketches → how far they lie apart and whether what lies between them was learnt. Pure arithmetic.

Noise knows nothing of the model it is added to; a gradient does. What training adds to a matrix lies in directions that
the matrix has already and that other matrices of the model are given too. `evidence` measures that: it compares how the
rows (and columns) of a difference correlate with how those of the parent do, and those of differences of one width with
one another. Were the difference independent noise of any kind (of any rank, larger in some rows or layers), then
flipping the sign of any row of its sketch would change nothing; so the sum of products of correlations has mean zero
and a known variance, and their ratio is a standard score. An update that was learnt scores 5 to 100.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from models.projection import Doubles
from models.sketch import ModelSketch, TensorSketch, aligned, distance

FLOOR = 3e-7
"""Relative distance below which two sketches in float32 are the same."""

_CLEAR = 4.5
_LEAST = 1.0
_LEAST_SIDE = 8  # a sketch of fewer rows or columns has too few correlations to tell


@dataclass(frozen=True, slots=True)
class Difference:
    """What lies between a tensor and its parent's of the same name and shape, in sketches of one size.

    `norm` is the exact Euclidean norm of the parent's tensor.
    """

    apart: Doubles
    parent: Doubles
    norm: float

    @property
    def length(self) -> float:
        """Estimated Euclidean length of the difference."""
        return float(np.linalg.norm(self.apart))

    @property
    def is_nothing(self) -> bool:
        """Whether the tensors are the same, up to the float32 of sketches."""
        return self.length <= FLOOR * self.norm


def differences(model: ModelSketch, parent: ModelSketch) -> dict[str, Difference]:
    """Name → difference, over all tensors that both have in one shape."""
    found = {}
    for name, mine in model.tensors.items():
        if has(parent, name, mine):
            one, other = aligned(mine, parent.tensors[name])
            found[name] = Difference(one - other, other, parent.tensors[name].norm)
    return found


def relative_distance(apart: Iterable[Difference]) -> float:
    """The estimated length of all differences together over the parent's norm; infinite over nothing."""
    found = list(apart)
    whole = math.hypot(*(difference.norm for difference in found))
    return math.hypot(*(difference.length for difference in found)) / whole if whole else math.inf


def closeness(apart: Mapping[str, Difference]) -> float:
    """The relative distance, or if that is less the median one of the matrices that differ.

    One matrix that was changed beyond recognition, where it is hardly used, does not hide what was done to the others.
    """
    differing = (its for its in apart.values() if 1 not in its.apart.shape and not its.is_nothing)
    typical = median([its.length / its.norm if its.norm else math.inf for its in differing] or [math.inf])
    return min(relative_distance(apart.values()), typical)


def norm_noise(model: ModelSketch, parent: ModelSketch) -> float:
    """The relative size of noise that would change the norms of matrices as much as they are changed.

    No permutation changes a norm, and noise of size d changes that of n numbers by some d/√n; what is learnt changes it
    by d²/2 and more. The root mean square over the matrices that differ; infinite where the models do not have the same
    matrices, or fewer than two differ: who permutes what one matrix gives does so to the next one too, and the norm of
    a single one may stay by chance.
    """
    squares = []
    for name, mine in model.tensors.items():
        if len(mine.shape) > 1:
            if not has(parent, name, mine) or not parent.tensors[name].norm:
                return math.inf
            its = parent.tensors[name]
            if distance(mine, its) > FLOOR * its.norm:
                squares.append((mine.norm / its.norm - 1) ** 2 * math.prod(mine.shape))
    return math.sqrt(math.fsum(squares) / len(squares)) if len(squares) > 1 else math.inf


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much speaks against differences being noise: a standard score from so many matrices, 0 from none."""

    score: float
    matrices: int

    @property
    def margin(self) -> float:
        """How far the score lies above the least that what was learnt shows; below zero it is taken for noise.

        Scores of what was learnt grow with the root of how many matrices were: a LoRA of rank 2 scored 3.4 and more on
        six small ones. Noise exceeds 4.5 once in 100,000 models.
        """
        return self.score - min(_CLEAR, max(_LEAST, math.sqrt(self.matrices)))


def evidence(apart: Mapping[str, Difference], shapes: Mapping[str, tuple[int, ...]], beyond: float = FLOOR) -> Evidence:
    """Whether differences were learnt, as those matrices tell that differ by more than `beyond` of their norms.

    The score, where they are noise, is the largest of 0 and three standard normal numbers: from correlations of rows
    with the parent's, of columns with the parent's, and with those of other tensors that have as many columns or rows
    (`shapes` tells).
    """
    told = {
        name: its
        for name, its in apart.items()
        if min(its.apart.shape) >= _LEAST_SIDE and its.length > beyond * its.norm
    }
    scores = []
    groups: dict[tuple[int, int], list[Doubles]] = defaultdict(list)
    for side in (0, 1):
        mine = {name: _correlations(its.apart, side) for name, its in told.items()}
        scores.append(_score([(found, _correlations(told[name].parent, side)) for name, found in mine.items()]))
        for name, found in mine.items():
            groups[side, shapes[name][-1 if side else 0]].append(found)
    return Evidence(max(0.0, *scores, _common_score(groups.values())), len(told))


def scaled(model: ModelSketch, parent: ModelSketch) -> dict[str, Difference]:
    """As `differences`, with each tensor of the parent scaled to be as near as can be."""
    found = {}
    for name, difference in differences(model, parent).items():
        whole = float(np.sum(difference.parent**2))
        factor = 1 + float(np.sum(difference.apart * difference.parent)) / whole if whole else 1.0
        its = difference.parent * factor
        found[name] = Difference(difference.apart + difference.parent - its, its, difference.norm * abs(factor))
    return found


def beside(
    model: ModelSketch, parts: Sequence[ModelSketch], weights_by_tensor: Iterable[Doubles]
) -> dict[str, Difference]:
    """Name → what a weighted sum of parts leaves of each tensor that the first part has, beside that one.

    `weights_by_tensor` has the weights of the parts for each of the model's tensors in turn, each summing to 1; of what
    a part lacks its weight is 0.
    """
    found = {}
    for (name, mine), weights in zip(model.tensors.items(), weights_by_tensor, strict=True):
        if has(parts[0], name, mine):
            there = [place for place, part in enumerate(parts) if has(part, name, mine)]
            own, *others = aligned(mine, *(parts[place].tensors[name] for place in there))
            left: Doubles = np.tensordot(weights[there], own - np.array(others), 1)
            found[name] = Difference(left, others[0], parts[0].tensors[name].norm)
    return found


def rank_beyond(difference: Difference, rank: int) -> float:
    """Length of what is left of a difference without its `rank` largest directions."""
    spectrum = np.linalg.svd(difference.apart, compute_uv=False)
    return float(np.linalg.norm(spectrum[rank:]))


def grams(model: ModelSketch, known: Sequence[ModelSketch]) -> Doubles:
    """For each tensor of the model, the inner products of the differences of all known models from it.

    Shape (tensors, known, known); NaN where a known model has no such tensor.
    """
    found = np.full((len(model.tensors), len(known), len(known)), np.nan)
    for place, (name, mine) in enumerate(model.tensors.items()):
        like = {index: its.tensors[name] for index, its in enumerate(known) if has(its, name, mine)}
        if like:
            own, *others = aligned(mine, *like.values())
            apart = np.array([(its - own).ravel() for its in others])
            found[place][np.ix_(list(like), list(like))] = apart @ apart.T
    return found


def has(model: ModelSketch, name: str, like: TensorSketch) -> bool:
    """Whether a model has a tensor of this name in the same shape."""
    its = model.tensors.get(name)
    return its is not None and its.shape == like.shape


def _correlations(numbers: Doubles, side: int) -> Doubles:
    """Of all pairs of rows (side 0) or columns (side 1), the cosine of what they hold."""
    products = numbers @ numbers.T if side == 0 else numbers.T @ numbers
    lengths = np.sqrt(np.diag(products))
    lengths[lengths == 0] = np.inf
    upper: Doubles = (products / np.outer(lengths, lengths))[np.triu_indices(len(products), 1)]
    return upper


def _score(pairs: Sequence[tuple[Doubles, Doubles]]) -> float:
    """Sum of products over its standard deviation under flips of signs."""
    variance = sum(float(np.sum((one * other) ** 2)) for one, other in pairs)
    return sum(float(np.sum(one * other)) for one, other in pairs) / math.sqrt(variance) if variance else 0.0


def _common_score(groups: Iterable[list[Doubles]]) -> float:
    """The same over all pairs within each group, by sums: Σ_{i<j} aᵢaⱼ = ((Σaᵢ)² − Σaᵢ²)/2."""
    total = variance = 0.0
    for group in groups:
        held = np.array(group)
        total += float(np.sum(np.sum(held, axis=0) ** 2) - np.sum(held**2)) / 2
        variance += float(np.sum(np.sum(held**2, axis=0) ** 2) - np.sum(held**4)) / 2
    return total / math.sqrt(variance) if variance > 0 else 0.0
