"""An adapter as peft 0.21 saves one, of random factors for some modules of a base; and its arithmetic in torch."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

PEFT_CONFIG: dict[str, object] = {
    "alora_invocation_tokens": None,
    "alpha_pattern": {},
    "arrow_config": None,
    "auto_mapping": None,
    "base_model_name_or_path": "owner/base",
    "bias": "none",
    "corda_config": None,
    "ensure_weight_tying": False,
    "eva_config": None,
    "exclude_modules": None,
    "fan_in_fan_out": False,
    "inference_mode": True,
    "init_lora_weights": True,
    "kasa_config": None,
    "layer_replication": None,
    "layers_pattern": None,
    "layers_to_transform": None,
    "loftq_config": {},
    "lora_alpha": 8,
    "lora_bias": False,
    "lora_dropout": 0.05,
    "lora_ga_config": None,
    "megatron_config": None,
    "megatron_core": "megatron.core",
    "modules_to_save": None,
    "monteclora_config": None,
    "peft_type": "LORA",
    "peft_version": "0.21.2",
    "qalora_group_size": 16,
    "r": 4,
    "rank_pattern": {},
    "revision": None,
    "target_modules": ["q_proj", "down_proj"],
    "target_parameters": None,
    "task_type": "CAUSAL_LM",
    "trainable_token_indices": None,
    "use_bdlora": None,
    "use_dora": False,
    "use_qalora": False,
    "use_rslora": False,
    "velora_config": None,
}
"""What LoraConfig.save_pretrained writes, key by key."""

MODULES = ("model.layers.0.self_attn.q_proj", "model.layers.1.mlp.down_proj", "lm_head")

_NAME = "base_model.model.{}.lora_{}.weight"


def write_lora(
    folder: Path, weights: Path, *, modules: Iterable[str] = MODULES, seed: int = 5, rank: int = 4, **config: object
) -> Path:
    """An adapter for the model whose weights these are."""
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({**PEFT_CONFIG, "r": rank, **config}))
    with safe_open(weights, "np") as read:
        shapes = {name: read.get_slice(name).get_shape() for name in read.keys()}  # noqa: SIM118 - no mapping
    numbers, factors = np.random.default_rng(seed), {}
    for module in modules:
        rows, columns = shapes[f"{module}.weight"]
        factors[_NAME.format(module, "A")] = numbers.normal(0, 0.1, (rank, columns)).astype(np.float32)
        factors[_NAME.format(module, "B")] = numbers.normal(0, 0.1, (rows, rank)).astype(np.float32)
    save_file(factors, folder / "adapter_model.safetensors", {"format": "pt"})
    return folder


def merged(weights: Path, adapter: Path, scale: float) -> Mapping[str, Any]:
    """What peft's merge_and_unload gives, summed in float64 and rounded by torch."""
    from safetensors.torch import load_file as load_tensors

    base, factors = load_tensors(weights), load_tensors(adapter / "adapter_model.safetensors")
    for name in base:
        module = name.removesuffix(".weight")
        if _NAME.format(module, "A") in factors:
            down, up = (factors[_NAME.format(module, letter)].double() for letter in "AB")
            base[name] = (base[name].double() + scale * (up @ down)).to(base[name].dtype)
    return base
