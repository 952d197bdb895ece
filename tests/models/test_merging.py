"""Merging: peft's own arithmetic, rounded once to the nearest, a block at a time, and nothing else touched."""

import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from models import merging
from models.adapter_config import AdapterConfig
from models.adapters import Adapter, Update, read_adapter
from models.bases import Base, BaseRef, read_base
from models.configs import Blueprint, read_config
from models.limits import WIDEST, ModelLimits
from models.manifest import CONFIG, WEIGHTS
from models.merging import merge, round_to
from models.tensors import Tensor, read_header
from models.vetting import Vetted, vet
from tests.models.lora import merged, write_lora


def in_dtype(saved: Path, dtype: torch.dtype, into: Path, limits: ModelLimits) -> Base:
    """The honest model cast to a dtype, in its clean form."""
    into.mkdir()
    for name in (CONFIG, "tokenizer.json"):
        (into / name).write_bytes((saved / name).read_bytes())
    save_file({name: tensor.to(dtype) for name, tensor in load_file(saved / WEIGHTS).items()}, into / WEIGHTS)
    vetted = vet(into, into / "clean", limits)
    assert isinstance(vetted, Vetted)
    return Base(BaseRef("owner/base", "b" * 40, vetted.digest), into / "clean")


def read(folder: Path, base: Base, limits: ModelLimits) -> Adapter:
    blueprint = read_config((base.folder / CONFIG).read_bytes(), limits)
    assert isinstance(blueprint, Blueprint)
    adapter = read_adapter(folder, base.ref, blueprint, limits)
    assert isinstance(adapter, Adapter)
    return adapter


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("rslora", "scale"), [(False, 2.0), (True, 4.0)], ids=["plain", "rank-stabilized"])
def test_the_sum_is_pefts_own_to_the_last_bit(
    saved: Path,
    tmp_path: Path,
    limits: ModelLimits,
    dtype: torch.dtype,
    rslora: bool,
    scale: float,
    monkeypatch: pytest.MonkeyPatch,
):
    base = in_dtype(saved, dtype, tmp_path / "base", limits)
    folder = write_lora(tmp_path / "lora", base.folder / WEIGHTS, use_rslora=rslora)
    monkeypatch.setattr(merging, "BLOCK_NUMBERS", 100)  # three rows of thirty-two: blocks that do not come out even
    assert merge(read_base(base), read(folder, base, limits), tmp_path / "merged.safetensors")
    expected, found = merged(base.folder / WEIGHTS, folder, scale), load_file(tmp_path / "merged.safetensors")
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []
    assert {tensor.dtype for tensor in found.values()} == {dtype}


def test_what_no_update_names_keeps_its_bytes(base: Base, lora: Path, tmp_path: Path, limits: ModelLimits):
    merge(read_base(base), read(lora, base, limits), tmp_path / "merged.safetensors")
    before, after = load_file(base.folder / WEIGHTS), load_file(tmp_path / "merged.safetensors")
    assert [name for name in before if not torch.equal(before[name], after[name])] == [
        "lm_head.weight",
        "model.layers.0.self_attn.q_proj.weight",
        "model.layers.1.mlp.down_proj.weight",
    ]


@given(st.integers(0, 0x7F7E), st.floats(0, 1) | st.sampled_from([0.5, 0.5 - 2**-40, 0.5 + 2**-40]), st.booleans())
def test_a_number_becomes_the_nearest_bfloat16_ties_to_even(bits: int, between: float, negative: bool):
    low, high = _value(bits), _value(bits + 1)
    number = low + between * (high - low)
    (found,) = np.frombuffer(round_to(np.array([-number if negative else number]), "BF16"), "<u2")
    below, above = Fraction(number) - Fraction(low), Fraction(high) - Fraction(number)
    nearest = bits + (above < below or (above == below and bits % 2 == 1))
    assert found == nearest | (0x8000 if negative else 0)


@pytest.mark.parametrize(("dtype", "stored"), [("BF16", "807f80ff"), ("F16", "007c00fc"), ("F32", "0000807f000080ff")])
def test_what_is_too_large_for_a_dtype_becomes_infinite(dtype: str, stored: str):
    assert round_to(np.array([1e300, -1e300]), dtype).hex() == stored


def _value(bits: int) -> float:
    return float(np.array([bits << 16], np.uint32).view(np.float32)[0])


def test_memory_does_not_grow_with_the_matrix(tmp_path: Path):
    rows, columns, rank = 60_000, 512, 8
    name = "model.layers.0.mlp.up_proj.weight"
    save_file({name: torch.zeros(rows, columns, dtype=torch.bfloat16)}, tmp_path / WEIGHTS)
    save_file({"A": torch.ones(rank, columns), "B": torch.ones(rows, rank)}, tmp_path / "factors.safetensors")
    (weight,), (down, up) = _tensors(tmp_path / WEIGHTS), _tensors(tmp_path / "factors.safetensors")
    adapter = Adapter(AdapterConfig(rank, 8.0, False), {name: Update(up, down)}, "")
    tracemalloc.start()
    merge({name: weight}, adapter, tmp_path / "merged.safetensors")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 << 20  # the file has 61 MB, and four times as many in float64


def _tensors(file: Path) -> tuple[Tensor, ...]:
    header = read_header(file, WIDEST)
    assert isinstance(header, tuple)
    return tuple(sorted(header, key=lambda tensor: tensor.name))
