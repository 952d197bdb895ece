"""config.json: what is expected is what transformers builds, and no stranger's config makes the reader raise."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.architectures import ARCHITECTURES
from models.configs import Blueprint, read_config
from models.limits import ModelLimits
from models.rejections import Reason, Rejection
from models.strict_json import readable

LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
}
MISTRAL = LLAMA | {"architectures": ["MistralForCausalLM"], "model_type": "mistral"}
QWEN2 = LLAMA | {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"}

VARIANTS = {
    "llama": LLAMA,
    "llama tied": LLAMA | {"tie_word_embeddings": True},
    "llama with biases": LLAMA | {"attention_bias": True, "mlp_bias": True},
    "llama with wide heads": LLAMA | {"head_dim": 16},
    "llama without key/value groups": LLAMA | {"num_key_value_heads": None},
    "llama with long positions": LLAMA
    | {
        "rope_parameters": {
            "rope_type": "llama3",
            "rope_theta": 500_000,
            "factor": 8,
            "low_freq_factor": 1,
            "high_freq_factor": 4,
            "original_max_position_embeddings": 64,
        }
    },
    "llama with stretched positions": LLAMA | {"rope_scaling": {"type": "linear", "factor": 2}},
    "mistral": MISTRAL,
    "mistral without window": MISTRAL | {"sliding_window": None, "head_dim": 16},
    "qwen2": QWEN2 | {"rope_theta": 1_000_000.0},
    "qwen2 tied": QWEN2 | {"tie_word_embeddings": True, "use_sliding_window": False, "layer_types": ["full_attention"]},
}


def read(config: dict[str, Any], limits: ModelLimits) -> Blueprint | Rejection:
    return read_config(json.dumps(config).encode(), limits)


def blueprint(config: dict[str, Any], limits: ModelLimits) -> Blueprint:
    found = read(config, limits)
    assert isinstance(found, Blueprint)
    return found


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
def test_transformers_builds_from_the_clean_config_exactly_what_is_expected(
    config: dict[str, Any], limits: ModelLimits, tmp_path: Any
):
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    expected = blueprint(config, limits)
    (tmp_path / "config.json").write_bytes(readable(expected.config))
    read_back = AutoConfig.from_pretrained(tmp_path, local_files_only=True)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(read_back)
    built = {name: tuple(tensor.shape) for name, tensor in model.named_parameters()}
    assert (type(model).__name__, built, sum(p.numel() for p in model.parameters())) == (
        config["architectures"][0],
        expected.tensors,
        expected.parameters,
    )
    assert {key: getattr(read_back, key) for key in expected.config} == dict(expected.config)


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
def test_the_clean_config_is_read_as_the_same_model(config: dict[str, Any], limits: ModelLimits):
    clean = blueprint(config, limits)
    assert read(dict(clean.config), limits) == clean


def test_a_clean_config_holds_nothing_but_what_shapes_the_model(limits: ModelLimits):
    written = LLAMA | {
        "_name_or_path": "/home/me/base",
        "torch_dtype": "float16",
        "use_cache": False,
        "rope_theta": 5e5,
    }
    assert dict(blueprint(written, limits).config) == LLAMA | {
        "rope_parameters": {"rope_type": "default", "rope_theta": 500_000.0},
        "tie_word_embeddings": False,
        "attention_bias": False,
        "mlp_bias": False,
        "head_dim": 8,
        "bos_token_id": None,
        "eos_token_id": None,
    }


def test_of_several_ends_the_first_is_kept(limits: ModelLimits):
    assert blueprint(LLAMA | {"bos_token_id": 0, "eos_token_id": [1, 7]}, limits).eos == 1


REFUSED = {
    "missing key": (
        {key: value for key, value in LLAMA.items() if key != "hidden_size"},
        "config.json has no hidden_size; set it to a whole number from 1 to 2147483647",
    ),
    "text for a number": (
        LLAMA | {"hidden_size": "32"},
        "hidden_size of config.json is '32'; it must be a whole number from 1 to 2147483647",
    ),
    "true for a number": (
        LLAMA | {"num_hidden_layers": True},
        "num_hidden_layers of config.json is True; it must be a whole number from 1 to 2147483647",
    ),
    "no layers": (
        LLAMA | {"num_hidden_layers": 0},
        "num_hidden_layers of config.json is 0; it must be a whole number from 1 to 2147483647",
    ),
    "unknown activation": (
        LLAMA | {"hidden_act": "someone/kernel"},
        "hidden_act of config.json is 'someone/kernel'; it must be silu, gelu or relu",
    ),
    "heads that do not divide": (
        LLAMA | {"num_attention_heads": 3},
        "hidden_size 32 is no multiple of num_attention_heads 3; make it one",
    ),
    "groups that do not divide": (
        LLAMA | {"num_key_value_heads": 3},
        "num_attention_heads 4 is no multiple of num_key_value_heads 3; make it one",
    ),
    "odd heads": (LLAMA | {"head_dim": 7}, "head_dim 7 is odd, and rotary positions turn pairs; make it even"),
    "sliding windows in Qwen2": (
        QWEN2 | {"use_sliding_window": True},
        "use_sliding_window of config.json is True; it must be false",
    ),
    "positions in three dimensions": (
        QWEN2 | {"use_mrope": True},
        "use_mrope of config.json is True; it must be false",
    ),
    "sliding layers in Qwen2": (
        QWEN2 | {"layer_types": ["sliding_attention"]},
        "layer_types of config.json is a list of 1; it must be null or a list of full_attention",
    ),
    "key of another class": (
        QWEN2 | {"head_dim": 8},
        "config.json sets 'head_dim' to 8, which Qwen2ForCausalLM may not here; remove it",
    ),
    "zero base of positions": (
        LLAMA | {"rope_theta": 0},
        "rope_theta of config.json is 0; write a number above 0, at most 1e12",
    ),
    "division by zero": (
        LLAMA | {"rope_parameters": VARIANTS["llama with long positions"]["rope_parameters"] | {"high_freq_factor": 1}},
        "high_freq_factor and low_freq_factor of config.json are equal, which divides by zero; set them apart",
    ),
    "both forms of positions": (
        LLAMA | {"rope_parameters": {"rope_type": "default"}, "rope_scaling": {"type": "linear", "factor": 2}},
        "config.json has both rope_parameters and rope_scaling; keep rope_parameters",
    ),
    "positions of unknown keys": (
        LLAMA | {"rope_parameters": {"partial_rotary_factor": 0.5}},
        "rope_parameters of config.json has 'partial_rotary_factor'; 'default' takes rope_theta",
    ),
    "two architectures": (
        LLAMA | {"architectures": ["LlamaForCausalLM", "Qwen2ForCausalLM"]},
        "architectures of config.json is a list of 2; "
        "the competition allows one of LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM",
    ),
}


@pytest.mark.parametrize(("config", "detail"), REFUSED.values(), ids=REFUSED.keys())
def test_a_config_outside_the_allow_list_is_refused_with_value_and_remedy(
    config: dict[str, Any], detail: str, limits: ModelLimits
):
    assert read(config, limits) == Rejection(Reason.CONFIG, detail)


def test_an_architecture_that_the_competition_does_not_allow_is_refused(limits: ModelLimits):
    assert read(QWEN2, replace(limits, architectures=("LlamaForCausalLM",))) == Rejection(
        Reason.CONFIG,
        "architectures of config.json is 'Qwen2ForCausalLM'; the competition allows one of LlamaForCausalLM",
    )


def test_limits_are_inclusive(limits: ModelLimits):
    exact = blueprint(LLAMA, limits).parameters
    close = [
        replace(limits, min_parameters=low, max_parameters=high, max_layers=layers)
        for low, high, layers in ((exact, exact, 2), (exact + 1, exact + 1, 2), (1, exact - 1, 2), (1, exact, 1))
    ]
    assert [getattr(read(LLAMA, tight), "reason", None) for tight in close] == [None, *[Reason.LIMITS] * 3]


FEW_PARAMETERS = LLAMA | {"hidden_size": 2, "num_attention_heads": 1, "num_key_value_heads": 1, "num_hidden_layers": 1}
COSTLY = {
    "a wide inner layer": (
        FEW_PARAMETERS | {"intermediate_size": 100_000},
        "config.json asks for 100000 numbers a token and layer; the competition allows 65536",
    ),
    "wide heads": (
        FEW_PARAMETERS | {"head_dim": 100_000},
        "config.json asks for 100000 numbers a token and layer; the competition allows 65536",
    ),
    "a vocabulary of numbers": (
        FEW_PARAMETERS | {"vocab_size": 600_000, "tie_word_embeddings": True},
        "config.json asks for a vocabulary of 600000; the competition allows 524288",
    ),
    "a window of two tokens": (
        LLAMA | {"max_position_embeddings": 2},
        "config.json gives a window of 2 tokens; the competition needs 64",
    ),
}


@pytest.mark.parametrize(("config", "detail"), COSTLY.values(), ids=COSTLY.keys())
def test_what_few_parameters_make_costly_to_judge_is_refused(config: dict[str, Any], detail: str, limits: ModelLimits):
    assert read(config, replace(limits, max_parameters=5_000_000)) == Rejection(Reason.LIMITS, detail)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)


@given(key=st.sampled_from(sorted({*ARCHITECTURES["LlamaForCausalLM"].known_keys(), "is_causal"})), value=JSON)
def test_no_value_of_any_key_makes_the_reader_raise(key: str, value: object, limits: ModelLimits):
    found = read(LLAMA | {key: value}, limits)
    assert isinstance(found, Rejection) or read(dict(found.config), limits) == found


@given(data=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_make_the_reader_raise(data: bytes, limits: ModelLimits):
    found = read_config(data, limits)
    assert isinstance(found, Rejection)
    assert found.reason is Reason.CONFIG
