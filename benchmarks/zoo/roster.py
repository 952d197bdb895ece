"""Who lives in the zoo: the models that are known, and those whose lineage is asked for. All is drawn from one seed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.zoo import disguises, rearing
from benchmarks.zoo.creature import Creature, rounded
from benchmarks.zoo.rearing import ATTENTION, EVERYWHERE, Schooling
from models.lineage import Kind

Track = Callable[[Iterable[Schooling]], Iterable[Schooling]]

FULL = tuple(Schooling(steps, rate) for steps in (50, 150) for rate in (1e-3, 3e-4, 1e-4, 3e-5, 1e-5))
LORA = tuple(
    Schooling(steps, rate, rank, targets)
    for rank, targets in ((2, ATTENTION), (8, ATTENTION), (8, EVERYWHERE), (16, EVERYWHERE))
    for steps, rate in ((50, 1e-3), (150, 3e-4), (50, 1e-4))
)
SIZES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the zoo is: how parents and fine-tunes are trained, and how many of each disguise there are."""

    parent_steps: int
    schoolings: tuple[Schooling, ...]
    copies: int
    noises_of_a_kind: int
    sizes: tuple[float, ...]
    merges: int
    rearranged_of_a_kind: int


WHOLE = Plan(500, FULL + LORA, 24, 4, SIZES, 60, 6)
SMALL = Plan(50, (FULL[1], LORA[5]), 3, 1, (1e-5, 1e-3), 4, 1)


@dataclass(frozen=True, slots=True)
class Zoo:
    """`known` models by name, and `suspects`, each with the names that are known when it is asked for; `failed` counts
    fine-tunes that did not learn, and so are no honest ones."""

    known: dict[str, Creature]
    suspects: list[tuple[Creature, tuple[str, ...]]]
    failed: int


def breed(plan: Plan, seed: int, track: Track) -> Zoo:
    """Train the parents and their fine-tunes, list half of them as known, and disguise those."""
    drawn, food = np.random.default_rng(seed), rearing.diet()
    known: dict[str, Creature] = {}
    suspects: list[tuple[Creature, tuple[str, ...]]] = []
    failed = 0
    for number, dtype in enumerate(("F32", "BF16")):
        name = f"parent {number}"
        model = rearing.parent(food, int(drawn.integers(2**31)), plan.parent_steps, dtype)
        known[name] = Creature("parent", Kind.ORIGINAL, (), rearing.weights_of(model), dtype)
        before = rearing.held_out_loss(model, food)
        children = []
        for schooling in track(plan.schoolings):
            child = rearing.fine_tuned(model, food, schooling, int(drawn.integers(2**31)))
            if rearing.held_out_loss(child, food) >= before:
                failed += 1
            else:
                children.append(_child(child, name, schooling))
        suspects += _honest(children, known)
    everybody = tuple(known)
    suspects += [(creature, everybody) for creature in _disguised(plan, known, drawn)]
    return Zoo(known, suspects, failed)


def _child(model: object, parent: str, schooling: Schooling) -> Creature:
    kind = Kind.ADAPTER if schooling.rank else Kind.FINE_TUNE
    cage = "honest LoRA" if schooling.rank else "honest fine-tune"
    return Creature(cage, kind, (parent,), rearing.weights_of(model), note=schooling.name)


def _honest(children: list[Creature], known: dict[str, Creature]) -> Iterator[tuple[Creature, tuple[str, ...]]]:
    """Each child in three dtypes; one in two is then known in one of them, so that the next have siblings."""
    for number, child in enumerate(children):
        for dtype in ("F32", "BF16", "F16"):
            yield replace(child, dtype=dtype), tuple(known)
        if number % 2 == 0:
            dtype = ("F32", "BF16")[number // 2 % 2]
            weights = {name: rounded(its, dtype) for name, its in child.weights.items()}
            known[f"{child.parents[0]}, {child.note}"] = replace(child, dtype=dtype, weights=weights)


def _disguised(plan: Plan, known: dict[str, Creature], drawn: np.random.Generator) -> Iterator[Creature]:
    names = list(known)

    def victim() -> tuple[str, Creature]:
        name = names[int(drawn.integers(len(names)))]
        return name, known[name]

    for number in range(plan.copies):
        name, its = victim()
        dtype, shards = [(its.dtype, 3), ("BF16", 1), ("F16", 2)][number % 3]
        yield Creature("copy", Kind.COPY, (name,), its.weights, dtype, shards, f"{its.dtype} as {dtype}")
    for size in plan.sizes:
        for kind in disguises.NOISES:
            for number in range(plan.noises_of_a_kind):
                name, its = victim()
                dtype = its.dtype if number % 2 == 0 else "BF16"
                weights = disguises.noisy(its.weights, kind, size, drawn)
                yield Creature(f"noise of {size:.0e}", Kind.NOISE, (name,), weights, dtype, note=f"{kind} in {dtype}")
    for number in range(plan.merges):
        (one, its), (other, that) = _two(victim)
        share = float(drawn.uniform(0.1, 0.9))
        weights = disguises.merged(its.weights, that.weights, share)
        dtype = ("F32", "BF16", "F16")[number % 3]
        yield Creature("merge", Kind.MERGE, (one, other), weights, dtype, note=f"{share:.2f} in {dtype}")
    for name, rearrange in disguises.REARRANGED.items():
        for number in range(plan.rearranged_of_a_kind):
            parent, its = victim()
            kind = Kind.SCALED if name.startswith("scaled") else Kind.PERMUTED
            dtype = its.dtype if number % 2 == 0 else "BF16"
            yield Creature(name, kind, (parent,), rearrange(its.weights, drawn), dtype, note=dtype)


def _two(victim: Callable[[], tuple[str, Creature]]) -> tuple[tuple[str, Creature], tuple[str, Creature]]:
    one, other = victim(), victim()
    while other[0] == one[0]:
        other = victim()
    return one, other
