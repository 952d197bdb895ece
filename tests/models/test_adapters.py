"""Adapters: what peft writes is taken, as the model that it makes of its base, and nothing that is more than a LoRA."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from models.adapter_config import ADAPTER_KEYS
from models.apart import vet_apart
from models.bases import Base, BaseDamaged, BaseRef
from models.digest import TensorDigest, adapter_digest
from models.limits import ModelLimits
from models.rejections import Reason, Rejection
from models.vetting import Vetted, vet
from tests.models.lora import PEFT_CONFIG, merged, write_lora

GOLDEN = "3e47f9a6f48e3adcc838d5a3050b337106159e17c2b8f92cb80c83347e56ec5e"
FACTORS = (TensorDigest("b", "F32", (2, 3), "0" * 64), TensorDigest("a", "BF16", (3, 2), "f" * 64))


def told(folder: Path, base: Base, limits: ModelLimits) -> Vetted | Rejection:
    with TemporaryDirectory() as scratch:
        return vet(folder, Path(scratch) / "clean", limits, base=base)


def digest_of(folder: Path, base: Base, limits: ModelLimits) -> str:
    vetted = told(folder, base, limits)
    assert isinstance(vetted, Vetted), vetted
    return vetted.digest


def edit_config(folder: Path, **changes: object) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def edit_factors(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    factors = load_file(folder / "adapter_model.safetensors")
    change(factors)
    save_file(factors, folder / "adapter_model.safetensors")


def test_an_adapter_becomes_the_clean_directory_of_the_model_it_makes(
    base: Base, lora: Path, tmp_path: Path, limits: ModelLimits
):
    vetted = vet(lora, tmp_path / "clean", limits, base=base)
    assert isinstance(vetted, Vetted)
    whole = vet(tmp_path / "clean", tmp_path / "whole", limits)
    assert isinstance(whole, Vetted)
    assert vetted == replace(whole, digest=vetted.digest)
    expected = merged(base.folder / "model.safetensors", lora, 2.0)
    found = load_file(tmp_path / "clean" / "model.safetensors")
    assert [name for name in expected if not np.array_equal(expected[name].numpy(), found[name])] == []
    kept = ("config.json", "tokenizer.json", "tokenizer_config.json")
    assert [
        name for name in kept if (tmp_path / "clean" / name).read_bytes() != (base.folder / name).read_bytes()
    ] == []
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["clean", "lora", "whole"]


def test_vetting_apart_says_the_same_of_an_adapter(base: Base, lora: Path, tmp_path: Path, limits: ModelLimits):
    found = [judge(lora, tmp_path / judge.__name__, limits, base=base) for judge in (vet, vet_apart)]
    assert isinstance(found[0], Vetted)
    assert found[1] == found[0]


def test_without_a_base_an_adapter_is_no_model(lora: Path, tmp_path: Path, limits: ModelLimits):
    refused = vet(lora, tmp_path / "clean", limits)
    assert isinstance(refused, Rejection)
    assert (refused.reason, "is no file that a model needs" in refused.detail) == (Reason.PATH, True)


def test_every_key_that_peft_writes_is_known():
    assert PEFT_CONFIG.keys() == ADAPTER_KEYS


REFUSED: dict[str, tuple[dict[str, object], Reason, str]] = {
    "another base": ({"base_model_name_or_path": "mallory/base"}, Reason.PATH, "adapters here are of owner/base"),
    "no base": ({"base_model_name_or_path": None}, Reason.PATH, "is None"),
    "another revision": ({"revision": "c" * 40}, Reason.PATH, f"owner/base at {'b' * 40}"),
    "another method": ({"peft_type": "ADALORA"}, Reason.CONFIG, "it must be LORA"),
    "another task": ({"task_type": "SEQ_CLS"}, Reason.CONFIG, "it must be CAUSAL_LM or null"),
    "an unknown key": ({"use_new": None}, Reason.CONFIG, "'use_new' to None, which no LoRA may here"),
    "a magnitude": ({"use_dora": True}, Reason.CONFIG, "use_dora of adapter_config.json is True; it must be false"),
    "a number for a switch": ({"use_dora": 0}, Reason.CONFIG, "is 0; it must be false"),
    "biases": ({"bias": "all"}, Reason.CONFIG, "it must be none"),
    "a new head": ({"modules_to_save": ["lm_head"]}, Reason.CONFIG, "a list of 1; it must be null or empty"),
    "other ranks": ({"rank_pattern": {"q_proj": 8}}, Reason.CONFIG, "it must be null or empty"),
    "a changed base": ({"init_lora_weights": "pissa"}, Reason.CONFIG, "convert what was trained on a changed base"),
    "a part of the text": ({"alora_invocation_tokens": [1]}, Reason.CONFIG, "it must be null"),
    "infinite alpha": ({"lora_alpha": float("inf")}, Reason.CONFIG, "Infinity is no JSON number"),
    "huge alpha": ({"lora_alpha": 1e300}, Reason.CONFIG, "at most 65536"),
    "no alpha": ({"lora_alpha": 0}, Reason.CONFIG, "a number above 0"),
    "no rank": ({"r": 0}, Reason.CONFIG, "a whole number from 1"),
    "half a rank": ({"r": 4.0}, Reason.CONFIG, "a whole number from 1"),
    "a rank beyond the limit": ({"r": 257}, Reason.LIMITS, "rank 257; the competition allows 256"),
    "a rank that is not the tensors'": ({"r": 8}, Reason.WEIGHTS, "the base and r ask for [8, 32]"),
}


@pytest.mark.parametrize(("changes", "reason", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_config_that_is_no_plain_lora_of_the_base_is_refused(
    base: Base, lora: Path, limits: ModelLimits, changes: dict[str, object], reason: Reason, words: str
):
    edit_config(lora, **changes)
    refused = told(lora, base, limits)
    assert isinstance(refused, Rejection)
    assert (refused.reason, words in refused.detail, refused.detail) == (reason, True, refused.detail)


HARMLESS: list[dict[str, object]] = [
    {"revision": "b" * 40},
    {"task_type": None, "auto_mapping": {"base_model_class": "LlamaForCausalLM"}},
    {"target_modules": ".*proj", "layers_to_transform": [0], "lora_dropout": 0.5, "peft_version": "1.0"},
    {"init_lora_weights": "gaussian", "lora_alpha": 8.0, "modules_to_save": []},
]


@pytest.mark.parametrize("changes", HARMLESS, ids=lambda changes: ",".join(changes))
def test_what_has_no_effect_on_a_merge_does_not_move_the_digest(
    base: Base, lora: Path, limits: ModelLimits, changes: dict[str, object]
):
    before = digest_of(lora, base, limits)
    edit_config(lora, **changes)
    (lora / "README.md").write_text(str(changes))
    save_file(load_file(lora / "adapter_model.safetensors"), lora / "adapter_model.safetensors", {"note": "mine"})
    assert digest_of(lora, base, limits) == before


def _zeros(factors: dict[str, Any]) -> None:
    for name in factors:
        factors[name][:] = 0 if "lora_B" in name else factors[name]


Q = "base_model.model.model.layers.0.self_attn.q_proj"
SPOILT: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another layer": (
        lambda t: t.update({Q.replace("0", "7") + ".lora_A.weight": np.zeros((4, 32), "f4")}),
        "layers.7",
    ),
    "an embedding": (
        lambda t: t.update({"base_model.model.model.embed_tokens.lora_A.weight": np.zeros((4, 32), "f4")}),
        "no lora_A or lora_B of a linear module",
    ),
    "a bias": (lambda t: t.update({f"{Q}.lora_B.bias": np.zeros(32, "f4")}), "no lora_A or lora_B"),
    "half a pair": (lambda t: t.pop(f"{Q}.lora_B.weight"), f"'{Q}.lora_A.weight' without '{Q}.lora_B.weight'"),
    "the other half": (lambda t: t.pop(f"{Q}.lora_A.weight"), f"'{Q}.lora_B.weight' without '{Q}.lora_A.weight'"),
    "nothing": (dict.clear, "holds no tensors"),
    "transposed": (lambda t: t.update({f"{Q}.lora_A.weight": np.ones((32, 4), "f4")}), "has the shape [32, 4]"),
    "not a number": (lambda t: t[f"{Q}.lora_A.weight"].__setitem__((0, 0), np.nan), "lora_A.weight holds NaN"),
    "infinity": (lambda t: t[f"{Q}.lora_B.weight"].__setitem__((0, 0), np.inf), "lora_B.weight holds NaN or infinity"),
    "another dtype": (lambda t: t.update({f"{Q}.lora_B.weight": np.zeros((32, 4))}), "dtype 'F64'"),
    "no change": (_zeros, "changes no number of the base"),
    "an explosion": (lambda t: t[f"{Q}.lora_B.weight"].__imul__(1e5), "has the norm"),
}


@pytest.mark.parametrize(("change", "words"), SPOILT.values(), ids=SPOILT.keys())
def test_factors_that_are_no_update_of_the_base_are_refused(
    base: Base, lora: Path, limits: ModelLimits, change: Callable[[dict[str, Any]], object], words: str
):
    edit_factors(lora, change)
    refused = told(lora, base, limits)
    assert isinstance(refused, Rejection)
    assert (refused.reason, words in refused.detail, refused.detail) == (Reason.WEIGHTS, True, refused.detail)


def test_a_head_that_is_the_embedding_takes_no_update(saved: Path, tmp_path: Path, limits: ModelLimits):
    tied = tmp_path / "tied"
    tied.mkdir()
    tensors = load_file(saved / "model.safetensors")
    head = tensors.pop("lm_head.weight")
    save_file(tensors, tied / "model.safetensors")
    config = json.loads((saved / "config.json").read_text()) | {"tie_word_embeddings": True}
    (tied / "config.json").write_text(json.dumps(config))
    (tied / "tokenizer.json").write_bytes((saved / "tokenizer.json").read_bytes())
    vetted = vet(tied, tmp_path / "clean", limits)
    assert isinstance(vetted, Vetted)
    base = Base(BaseRef("owner/base", "b" * 40, vetted.digest), tmp_path / "clean")
    save_file({**tensors, "lm_head.weight": head}, tmp_path / "untied.safetensors")
    refused = told(write_lora(tmp_path / "lora", tmp_path / "untied.safetensors", modules=["lm_head"]), base, limits)
    assert getattr(refused, "detail", "").startswith("adapter_model.safetensors holds 'base_model.model.lm_head.lora_A")


def test_the_base_must_keep_the_competitions_limits(base: Base, lora: Path, limits: ModelLimits):
    refused = told(lora, base, replace(limits, max_parameters=2_000))
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused.detail.partition(" asks")[0]) == (Reason.LIMITS, "the base's config.json")


def test_the_bytes_of_a_repository_are_the_adapters_and_not_the_bases(base: Base, lora: Path, limits: ModelLimits):
    size = sum((lora / name).stat().st_size for name in ("adapter_config.json", "adapter_model.safetensors"))
    assert size < base.size
    fits, not_quite = (told(lora, base, replace(limits, max_repo_bytes=most)) for most in (size, size - 1))
    assert isinstance(fits, Vetted)
    assert getattr(not_quite, "reason", None) is Reason.LIMITS


def test_factors_may_be_wider_than_the_competitions_models(base: Base, lora: Path, limits: ModelLimits):
    refused = told(lora, base, replace(limits, dtypes=("BF16",)))
    assert getattr(refused, "detail", "").startswith("model.safetensors describes")  # the base's own float32


@pytest.mark.parametrize("judge", [vet, vet_apart], ids=lambda judge: judge.__name__)
@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_damaged_base_accuses_nobody(
    base: Base, lora: Path, tmp_path: Path, limits: ModelLimits, file: str, judge: Any
):
    broken = tmp_path / "broken"
    broken.mkdir()
    for part in base.folder.iterdir():
        (broken / part.name).write_bytes(part.read_bytes())
    data = bytearray((broken / file).read_bytes())
    data[-9] ^= 1
    (broken / file).write_bytes(data)
    with pytest.raises(BaseDamaged, match=r"owner/base in .*broken has not the digest"):
        judge(lora, tmp_path / "clean", limits, base=replace(base, folder=broken))


@pytest.mark.parametrize("judge", [vet, vet_apart], ids=lambda judge: judge.__name__)
def test_a_base_that_lost_a_file_is_damaged(base: Base, lora: Path, tmp_path: Path, limits: ModelLimits, judge: Any):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BaseDamaged):
        judge(lora, tmp_path / "clean", limits, base=replace(base, folder=tmp_path / "empty"))


def test_the_digest_is_the_golden_one_and_each_part_matters():
    first, second = FACTORS
    others = [
        adapter_digest("0" * 64, 2.0, FACTORS),
        adapter_digest("1" * 64, 2.5, FACTORS),
        adapter_digest("1" * 64, 2.0, (first,)),
        *(
            adapter_digest("1" * 64, 2.0, (replace(first, **change), second))
            for change in ({"name": "c"}, {"dtype": "F16"}, {"shape": (3, 2)}, {"sha256": "1" * 64})
        ),
    ]
    assert adapter_digest("1" * 64, 2.0, reversed(FACTORS)) == GOLDEN
    assert len({GOLDEN, *others}) == 8


@settings(max_examples=25, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 4))
def test_one_changed_bit_of_a_factor_moves_the_digest(base: Base, limits: ModelLimits, where: float, bit: int):
    with TemporaryDirectory() as scratch:
        lora = write_lora(Path(scratch) / "lora", base.folder / "model.safetensors")
        before = digest_of(lora, base, limits)
        data = bytearray((lora / "adapter_model.safetensors").read_bytes())
        first = 8 + int.from_bytes(data[:8], "little")
        data[first + int(where * (len(data) - first)) // 4 * 4] ^= 1 << bit
        (lora / "adapter_model.safetensors").write_bytes(data)
        assert digest_of(lora, base, limits) != before
