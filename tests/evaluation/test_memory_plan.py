"""What a plan says that judging takes, against what it takes here, and against devices for models too large to try."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from evaluation.memory_plan import MemoryPlan, Work, lack, plan, work_of
from evaluation.tasks.spec import TaskSpec
from models.architectures import Sizes
from models.configs import Blueprint, read_config
from models.limits import WIDEST

ROOT = Path(__file__).parents[2]
HEAP = 134_000_000
"""What malloc keeps of blocks too small to be given back at once: four times 32 MiB, part of a plan's runtime."""
LLAMA_8B = Sizes(128_256, 4096, 14_336, 32, 32, 8, 128, tied=False, qkv_bias=False, o_bias=False, mlp_bias=False)


@dataclass(frozen=True, slots=True)
class Case:
    """A shape in which one part of a plan stands out, and how much it is given at once."""

    dtype: str
    batch: int
    length: int
    config: dict[str, Any]


LONG = {"max_position_embeddings": 2048, "num_hidden_layers": 1}
WIDE = {"hidden_size": 256, "intermediate_size": 16_384}
MANY_HEADS = {"hidden_size": 128, "num_attention_heads": 64, "num_key_value_heads": 64, "head_dim": 128}
DEEP = {"hidden_size": 512, "intermediate_size": 1376, "num_hidden_layers": 16}
CASES = {
    "runtime": Case("float32", 256, 128, {}),
    "perceptron": Case("float32", 1024, 1024, LONG | WIDE),
    "attention": Case("bfloat16", 2048, 2048, LONG | MANY_HEADS | {"intermediate_size": 128}),
    "head": Case("float32", 512, 64, {"vocab_size": 200_000}),
    "head in bfloat16": Case("bfloat16", 512, 64, {"vocab_size": 200_000}),
    "weights": Case("float32", 128, 64, DEEP),
}


def test_judging_takes_what_was_planned_and_not_much_less(make_model: Callable[..., Path]) -> None:
    import torch

    folders = [
        make_model(alter=lambda m, to=case.dtype: m.to(getattr(torch, to)), **case.config) for case in CASES.values()
    ]
    plans = [_plan(folder, case) for folder, case in zip(folders, CASES.values(), strict=True)]
    peaks = dict(zip(CASES, _peaks(folders), strict=True))
    above = {name: peak - peaks["runtime"] for name, peak in peaks.items()}
    for name, made in zip(CASES, plans, strict=True):
        tensors = made.total - made.runtime
        assert peaks[name] <= made.total, (name, made.words())
        assert above[name] <= tensors + HEAP, (name, made.words())  # no part hides behind the runtime's
        assert name == "runtime" or tensors <= 1.5 * above[name], (name, made.words())


def _plan(folder: Path, case: Case) -> MemoryPlan:
    blueprint = read_config((folder / "config.json").read_bytes(), WIDEST)
    assert isinstance(blueprint, Blueprint), blueprint
    return plan(blueprint.sizes, Work(case.batch, case.length), case.dtype, "cpu")


def _peaks(folders: list[Path]) -> list[int]:
    """Resident bytes at the peak of judging each, measured in processes of their own."""
    asked = [[str(f), c.dtype, c.batch, c.length] for f, c in zip(folders, CASES.values(), strict=True)]
    command = [sys.executable, str(Path(__file__).with_name("peak_of_judging.py")), json.dumps(asked)]
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [int(line) for line in done.stdout.split()]


def test_8b_in_bfloat16_at_4096_tokens_takes_what_it_takes() -> None:
    made = plan(LLAMA_8B, Work(4096, 4096, masked=4096, cached=4096), "bfloat16", "cuda")
    assert made == MemoryPlan(
        weights=8_030_261_248 * 2,
        layer=4096 * 2 * (2 * 4096 + 3 * 14_336),
        scores=4096 * (4096 * 3 + 2 * 4096 * 2),
        head=4096 * 4096 * 2 + 2 * 2048 * 8192 * 4,
        cache=2 * 8 * 128 * 33 * 4096 * 2,
        runtime=1_000_000_000,
    )
    assert lack(made, 48_000_000_000, "cuda", "bfloat16") is None


def test_70b_is_refused_at_48_gb_with_what_it_needs_what_there_is_and_the_remedy() -> None:
    wide = replace(LLAMA_8B, hidden=8192, inner=28_672, layers=80, heads=64)
    said = [
        lack(plan(wide, Work(4096, 4096), dtype, "cuda"), 48 * 10**9, "cuda:1", dtype)
        for dtype in ("bfloat16", "float32")
    ]
    assert said == [
        "judging in bfloat16 needs 152.03 GB (weights 141.11, layer 0.84, head 0.20, runtime 1.00); cuda:1 has 48.00 "
        "GB: judge on a device with more memory",
        "judging in float32 needs 316.61 GB (weights 282.21, layer 1.68, scores 12.88, head 0.27, runtime 1.00); "
        "cuda:1 has 48.00 GB: judge on a device with more memory, or in bfloat16",
    ]


def test_a_plan_that_fits_to_the_last_byte_lacks_nothing() -> None:
    made = plan(LLAMA_8B, Work(4096, 4096), "bfloat16", "cuda")
    assert [lack(made, made.total - missing, "cuda", "bfloat16") is None for missing in (0, 1)] == [True, False]


def test_the_work_is_that_of_the_task_with_most_of_it_or_one_sequence_longer_than_all_budgets() -> None:
    tasks = (
        TaskSpec("reference_loss", 1, 1.0, 16.0, token_budget=512),
        TaskSpec("text_loss", 1, 1.0, 16.0, token_budget=2048),
    )
    assert [work_of(tasks, length) for length in (1024, 4096)] == [Work(2048, 1024), Work(4096, 4096)]


@pytest.mark.parametrize(("window", "scores"), [(None, 0), (4096, 0), (4095, 4096 * (4096 * 3 + 2 * 4096 * 2))])
def test_a_sequence_longer_than_a_sliding_window_needs_a_mask(window: int | None, scores: int) -> None:
    assert plan(LLAMA_8B, Work(4096, 4096), "bfloat16", "cpu", window).scores == scores


def test_grouped_queries_in_float32_hold_all_scores_on_cuda_alone() -> None:
    grouped, plain = LLAMA_8B, replace(LLAMA_8B, kv_heads=32)
    asked = [
        (grouped, "float32", "cuda"),
        (plain, "float32", "cuda"),
        (grouped, "bfloat16", "cuda"),
        (grouped, "float32", "cpu"),
    ]
    assert [plan(sizes, Work(4096, 4096), dtype, device).scores for sizes, dtype, device in asked] == [
        3 * 4096**2 * 32 * 4,
        0,
        0,
        0,
    ]
