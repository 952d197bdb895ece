"""The architectures a model may have: which keys their config.json may set, to what, and which tensors follow.

Pure facts about transformers 5.23; files and limits are unknown here. A key that stands in no list is refused, so a
switch that a later version invents stays off until somebody has read what it does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models.rope import ROPE_KEYS

Shape = tuple[int, ...]

EMBEDDING = "model.embed_tokens.weight"
HEAD = "lm_head.weight"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a key's value must be, in words and as a test."""

    says: str
    holds: Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Architecture:
    """A transformers class: `rules` for the keys that shape the model, and `defaults` for those that may be absent.

    `dropped` keys may stand in a config.json, within their rule, but never reach the clean one. `qkv_bias` says that
    queries, keys and values have biases whatever the config says.
    """

    name: str
    model_type: str
    rules: Mapping[str, Rule]
    defaults: Mapping[str, object]
    dropped: Mapping[str, Rule]
    qkv_bias: bool = False

    def known_keys(self) -> frozenset[str]:
        """Every key that this architecture's config.json may have."""
        return frozenset({"architectures", "model_type", *self.rules, *self.dropped}) | ROPE_KEYS


@dataclass(frozen=True, slots=True)
class Sizes:
    """The numbers that fix every tensor of a model."""

    vocab: int
    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    tied: bool
    qkv_bias: bool
    o_bias: bool
    mlp_bias: bool

    @property
    def width(self) -> int:
        """Numbers that a layer holds for one token, at its widest."""
        return max(self.hidden, self.inner, self.heads * self.head_dim)

    def layer(self) -> dict[str, Shape]:
        """Name within a layer → shape."""
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return {
            **_linear("self_attn.q_proj", queries, self.hidden, self.qkv_bias),
            **_linear("self_attn.k_proj", keys, self.hidden, self.qkv_bias),
            **_linear("self_attn.v_proj", keys, self.hidden, self.qkv_bias),
            **_linear("self_attn.o_proj", self.hidden, queries, self.o_bias),
            **_linear("mlp.gate_proj", self.inner, self.hidden, self.mlp_bias),
            **_linear("mlp.up_proj", self.inner, self.hidden, self.mlp_bias),
            **_linear("mlp.down_proj", self.hidden, self.inner, self.mlp_bias),
            "input_layernorm.weight": (self.hidden,),
            "post_attention_layernorm.weight": (self.hidden,),
        }

    def parameters(self) -> int:
        """Numbers in all tensors, a tied head counted once; plain arithmetic, however large the sizes."""
        per_layer = sum(shape[0] * (shape[1] if len(shape) == 2 else 1) for shape in self.layer().values())
        return per_layer * self.layers + self.hidden + self.vocab * self.hidden * (1 if self.tied else 2)

    def tensors(self) -> dict[str, Shape]:
        """Name → shape of every tensor; a tied head is none of its own."""
        shapes: dict[str, Shape] = {EMBEDDING: (self.vocab, self.hidden), "model.norm.weight": (self.hidden,)}
        if not self.tied:
            shapes[HEAD] = (self.vocab, self.hidden)
        for index in range(self.layers):
            shapes |= {f"model.layers.{index}.{name}": shape for name, shape in self.layer().items()}
        return shapes


def _linear(name: str, rows: int, columns: int, bias: bool) -> dict[str, Shape]:
    weight: dict[str, Shape] = {f"{name}.weight": (rows, columns)}
    return weight | ({f"{name}.bias": (rows,)} if bias else {})


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**31


def _is_small(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1


def _are_ids(value: object) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 16 and all(_is_whole(item, 0) for item in value)


_COUNT = Rule("a whole number from 1 to 2147483647", lambda value: _is_whole(value, 1))
_COUNT_OR_NULL = Rule(f"{_COUNT.says} or null", lambda value: value is None or _is_whole(value, 1))
_ID = Rule("a token id or null", lambda value: value is None or _is_whole(value, 0))
_IDS = Rule("a token id, a list of them or null", lambda value: _ID.holds(value) or _are_ids(value))
_SMALL = Rule("a number above 0, at most 1", _is_small)
_FLAG = Rule("true or false", lambda value: isinstance(value, bool))
_OFF = Rule("false", lambda value: value is False)
_ACTIVATION = Rule("silu, gelu or relu", lambda value: value in ("silu", "gelu", "relu"))
_FULL = Rule(
    "null or a list of full_attention",
    lambda value: value is None or (isinstance(value, list) and all(item == "full_attention" for item in value)),
)
_ANY = Rule("anything", lambda _: True)

_SHAPING = {
    "vocab_size": _COUNT,
    "hidden_size": _COUNT,
    "intermediate_size": _COUNT,
    "num_hidden_layers": _COUNT,
    "num_attention_heads": _COUNT,
    "num_key_value_heads": _COUNT_OR_NULL,
    "max_position_embeddings": _COUNT,
    "hidden_act": _ACTIVATION,
    "rms_norm_eps": _SMALL,
    "tie_word_embeddings": _FLAG,
    "bos_token_id": _ID,
    "eos_token_id": _IDS,
}
_DEFAULTS: dict[str, object] = {
    "num_key_value_heads": None,
    "tie_word_embeddings": False,
    "bos_token_id": None,
    "eos_token_id": None,
}

# written by every save_pretrained; without effect on a model in eval mode, or passed by our own loading
_DROPPED = dict.fromkeys(
    (
        "_attn_implementation_autoset",
        "_name_or_path",
        "attention_dropout",
        "chunk_size_feed_forward",
        "dtype",
        "initializer_range",
        "output_attentions",
        "output_hidden_states",
        "pad_token_id",
        "pretraining_tp",
        "return_dict",
        "torch_dtype",
        "transformers_version",
        "use_cache",
    ),
    _ANY,
)

LLAMA = Architecture(
    "LlamaForCausalLM",
    "llama",
    _SHAPING | {"head_dim": _COUNT_OR_NULL, "attention_bias": _FLAG, "mlp_bias": _FLAG},
    _DEFAULTS | {"head_dim": None, "attention_bias": False, "mlp_bias": False},
    _DROPPED,
)
MISTRAL = Architecture(
    "MistralForCausalLM",
    "mistral",
    _SHAPING | {"head_dim": _COUNT_OR_NULL, "sliding_window": _COUNT_OR_NULL},
    _DEFAULTS | {"head_dim": None, "sliding_window": 4096},
    _DROPPED,
)
QWEN2 = Architecture(
    "Qwen2ForCausalLM",
    "qwen2",
    _SHAPING,
    _DEFAULTS,
    _DROPPED
    | {
        "use_sliding_window": _OFF,
        "layer_types": _FULL,
        "sliding_window": _ANY,
        "max_window_layers": _ANY,
        "use_mrope": _OFF,
    },
    qkv_bias=True,
)

ARCHITECTURES: dict[str, Architecture] = {known.name: known for known in (LLAMA, MISTRAL, QWEN2)}
"""Name in config.json's `architectures` → what is known of it; a competition's limits choose among these."""
