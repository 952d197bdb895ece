"""The source that makes exercises from the seed."""

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.simulated.chain import SimulatedChain
from chain.types import Block
from evaluation.sources.bundle import Drawn, draw
from evaluation.sources.content import Pair
from evaluation.sources.doors import Doors
from evaluation.sources.generated import exercises
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool
from evaluation.sources.registry import Sources
from evaluation.sources.sample import Sample
from evaluation.sources.spec import GeneratedSpec
from evaluation.tasks.spec import TaskSpec
from hub.folder import FolderHub

SPEC = GeneratedSpec(kind="generated")
SEED = bytes(range(32))
OCCASION = Occasion(Block(100), SEED, Block(40), {"pair": 20, "choice": 7, "instruction": 5})


@pytest.fixture
def sources(data_chain: SimulatedChain, hub: FolderHub, tmp_path: Path) -> Sources:
    """A validator's sources at a chain that has the seed block."""
    data_chain.advance_to(Block(120))
    return Sources(Doors(data_chain, hub, tmp_path / "validator"))


def pool_of(sources: Sources, spec: GeneratedSpec = SPEC, occasion: Occasion = OCCASION) -> Pool:
    """The pool of a round; generated ones are never held."""
    pool = sources.pool(spec, occasion)
    assert isinstance(pool, Pool)
    return pool


def test_a_pool_has_what_the_round_needs_and_no_content_twice(sources: Sources) -> None:
    pool = pool_of(sources)
    assert Counter(sample.kind for sample in pool.samples) == OCCASION.needs
    assert len({sample.content for sample in pool.samples}) == 32
    assert (pool.producers, pool.counts, pool.proof, pool.min_producers, pool.near_duplicate) == (
        (),
        {},
        "seed",
        1,
        None,
    )
    assert list(pool.samples) == sorted(pool.samples, key=lambda sample: sample.id)


def test_samples_are_anchored_at_the_seed_block_and_made_by_nobody(
    sources: Sources, data_chain: SimulatedChain
) -> None:
    moment = data_chain.timestamp(Block(100)).replace(microsecond=0)
    hash_ = data_chain.block_hash(Block(100))
    assert all(
        sample == Sample(sample.content, "generated", None, None, moment, Block(100), hash_)
        for sample in pool_of(sources).samples
    )


def test_another_seed_makes_other_exercises_and_the_same_seed_the_same(sources: Sources) -> None:
    pool = pool_of(sources)
    assert pool_of(sources) == pool
    other = pool_of(sources, occasion=replace(OCCASION, seed=SEED[::-1]))
    assert {sample.content for sample in pool.samples}.isdisjoint(sample.content for sample in other.samples)


def test_the_procedures_of_a_kind_share_equally(sources: Sources) -> None:
    begins = Counter(
        sample.content.prompt.split()[0] for sample in pool_of(sources).samples if isinstance(sample.content, Pair)
    )
    assert sorted((begins["Put"], begins["Work"], begins["Write"] + begins["Count"])) == [6, 7, 7]


def test_a_source_with_fewer_procedures_leaves_the_rest_out(sources: Sources) -> None:
    pool = pool_of(sources, replace(SPEC, procedures=("arithmetic",)))
    assert [sample.content.prompt.split()[0] for sample in pool.samples] == ["Work"] * 20


def test_a_round_is_drawn_from_generated_samples(sources: Sources) -> None:
    task = TaskSpec("reference_loss", 20, 1.0, 10.0, source="made")
    drawn = draw({"made": pool_of(sources)}, [task], SEED)
    assert isinstance(drawn, Drawn)
    assert len(drawn.bundle.of("reference_loss")) == 20


def test_small_exercises_that_come_twice_are_drawn_on(sources: Sources) -> None:
    pool = pool_of(sources, replace(SPEC, procedures=("rules",)), replace(OCCASION, needs={"instruction": 1_500}))
    assert len({sample.content for sample in pool.samples}) == 1_500
    first = exercises(("rules",), {"instruction": 10}, SEED)
    assert exercises(("rules",), {"instruction": 1_500}, SEED)[:10] == first


@settings(max_examples=20)
@given(seed=st.binary(max_size=64), pairs=st.integers(0, 30), choices=st.integers(0, 10))
def test_any_seed_gives_as_many_as_are_needed(seed: bytes, pairs: int, choices: int) -> None:
    made = exercises(SPEC.procedures, {"pair": pairs, "choice": choices}, seed)
    assert (len(made), len(set(made))) == (pairs + choices, pairs + choices)


EXERCISES = "49f995651636193e4db08963be6bd597a010ce44db405aa9db389a9dc6b8f1f9"
"""Found under Python 3.11, 3.12 and 3.13."""

PRINT_EXERCISES = """
import hashlib
from evaluation.sources.generated import exercises
from evaluation.sources.spec import GeneratedSpec
made = exercises(GeneratedSpec(kind="generated").procedures, {"pair": 60, "choice": 60, "instruction": 60}, b"seed" * 8)
print(hashlib.sha256("".join(map(repr, made)).encode()).hexdigest())
"""


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_processes_that_hash_otherwise_make_the_same(hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "LC_ALL": "C", "TZ": "Pacific/Auckland"}
    printed = subprocess.run([sys.executable, "-c", PRINT_EXERCISES], env=environment, capture_output=True, text=True)
    assert (printed.stdout, printed.stderr) == (f"{EXERCISES}\n", "")
