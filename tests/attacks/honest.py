"""A tiny honest model written with numpy alone, the limits it keeps, and the edits that spoil it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from models.architectures import Sizes
from models.bpe import ALPHABET
from models.limits import ModelLimits
from models.tokenizers import CleanTokenizer, read_tokenizer

LIMITS = ModelLimits(
    architectures=("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM"),
    min_parameters=1_000,
    max_parameters=1_000_000,
    max_repo_bytes=150_000_000,
    max_length=128,
    max_width=4_096,
    max_vocabulary=4_096,
)
"""Room for a file of 99 MB, so that its header is refused and not its size."""

ROWS, HIDDEN, LAYERS = 260, 8, 1
Q = "model.layers.0.self_attn.q_proj.weight"
SHARD = "model-00001-of-00001.safetensors"
INDEX = "model.safetensors.index.json"

_CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": ROWS,
    "hidden_size": HIDDEN,
    "intermediate_size": 16,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 128,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "bos_token_id": 257,
    "eos_token_id": 258,
}


def write_honest(folder: Path) -> None:
    """A Llama of random numbers with a byte-level tokenizer, as a miner might upload it."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(_CONFIG))
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer()))
    write_tensors(folder, tensors(LAYERS))


def tokenizer_sha256() -> str:
    """What a competition would fix the honest tokenizer by."""
    clean = read_tokenizer(json.dumps(_tokenizer()).encode(), ROWS, 257, 258)
    assert isinstance(clean, CleanTokenizer)
    return clean.sha256


def write_adapter(folder: Path) -> None:
    """A LoRA of rank two for one matrix of the honest model, as peft saves it."""
    folder.mkdir(parents=True)
    config = {"base_model_name_or_path": "owner/base", "peft_type": "LORA", "r": 2, "lora_alpha": 4, "use_dora": False}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    name = f"base_model.model.{Q.removesuffix('.weight')}"
    generator = np.random.default_rng(8)
    factors = {f"{name}.lora_A.weight": (2, HIDDEN), f"{name}.lora_B.weight": (HIDDEN, 2)}
    made = {name: generator.normal(0, 0.02, shape).astype(np.float32) for name, shape in factors.items()}
    save_file(made, folder / "adapter_model.safetensors", {"format": "pt"})


def tensors(layers: int, rows: int = ROWS, hidden: int = HIDDEN, inner: int = 16) -> dict[str, np.ndarray]:
    """Random numbers for every tensor of a model of these sizes."""
    sizes = Sizes(rows, hidden, inner, layers, 2, 1, 4, tied=False, qkv_bias=False, o_bias=False, mlp_bias=False)
    generator = np.random.default_rng(7)
    return {name: generator.normal(0, 0.02, shape).astype(np.float32) for name, shape in sizes.tensors().items()}


def write_tensors(folder: Path, found: dict[str, np.ndarray]) -> None:
    save_file(found, folder / "model.safetensors", {"format": "pt"})


def _tokenizer() -> dict[str, Any]:
    vocab = {letter: index for index, letter in enumerate(sorted(ALPHABET))} | {"th": 256}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "added_tokens": [{"id": 257, "content": "<s>", **plain}, {"id": 258, "content": "</s>", **plain}],
        "normalizer": None,
        "pre_tokenizer": level,
        "decoder": level,
        "model": {"type": "BPE", "vocab": vocab, "merges": ["t h"]},
    }


def edit_config(folder: Path, **changes: object) -> None:
    """Set keys of config.json."""
    edit_json(folder / "config.json", lambda config: config.update(changes))


def edit_tokenizer(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    edit_json(folder / "tokenizer.json", change)


def edit_json(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    parsed = json.loads(file.read_text())
    change(parsed)
    file.write_text(json.dumps(parsed))


def edit_tensors(folder: Path, change: Callable[[dict[str, np.ndarray]], object]) -> None:
    """Change the tensors as the safetensors library reads and writes them."""
    found = load_file(folder / "model.safetensors")
    change(found)
    write_tensors(folder, found)


def edit_header(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the header of the weights, leaving the bytes after it."""
    data = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    entries = json.loads(data[8 : 8 + length])
    change(entries)
    write_with_header(folder / "model.safetensors", json.dumps(entries).encode(), data[8 + length :])


def write_with_header(file: Path, header: bytes, after: bytes = b"") -> None:
    file.write_bytes(len(header).to_bytes(8, "little") + header + after)


def as_shard(folder: Path, **places: object) -> None:
    """Turn the weights into one shard, with an index that says this of tensors beside the truth."""
    (folder / "model.safetensors").rename(folder / SHARD)
    truth: dict[str, object] = dict.fromkeys(load_file(folder / SHARD), SHARD)
    (folder / INDEX).write_text(json.dumps({"weight_map": truth | places}))
