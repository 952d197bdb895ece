"""Loading a clean directory: the honest model computes what it computed before, and a broken directory says so."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM

from models.limits import ModelLimits
from models.loading import Unloadable, identify_tokenizer, load
from models.vetting import Vetted, vet


@pytest.fixture
def clean(saved: Path, tmp_path: Path, limits: ModelLimits) -> Path:
    assert isinstance(vet(saved, tmp_path / "clean", limits), Vetted)
    return tmp_path / "clean"


def test_the_clean_model_gives_exactly_the_logits_of_the_original(saved: Path, clean: Path):
    original = AutoModelForCausalLM.from_pretrained(saved, attn_implementation="sdpa").eval()
    loaded = load(clean, device="cpu", dtype="float32")
    ids = torch.tensor([loaded.tokenizer("Return the sorted list of all names.")["input_ids"]])
    with torch.no_grad():
        assert torch.equal(loaded.model(ids).logits, original(ids).logits)
    assert (loaded.max_length, loaded.model.training, loaded.model.config._attn_implementation) == (128, False, "sdpa")
    assert (loaded.tokenizer.is_fast, loaded.tokenizer.bos_token_id, loaded.tokenizer.eos_token_id) == (True, 0, 1)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_every_number_is_in_the_dtype_asked_for(clean: Path, dtype: str):
    loaded = load(clean, device="cpu", dtype=dtype)
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {getattr(torch, dtype)}


def test_a_tied_model_is_loaded_tied(honest: Path, tmp_path: Path, limits: ModelLimits):
    tensors = load_file(honest / "model.safetensors")
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    save_file(tensors, honest / "model.safetensors", {"format": "pt"})
    vetted = vet(honest, tmp_path / "clean", limits)
    model = load(tmp_path / "clean", device="cpu", dtype="float32").model
    assert isinstance(vetted, Vetted)
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    assert sum(parameter.numel() for parameter in model.parameters()) == vetted.parameters


def test_numbers_in_bfloat16_are_loaded_bit_for_bit(honest: Path, tmp_path: Path, limits: ModelLimits):
    model = AutoModelForCausalLM.from_pretrained(honest, dtype=torch.bfloat16)
    model.save_pretrained(honest)
    assert isinstance(vet(honest, tmp_path / "clean", limits), Vetted)
    loaded = load(tmp_path / "clean", device="cpu", dtype="bfloat16").model
    assert all(torch.equal(mine, its) for mine, its in zip(loaded.parameters(), model.parameters(), strict=True))


@pytest.mark.parametrize(
    ("model", "config"),
    [(Qwen2ForCausalLM, Qwen2Config), (MistralForCausalLM, MistralConfig)],
    ids=["Qwen2", "Mistral"],
)
def test_a_model_of_any_type_keeps_the_tokenizer_that_was_vetted(
    model: type, config: type, saved: Path, tmp_path: Path, limits: ModelLimits
):
    """For a Qwen2, transformers would put Qwen's own in its place, with a normaliser, other words and one more id."""
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4}
    made = config(vocab_size=300, num_key_value_heads=2, bos_token_id=0, eos_token_id=1, **sizes)
    model(made).save_pretrained(tmp_path / "saved")
    shutil.copy(saved / "tokenizer.json", tmp_path / "saved")
    assert isinstance(vet(tmp_path / "saved", tmp_path / "clean", limits), Vetted)
    loaded = load(tmp_path / "clean", device="cpu", dtype="float32").tokenizer
    plain, text = Tokenizer.from_file(str(tmp_path / "clean" / "tokenizer.json")), "cafe\u0301 12345 <s>"
    ids = loaded.encode(text, add_special_tokens=False)
    assert (ids, loaded.decode(ids), len(loaded)) == (plain.encode(text).ids, text, 300)


Change = Callable[[dict[str, np.ndarray]], object]
Q = "model.layers.1.self_attn.q_proj.weight"
BROKEN: dict[str, tuple[Change, str]] = {
    "missing": (lambda tensors: tensors.pop(Q), "missing keys"),
    "left over": (lambda tensors: tensors.update(extra=np.zeros(1, np.float32)), "unexpected keys"),
    "misshapen": (lambda tensors: tensors.update({Q: tensors[Q].reshape(64, 16)}), "mismatched keys"),
}


@pytest.mark.parametrize(("change", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_directory_that_makes_no_whole_model_is_unloadable(clean: Path, change: Change, words: str):
    tensors = load_file(clean / "model.safetensors")
    change(tensors)
    save_file(tensors, clean / "model.safetensors", {"format": "pt"})
    with pytest.raises(Unloadable, match=words):
        load(clean, device="cpu", dtype="float32")


def test_why_a_directory_cannot_be_loaded_names_no_folder_of_this_machine(clean: Path):
    (clean / "config.json").write_text("{}")
    with pytest.raises(Unloadable, match=f"{clean.name} cannot be loaded: ValueError") as refused:
        load(clean, device="cpu", dtype="float32")
    assert str(clean.parent) not in str(refused.value)


def test_a_file_that_the_disk_tore_is_our_own_fault(clean: Path):
    (clean / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(SafetensorError):
        load(clean, device="cpu", dtype="float32")


def test_a_directory_that_is_gone_is_our_own_fault(tmp_path: Path):
    with pytest.raises(OSError, match="gone"):
        load(tmp_path / "gone", device="cpu", dtype="float32")


def test_a_clean_directory_holds_no_key_that_could_run_code(clean: Path):
    config = json.loads((clean / "config.json").read_text())
    assert sorted(config) == [
        "architectures",
        "attention_bias",
        "bos_token_id",
        "eos_token_id",
        "head_dim",
        "hidden_act",
        "hidden_size",
        "intermediate_size",
        "max_position_embeddings",
        "mlp_bias",
        "model_type",
        "num_attention_heads",
        "num_hidden_layers",
        "num_key_value_heads",
        "rms_norm_eps",
        "rope_parameters",
        "tie_word_embeddings",
        "vocab_size",
    ]


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "added_tokens.json", "chat/more.jinja"])
def test_a_tokenizer_is_identified_by_every_file_that_may_be_a_part_of_it(name: str, clean: Path):
    known = {identify_tokenizer(clean)}
    (clean / name).parent.mkdir(exist_ok=True)
    for content in (b"{}", b"{} "):
        (clean / name).write_bytes(content)
        known.add(identify_tokenizer(clean))
    (clean / name).rename(clean / "another name")
    known.add(identify_tokenizer(clean))
    assert len(known) == 4


def test_models_of_one_tokenizer_are_seen_to_have_it(clean: Path, tmp_path: Path):
    before = identify_tokenizer(clean)
    (clean / "config.json").write_bytes(b"{}")
    (clean / "model.safetensors").write_bytes(b"other numbers")
    moved = clean.rename(tmp_path / "moved")
    assert identify_tokenizer(moved) == before
