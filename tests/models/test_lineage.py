"""Lineage: what a model is to known ones, told by sketches alone."""

import math
from collections.abc import Callable
from statistics import mean, stdev

import numpy as np
import pytest

from models.likeness import differences, evidence, relative_distance
from models.lineage import MEANING, Kind, Lineage, trace
from models.sketch import LEAST, ModelSketch
from tests.models.pedigree import INNER, Weights, learnt, mixed, noise, parent, rounded, sketch, with_added

ONE, OTHER = parent(1), parent(2)
TUNED = with_added(ONE, learnt(1, 5), 0.05)
KNOWN = {name: sketch(its) for name, its in {"one": ONE, "other": OTHER, "tuned": TUNED}.items()}


def scaled(weights: Weights) -> Weights:
    factors = {"up": 1.7, "down": 1 / 1.7}
    return {name: its * np.float32(factors.get(name.split(".")[-2][:-5], 1)) for name, its in weights.items()}


def permuted(weights: Weights) -> Weights:
    order = np.random.default_rng(3).permutation(INNER)
    return {
        name: its[order] if "up" in name else its[:, order] if "down" in name else its for name, its in weights.items()
    }


CASES: dict[str, tuple[Weights, str, Kind, tuple[str, ...]]] = {
    "the same": (ONE, "F32", Kind.COPY, ("one",)),
    "rounded": (ONE, "BF16", Kind.COPY, ("one",)),
    "rounded to half of the bits": (ONE, "F16", Kind.COPY, ("one",)),
    "noise of a millionth": (with_added(ONE, noise(3, ONE), 1e-6), "F32", Kind.NOISE, ("one",)),
    "noise of a hundredth": (with_added(TUNED, noise(4, ONE), 1e-2), "F32", Kind.NOISE, ("tuned",)),
    "other scales": (scaled(ONE), "F32", Kind.SCALED, ("one",)),
    "other scales, rounded": (scaled(TUNED), "BF16", Kind.SCALED, ("tuned",)),
    "other scales, and learnt": (with_added(scaled(OTHER), learnt(2, 5), 0.02), "F32", Kind.FINE_TUNE, ("other",)),
    "another order": (permuted(TUNED), "F32", Kind.PERMUTED, ("tuned",)),
    "a merge": (mixed((0.4, ONE), (0.6, OTHER)), "F32", Kind.MERGE, ("one", "other")),
    "a merge, rounded": (mixed((0.3, TUNED), (0.7, ONE)), "BF16", Kind.MERGE, ("one", "tuned")),
    "more of the same": (mixed((1.5, TUNED), (-0.5, ONE)), "F32", Kind.MERGE, ("one", "tuned")),
    "three parts": (mixed((0.5, TUNED), (0.2, ONE), (0.3, OTHER)), "F32", Kind.MERGE, ("one", "other", "tuned")),
    "a short fine-tune": (with_added(ONE, learnt(1, 6), 1e-4), "F32", Kind.FINE_TUNE, ("one",)),
    "a long fine-tune": (with_added(TUNED, learnt(1, 7), 0.3), "F32", Kind.FINE_TUNE, ("tuned",)),
    "an adapter": (with_added(ONE, learnt(1, 8, rank=4), 1e-2), "F32", Kind.ADAPTER, ("one",)),
    "a stranger": (parent(9), "F32", Kind.ORIGINAL, ()),
}


@pytest.mark.parametrize("case", CASES)
def test_what_was_done_to_a_known_model_is_named(case: str):
    weights, dtype, kind, parents = CASES[case]
    found = trace(sketch(weights, dtype), KNOWN)
    assert (found.kind, tuple(sorted(found.parents))) == (kind, parents)
    assert 0.5 <= found.confidence <= 1
    assert math.fsum(found.weights) == pytest.approx(1 if parents else 0)


def test_the_weights_of_a_merge_are_told_and_its_nearest_parent_first():
    found = trace(sketch(mixed((0.4, ONE), (0.6, OTHER))), KNOWN)
    assert (found.parents, found.weights) == (("other", "one"), pytest.approx((0.6, 0.4), abs=1e-3))


def test_a_merge_may_have_other_weights_in_each_tensor():
    shares = dict(zip(ONE, np.random.default_rng(1).uniform(0.2, 0.8, len(ONE)), strict=True))
    weights = {name: (share * ONE[name] + (1 - share) * OTHER[name]) for name, share in shares.items()}
    found = trace(sketch(weights), KNOWN)
    assert (found.kind, set(found.parents)) == (Kind.MERGE, {"one", "other"})


def test_the_distance_is_the_relative_one():
    found = trace(sketch(with_added(ONE, learnt(1, 7), 0.02)), {"one": KNOWN["one"]})
    assert found.distance == pytest.approx(0.02, rel=0.1)


def test_the_order_of_known_models_does_not_matter():
    suspects = [sketch(weights, dtype) for weights, dtype, *_ in CASES.values()]
    backwards = dict(reversed(KNOWN.items()))
    assert [trace(its, KNOWN) for its in suspects] == [trace(its, backwards) for its in suspects]


def test_nobody_is_known_or_nobody_compares():
    nothing = Lineage(Kind.ORIGINAL, (), (), math.inf, 1.0)
    elsewhere = ModelSketch({f"x.{name}": its for name, its in KNOWN["one"].tensors.items()})
    assert [trace(KNOWN["one"], {}), trace(KNOWN["one"], {"x": elsewhere})] == [nothing, nothing]


def test_a_model_whose_vocabulary_grew_is_known_by_the_rest():
    grown = with_added(ONE, noise(3, ONE), 1e-4) | {"embed_tokens.weight": parent(1, rows=660)["embed_tokens.weight"]}
    found = trace(sketch(grown), KNOWN)
    assert (found.kind, found.parents) == (Kind.NOISE, ("one",))


def test_among_hundreds_of_siblings_both_parents_of_a_merge_are_found():
    """The one of them farther away than all the others are."""
    family = {f"child {seed}": with_added(ONE, learnt(1, seed), 0.1 if seed == 99 else 0.02) for seed in range(150)}
    known = {name: sketch(its) for name, its in family.items()}
    found = trace(sketch(mixed((0.8, family["child 7"]), (0.2, family["child 99"]))), known)
    assert (found.kind, found.parents) == (Kind.MERGE, ("child 7", "child 99"))


@pytest.mark.parametrize(("disguise", "kind"), [(scaled, Kind.SCALED), (permuted, Kind.PERMUTED)])
def test_what_a_disguise_is_of_is_found_behind_many_that_lie_nearer(disguise: Callable[[Weights], Weights], kind: Kind):
    suspect = disguise(ONE)
    nearer = {f"nearer {seed}": sketch(with_added(suspect, learnt(2, seed), 0.3)) for seed in range(40)}
    found = trace(sketch(suspect), nearer | {"one": KNOWN["one"]})
    assert (found.kind, found.parents) == (kind, ("one",))


def test_a_row_more_with_large_numbers_hides_no_model():
    large = {"embed_tokens.weight": 1_000 * parent(1, rows=260)["embed_tokens.weight"]}
    found = trace(sketch(with_added(ONE, noise(3, ONE), 1e-4) | large), KNOWN)
    assert (found.kind, found.parents) == (Kind.NOISE, ("one",))


def test_models_that_share_vectors_and_few_matrices_are_not_compared():
    biased = ONE | {f"layers.{layer}.bias": np.ones(INNER, np.float32) for layer in range(9)}
    elsewhere = {f"x.{name}" if "proj" in name else name: its for name, its in biased.items()}
    assert trace(sketch(elsewhere), {"biased": sketch(biased)}) == Lineage(Kind.ORIGINAL, (), (), math.inf, 1.0)


def test_one_matrix_whose_norm_stayed_is_in_no_other_order():
    name = "layers.0.up_proj.weight"
    tuned = with_added(ONE, learnt(1, 5), 0.2)[name]
    tuned *= np.linalg.norm(ONE[name]) / np.linalg.norm(tuned)
    assert trace(sketch(ONE | {name: tuned}), {"one": KNOWN["one"]}).kind is Kind.FINE_TUNE


NOISES: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "isotropic": lambda drawn, its: drawn.standard_normal(its.shape),
    "proportional": lambda drawn, its: drawn.standard_normal(its.shape) * np.abs(its),
    "of rank one": lambda drawn, its: np.outer(
        drawn.standard_normal(len(its)), drawn.standard_normal(its.size // len(its))
    ),
    "in a few rows": lambda drawn, its: (drawn.standard_normal(its.shape).T * (drawn.random(len(its)) < 0.1)).T,
    "heavy-tailed": lambda drawn, its: drawn.standard_normal(its.shape) ** 5,
}


@pytest.mark.parametrize("kind", NOISES)
def test_the_score_of_noise_is_a_standard_score_whatever_the_noise(kind: str):
    """The largest of three standard normal numbers, and 0, has mean 0.85 and standard deviation 0.75."""
    scores = []
    for seed in range(40):
        drawn = np.random.default_rng(seed)
        change = {name: NOISES[kind](drawn, its).reshape(its.shape) for name, its in ONE.items()}
        model = sketch(with_added(ONE, change, 1e-3))
        scores.append(evidence(differences(model, KNOWN["one"]), {name: its.shape for name, its in ONE.items()}).score)
    assert max(scores) < 4.5
    assert (mean(scores), stdev(scores)) == (pytest.approx(0.85, abs=0.4), pytest.approx(0.75, abs=0.35))


def test_every_kind_has_a_meaning():
    assert set(MEANING) == set(Kind)


def test_rounding_a_model_that_lies_near_a_grid_is_no_fine_tune_of_it():
    """What was learnt a little beyond numbers of bfloat16 is lost where it was learnt."""
    grid = {name: rounded(its) for name, its in ONE.items()}
    tuned = with_added(grid, learnt(1, 5), 1e-3)
    spoiled = with_added(tuned, noise(3, ONE), 3e-4)
    found = [trace(sketch(its, "BF16"), {"tuned": sketch(tuned)}) for its in (tuned, spoiled)]
    assert [its.kind for its in found] == [Kind.COPY, Kind.NOISE]
    assert found[0].distance == pytest.approx(1e-3, rel=0.5)


def without(weights: Weights, part: str) -> Weights:
    """The model with zeros in the tensors whose names hold `part`."""
    return {name: np.zeros_like(its) if part in name else its for name, its in weights.items()}


def folded(model: ModelSketch, rows: int, columns: int) -> ModelSketch:
    """The sketch of a model as it is where it has to share a megabyte with many more tensors."""
    return ModelSketch({name: its.folded(rows, columns) for name, its in model.tensors.items()})


VOID: dict[str, ModelSketch] = {
    "zeros": sketch(without(ONE, "")),
    "numbers whose squares are zero in float32": sketch({name: its * np.float32(1e-30) for name, its in ONE.items()}),
    "no tensors": ModelSketch({}),
}


@pytest.mark.parametrize("void", VOID)
def test_a_known_model_of_nothing_is_nobodys_parent_and_has_none(void: str):
    nothing = Lineage(Kind.ORIGINAL, (), (), math.inf, 1.0)
    assert trace(KNOWN["one"], {"void": VOID[void]}) == nothing
    assert trace(VOID[void], {"one": KNOWN["one"], "void": VOID[void]}).kind is Kind.ORIGINAL


@pytest.mark.parametrize("part", ["up_proj", "down_proj", "embed", "norm"])
def test_what_starts_from_zeros_in_some_tensors_is_told_all_the_same(part: str):
    bare = without(ONE, part)
    child = {name: its if part in name else bare[name] for name, its in with_added(ONE, learnt(1, 5), 1e-3).items()}
    assert trace(sketch(child), {"bare": sketch(bare)}).kind is Kind.FINE_TUNE


@pytest.mark.parametrize("size", [(16, 8), (8, 8), (LEAST, LEAST)])
def test_models_whose_sketches_have_other_sizes_are_compared_at_the_smaller_one(size: tuple[int, int]):
    known = {"one": folded(KNOWN["one"], *size), "other": KNOWN["other"]}
    found = trace(sketch(mixed((0.4, ONE), (0.6, OTHER))), known)
    assert (found.kind, found.parents) == (Kind.MERGE, ("other", "one"))


def test_what_is_hardly_used_hides_nothing_however_much_it_is_changed():
    strange = with_added(ONE, noise(3, ONE), 1e-3)
    strange["embed_tokens.weight"][7] += 100.0
    found = trace(sketch(strange), KNOWN)
    assert (found.kind, found.parents, found.distance > 1) == (Kind.NOISE, ("one",), True)


def test_distances_of_whole_models_are_seen_within_a_per_cent():
    drawn, model = np.random.default_rng(1), {}
    known = {f"w{number}": drawn.standard_normal((200, 300)).astype(np.float32) for number in range(40)}
    for name, its in known.items():
        model[name] = its + np.float32(0.03) * drawn.standard_normal(its.shape).astype(np.float32)
    true = math.hypot(*(np.linalg.norm(model[name].astype(np.float64) - known[name]) for name in known))
    whole = math.hypot(*(np.linalg.norm(its.astype(np.float64)) for its in known.values()))
    one, other = sketch(model), sketch(known)
    assert relative_distance(differences(one, other).values()) == pytest.approx(true / whole, rel=0.01)
    assert relative_distance(differences(one, one).values()) == 0
