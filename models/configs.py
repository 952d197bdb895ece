"""A stranger's config.json → a new one of ours, and what must follow from it, all before anything is allocated.

Knows no files beyond the bytes it is given; what keys may say is in `models.architectures`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from models.architectures import ARCHITECTURES, Architecture, Shape, Sizes
from models.limits import ModelLimits
from models.rejections import Reason, Rejection
from models.rope import read_rope
from models.strict_json import BadJson, parse_object, shown


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What a model must be: the clean config, and the sizes that fix its tensors. `max_length` is in tokens."""

    config: Mapping[str, object]
    sizes: Sizes
    max_length: int

    @property
    def tensors(self) -> dict[str, Shape]:
        """Name → shape of every tensor the weights must hold; a tied head is none of its own."""
        return self.sizes.tensors()

    @property
    def parameters(self) -> int:
        """Numbers in all tensors, a tied head counted once."""
        return self.sizes.parameters()

    @property
    def bos(self) -> int | None:
        """The id of the token that begins a text, if the config names one."""
        return cast(int | None, self.config["bos_token_id"])

    @property
    def eos(self) -> int | None:
        """The id of the token that ends a text, if the config names one."""
        return cast(int | None, self.config["eos_token_id"])

    def tie(self) -> "Blueprint":
        """The same model with its head tied to the embedding, for weights that hold the embedding twice."""
        return replace(self, config={**self.config, "tie_word_embeddings": True}, sizes=replace(self.sizes, tied=True))


def read_config(data: bytes, limits: ModelLimits) -> Blueprint | Rejection:
    """The blueprint that the bytes of a config.json ask for.

    Rejects with CONFIG what no allow-list has and what fits no model, with LIMITS what exceeds the competition's.
    """
    parsed = parse_object(data)
    if isinstance(parsed, BadJson):
        return Rejection(Reason.CONFIG, f"config.json {parsed.reason}; save it with save_pretrained")
    architecture = _architecture(parsed, limits)
    if isinstance(architecture, Rejection):
        return architecture
    rope = read_rope(parsed)
    fault = rope if isinstance(rope, str) else next(_key_faults(parsed, architecture), None)
    if fault is not None:
        return Rejection(Reason.CONFIG, fault)
    blueprint = _blueprint({**architecture.defaults, **parsed}, architecture, cast(dict[str, object], rope))
    if fault := next(_shape_faults(blueprint.sizes), None):
        return Rejection(Reason.CONFIG, fault)
    if fault := next(_limit_faults(blueprint, limits), None):
        return Rejection(Reason.LIMITS, fault)
    return blueprint


def _architecture(config: Mapping[str, object], limits: ModelLimits) -> Architecture | Rejection:
    named = config.get("architectures")
    allowed = [name for name in limits.architectures if name in ARCHITECTURES]
    if not (isinstance(named, list) and len(named) == 1 and named[0] in allowed):
        value = shown(named[0]) if isinstance(named, list) and len(named) == 1 else shown(named)
        return Rejection(
            Reason.CONFIG,
            f"architectures of config.json is {value}; the competition allows one of {', '.join(allowed)}",
        )
    architecture = ARCHITECTURES[named[0]]
    if config.get("model_type") != architecture.model_type:
        return Rejection(
            Reason.CONFIG,
            f"model_type of config.json is {shown(config.get('model_type'))}; "
            f"{architecture.name} needs {architecture.model_type!r}",
        )
    return architecture


def _key_faults(config: Mapping[str, object], architecture: Architecture) -> Iterator[str]:
    """Every key outside the allow-list, then every value outside its rule, then every missing key."""
    known = architecture.known_keys()
    for key, value in config.items():
        if key not in known:
            yield f"config.json sets {shown(key)} to {shown(value)}, which {architecture.name} may not here; remove it"
    for key, rule in {**architecture.rules, **architecture.dropped}.items():
        if key in config and not rule.holds(config[key]):
            yield f"{key} of config.json is {shown(config[key])}; it must be {rule.says}"
        elif key in architecture.rules and key not in config and key not in architecture.defaults:
            yield f"config.json has no {key}; set it to {rule.says}"


def _blueprint(config: Mapping[str, object], architecture: Architecture, rope: Mapping[str, object]) -> Blueprint:
    """From values that keep their rules, to those written out: no null stays that means another value."""
    sizes = _sizes(cast(Mapping[str, int], config), architecture)
    eos = config["eos_token_id"]
    clean = {key: config[key] for key in architecture.rules} | {
        "architectures": [architecture.name],
        "model_type": architecture.model_type,
        "rms_norm_eps": float(cast(float, config["rms_norm_eps"])),
        "num_key_value_heads": sizes.kv_heads,
        "eos_token_id": eos[0] if isinstance(eos, list) else eos,
        "rope_parameters": dict(rope),
    }
    if "head_dim" in clean:
        clean["head_dim"] = sizes.head_dim
    return Blueprint(clean, sizes, cast(int, config["max_position_embeddings"]))


def _sizes(config: Mapping[str, int], architecture: Architecture) -> Sizes:
    heads, attention_bias = config["num_attention_heads"], bool(config.get("attention_bias"))
    return Sizes(
        vocab=config["vocab_size"],
        hidden=config["hidden_size"],
        inner=config["intermediate_size"],
        layers=config["num_hidden_layers"],
        heads=heads,
        kv_heads=config["num_key_value_heads"] or heads,
        head_dim=config.get("head_dim") or config["hidden_size"] // heads,
        tied=bool(config["tie_word_embeddings"]),
        qkv_bias=architecture.qkv_bias or attention_bias,
        o_bias=attention_bias,
        mlp_bias=bool(config.get("mlp_bias")),
    )


def _shape_faults(sizes: Sizes) -> Iterator[str]:
    """Sizes that transformers would refuse, or that attention cannot be made of."""
    if sizes.hidden % sizes.heads:
        yield f"hidden_size {sizes.hidden} is no multiple of num_attention_heads {sizes.heads}; make it one"
    if sizes.heads % sizes.kv_heads:
        yield f"num_attention_heads {sizes.heads} is no multiple of num_key_value_heads {sizes.kv_heads}; make it one"
    if sizes.head_dim % 2:
        yield f"head_dim {sizes.head_dim} is odd, and rotary positions turn pairs; make it even"


def _limit_faults(blueprint: Blueprint, limits: ModelLimits) -> Iterator[str]:
    sizes, parameters = blueprint.sizes, blueprint.parameters
    if sizes.layers > limits.max_layers:
        yield f"config.json asks for {sizes.layers} layers; the competition allows {limits.max_layers}"
    if not limits.min_parameters <= parameters <= limits.max_parameters:
        yield (
            f"config.json asks for {parameters} parameters; "
            f"the competition allows {limits.min_parameters} to {limits.max_parameters}"
        )
    if sizes.width > limits.max_width:
        yield f"config.json asks for {sizes.width} numbers a token and layer; the competition allows {limits.max_width}"
    if sizes.vocab > limits.max_vocabulary:
        yield f"config.json asks for a vocabulary of {sizes.vocab}; the competition allows {limits.max_vocabulary}"
    if blueprint.max_length < limits.min_length:
        yield f"config.json gives a window of {blueprint.max_length} tokens; the competition needs {limits.min_length}"
