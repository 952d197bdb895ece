"""A stranger's config.json → a new one of ours, and what must follow from it, all before anything is allocated.

Knows no files beyond the bytes it is given; what keys may say is in `models.architectures`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from models.architectures import ARCHITECTURES, Architecture, Shape, Sizes
from models.limits import ModelLimits
from models.rejections import Reason, Rejection
from models.rope import read_rope
from models.strict_json import BadJson, parse_object, shown

_MOST_TIMES = 64
"""How many times its narrowest side a layer may be wide; today's models stay below 16."""


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
        return _bad(f"config.json {parsed.reason}; save it with save_pretrained")
    if fault := known_architecture(parsed, limits):
        return _bad(fault)
    architecture = ARCHITECTURES[cast(list[str], parsed["architectures"])[0]]
    rope = read_rope(parsed)
    fault = rope if isinstance(rope, str) else known_keys(parsed, architecture) or kept_rules(parsed, architecture)
    if fault:
        return _bad(fault)
    blueprint = own_config({**architecture.defaults, **parsed}, architecture, cast(dict[str, object], rope))
    if fault := possible_shapes(blueprint.sizes):
        return _bad(fault)
    if fault := _beyond(blueprint, limits):
        return Rejection(Reason.LIMITS, fault)
    return blueprint


def known_architecture(config: Mapping[str, object], limits: ModelLimits) -> str | None:
    """A class whose keys and tensors nobody has read, or a model_type that makes a library take another class."""
    named = config.get("architectures")
    allowed = [name for name in limits.architectures if name in ARCHITECTURES]
    if not (isinstance(named, list) and len(named) == 1 and named[0] in allowed):
        value = shown(named[0]) if isinstance(named, list) and len(named) == 1 else shown(named)
        return f"architectures of config.json is {value}; the competition allows one of {', '.join(allowed)}"
    architecture = ARCHITECTURES[named[0]]
    if config.get("model_type") != architecture.model_type:
        return (
            f"model_type of config.json is {shown(config.get('model_type'))}; "
            f"{architecture.name} needs {architecture.model_type!r}"
        )
    return None


def known_keys(config: Mapping[str, object], architecture: Architecture) -> str | None:
    """A key outside the allow-list: code, kernels, other repositories, attention to the future."""
    known = architecture.known_keys()
    strange = next((key for key in config if key not in known), None)
    if strange is None:
        return None
    value = shown(config[strange])
    return f"config.json sets {shown(strange)} to {value}, which {architecture.name} may not here; remove it"


def kept_rules(config: Mapping[str, object], architecture: Architecture) -> str | None:
    """A value outside its key's rule, or a key that shapes the model and is missing."""
    for key, rule in {**architecture.rules, **architecture.dropped}.items():
        if key in config and not rule.holds(config[key]):
            return f"{key} of config.json is {shown(config[key])}; it must be {rule.says}"
        if key in architecture.rules and key not in config and key not in architecture.defaults:
            return f"config.json has no {key}; set it to {rule.says}"
    return None


def own_config(config: Mapping[str, object], architecture: Architecture, rope: Mapping[str, object]) -> Blueprint:
    """A new config of our own keys alone, from values that keep their rules: no null stays that means another value."""
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


def possible_shapes(sizes: Sizes) -> str | None:
    """Sizes that transformers would refuse, or that attention cannot be made of."""
    if sizes.hidden % sizes.heads:
        return f"hidden_size {sizes.hidden} is no multiple of num_attention_heads {sizes.heads}; make it one"
    if sizes.heads % sizes.kv_heads:
        return f"num_attention_heads {sizes.heads} is no multiple of num_key_value_heads {sizes.kv_heads}; make it one"
    if sizes.head_dim % 2:
        return f"head_dim {sizes.head_dim} is odd, and rotary positions turn pairs; make it even"
    return None


def _beyond(blueprint: Blueprint, limits: ModelLimits) -> str | None:
    """The first of the competition's bounds that the model exceeds; layers first, as names are counted by them."""
    return (
        allowed_layers(blueprint, limits)
        or allowed_parameters(blueprint, limits)
        or allowed_width(blueprint, limits)
        or allowed_proportions(blueprint)
        or allowed_vocabulary(blueprint, limits)
        or allowed_window(blueprint, limits)
    )


def allowed_layers(blueprint: Blueprint, limits: ModelLimits) -> str | None:
    """Layers without end, each of a few numbers: building them takes minutes."""
    layers = blueprint.sizes.layers
    if layers <= limits.max_layers:
        return None
    return f"config.json asks for {layers} layers; the competition allows {limits.max_layers}"


def allowed_parameters(blueprint: Blueprint, limits: ModelLimits) -> str | None:
    """More numbers than a device holds, or too few for the competition."""
    least, most = limits.min_parameters, limits.max_parameters
    if least <= blueprint.parameters <= most:
        return None
    return f"config.json asks for {blueprint.parameters} parameters; the competition allows {least} to {most}"


def allowed_width(blueprint: Blueprint, limits: ModelLimits) -> str | None:
    """Few parameters, and a layer so wide that one batch fills the device."""
    width = blueprint.sizes.width
    if width <= limits.max_width:
        return None
    return f"config.json asks for {width} numbers a token and layer; the competition allows {limits.max_width}"


def allowed_proportions(blueprint: Blueprint) -> str | None:
    """A layer wide on one side and of next to nothing on the other: its many short rows are read one by one."""
    sizes = blueprint.sizes
    sides = {
        "hidden_size": sizes.hidden,
        "intermediate_size": sizes.inner,
        "num_attention_heads times head_dim": sizes.heads * sizes.head_dim,
    }
    least, most = min(sides, key=sides.__getitem__), max(sides, key=sides.__getitem__)
    if sides[most] <= _MOST_TIMES * sides[least]:
        return None
    return (
        f"{most} of config.json is {sides[most]} and {least} is {sides[least]}; "
        f"the one may be at most {_MOST_TIMES} times the other"
    )


def allowed_vocabulary(blueprint: Blueprint, limits: ModelLimits) -> str | None:
    """Few parameters, and logits so many that one batch fills the device."""
    vocabulary = blueprint.sizes.vocab
    if vocabulary <= limits.max_vocabulary:
        return None
    return f"config.json asks for a vocabulary of {vocabulary}; the competition allows {limits.max_vocabulary}"


def allowed_window(blueprint: Blueprint, limits: ModelLimits) -> str | None:
    """A window of so few tokens that a text takes as many passes as it has tokens."""
    if blueprint.max_length >= limits.min_length:
        return None
    return f"config.json gives a window of {blueprint.max_length} tokens; the competition needs {limits.min_length}"


def _bad(fault: str) -> Rejection:
    return Rejection(Reason.CONFIG, fault)
