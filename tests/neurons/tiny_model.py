"""A whole model of a few thousand parameters, written file by file: config, weights, tokenizer. Loads no torch."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

_INNER, _VOCABULARY = 32, 300


def write_model(folder: Path, seed: int = 0, hidden: int = 16) -> Path:
    """A Llama of one layer with random weights; other seeds give other models."""
    folder.mkdir(parents=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    learn = trainers.BpeTrainer(
        vocab_size=_VOCABULARY, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(["the block of the chain and the weight of the model " * 3], learn)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps(_config(hidden)), encoding="utf-8")
    numbers = np.random.default_rng(seed)
    tensors = {name: numbers.normal(0, 0.02, shape).astype(np.float32) for name, shape in _shapes(hidden).items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _config(hidden: int) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "rms_norm_eps": 1e-6,
        "hidden_size": hidden,
        "intermediate_size": _INNER,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "vocab_size": _VOCABULARY,
        "tie_word_embeddings": True,
        "bos_token_id": 0,
        "eos_token_id": 1,
    }


def _shapes(hidden: int) -> dict[str, tuple[int, ...]]:
    layer = "model.layers.0"
    square, up = (hidden, hidden), (_INNER, hidden)
    return {
        "model.embed_tokens.weight": (_VOCABULARY, hidden),
        "model.norm.weight": (hidden,),
        f"{layer}.input_layernorm.weight": (hidden,),
        f"{layer}.post_attention_layernorm.weight": (hidden,),
        **{f"{layer}.self_attn.{part}_proj.weight": square for part in "qkvo"},
        f"{layer}.mlp.gate_proj.weight": up,
        f"{layer}.mlp.up_proj.weight": up,
        f"{layer}.mlp.down_proj.weight": (hidden, _INNER),
    }
