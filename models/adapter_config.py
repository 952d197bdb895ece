"""A stranger's adapter_config.json → the few numbers that a merge needs, and a new one of ours for publishing.

Facts about peft 0.21's LoraConfig; peft itself is never loaded. Every key that it writes is read here, must say that
nothing special is on, or is of no effect on a merge; a key that stands in no list is refused. Which modules are changed
the tensors decide, so the keys that choose modules for training are of no effect.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from models.architectures import Rule
from models.bases import BaseRef
from models.limits import ModelLimits
from models.manifest import ADAPTER_CONFIG
from models.rejections import Reason, Rejection
from models.strict_json import BadJson, parse_object, readable, shown

_MAX_ALPHA = 65_536
_BASE = "base_model_name_or_path"


@dataclass(frozen=True, slots=True)
class AdapterConfig:
    """The rank of an adapter's matrices, and the number that their product is multiplied by: alpha/r, or alpha/√r."""

    rank: int
    alpha: float
    rank_stabilized: bool

    @property
    def scale(self) -> float:
        """What an update is multiplied by."""
        return self.alpha / (math.sqrt(self.rank) if self.rank_stabilized else self.rank)


def _one_of(*values: object) -> Rule:
    says = " or ".join("null" if value is None else str(value).lower() for value in values)
    return Rule(says, lambda value: any(value == known and type(value) is type(known) for known in values))


def _is_alpha(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _MAX_ALPHA


_OFF = _one_of(False)
_NONE = _one_of(None)
_EMPTY = Rule("null or empty", lambda value: value in (None, [], {}))
_ANY = Rule("anything", lambda _: True)

_NEEDED = {
    "peft_type": Rule("LORA", lambda value: value == "LORA"),
    "r": Rule("a whole number from 1", lambda value: type(value) is int and value >= 1),
    "lora_alpha": Rule(f"a number above 0, at most {_MAX_ALPHA}", _is_alpha),
}
_OPTIONAL = {
    "task_type": Rule("CAUSAL_LM or null", lambda value: value in ("CAUSAL_LM", None)),
    "use_rslora": Rule("true or false", lambda value: isinstance(value, bool)),
    # the other ways of beginning change the base, or turn on a variant; peft writes true once they are converted
    "init_lora_weights": Rule(
        "true, false, gaussian, eva or orthogonal: convert what was trained on a changed base",
        lambda value: isinstance(value, bool) or value in ("gaussian", "eva", "orthogonal"),
    ),
    "bias": _one_of("none"),
    **dict.fromkeys(
        ("ensure_weight_tying", "fan_in_fan_out", "lora_bias", "use_dora", "use_qalora"),
        _OFF,
    ),
    **dict.fromkeys(
        (
            "alora_invocation_tokens",
            "arrow_config",
            "corda_config",
            "kasa_config",
            "layer_replication",
            "lora_ga_config",
            "megatron_config",
            "monteclora_config",
            "use_bdlora",
            "velora_config",
        ),
        _NONE,
    ),
    **dict.fromkeys(
        (
            "alpha_pattern",
            "loftq_config",
            "modules_to_save",
            "rank_pattern",
            "target_parameters",
            "trainable_token_indices",
        ),
        _EMPTY,
    ),
    **dict.fromkeys(
        (
            "auto_mapping",
            "eva_config",
            "exclude_modules",
            "inference_mode",
            "layers_pattern",
            "layers_to_transform",
            "lora_dropout",
            "megatron_core",
            "peft_version",
            "qalora_group_size",
            "target_modules",
        ),
        _ANY,
    ),
}

ADAPTER_KEYS = frozenset({_BASE, "revision", *_NEEDED, *_OPTIONAL})
"""Every key that an adapter_config.json may have: those of peft 0.21."""


def read_adapter_config(data: bytes, base: BaseRef, limits: ModelLimits) -> AdapterConfig | Rejection:
    """What the bytes of an adapter_config.json say of an adapter for this base.

    Rejects with PATH another base, with CONFIG what no allow-list has, with LIMITS a rank beyond the competition's.
    """
    parsed = parse_object(data)
    if isinstance(parsed, BadJson):
        return Rejection(Reason.CONFIG, f"{ADAPTER_CONFIG} {parsed.reason}; save it with peft's save_pretrained")
    if fault := known_adapter_keys(parsed) or kept_adapter_rules(parsed):
        return Rejection(Reason.CONFIG, fault)
    if fault := named_base(parsed, base):
        return Rejection(Reason.PATH, fault)
    rank = cast(int, parsed["r"])
    if fault := allowed_rank(rank, limits):
        return Rejection(Reason.LIMITS, fault)
    return AdapterConfig(rank, float(cast(float, parsed["lora_alpha"])), parsed.get("use_rslora") is True)


def known_adapter_keys(config: Mapping[str, object]) -> str | None:
    """A key outside the allow-list: what a later version of peft adds to an adapter."""
    strange = next((key for key in config if key not in ADAPTER_KEYS), None)
    if strange is None:
        return None
    value = shown(config[strange])
    return f"{ADAPTER_CONFIG} sets {shown(strange)} to {value}, which no LoRA may here; remove it"


def kept_adapter_rules(config: Mapping[str, object]) -> str | None:
    """A value outside its key's rule, which would make more or less of the tensors than two factors; or none."""
    for key, rule in {**_NEEDED, **_OPTIONAL}.items():
        if key in config and not rule.holds(config[key]):
            return f"{key} of {ADAPTER_CONFIG} is {shown(config[key])}; it must be {rule.says}"
        if key in _NEEDED and key not in config:
            return f"{ADAPTER_CONFIG} has no {key}; set it to {rule.says}"
    return None


def named_base(config: Mapping[str, object], base: BaseRef) -> str | None:
    """Another repository or revision than the competition's base: the update would be added to what it is not of."""
    if (named := config.get(_BASE)) != base.repo:
        return f"{_BASE} of {ADAPTER_CONFIG} is {shown(named)}; adapters here are of {base.repo}, name that one"
    if config.get("revision") not in (None, base.revision):
        return (
            f"revision of {ADAPTER_CONFIG} is {shown(config['revision'])}; "
            f"the base is {base.repo} at {base.revision}, name that or null"
        )
    return None


def allowed_rank(rank: int, limits: ModelLimits) -> str | None:
    """A rank so high that the merge takes the time of many."""
    if rank <= limits.max_rank:
        return None
    return f"{ADAPTER_CONFIG} asks for rank {shown(rank)}; the competition allows {limits.max_rank}"


def own_adapter_config(config: AdapterConfig, modules: Iterable[str], base: BaseRef) -> bytes:
    """A new adapter_config.json of our own keys alone, which peft reads as well."""
    alpha = int(config.alpha) if config.alpha.is_integer() else config.alpha
    return readable(
        {
            _BASE: base.repo,
            "bias": "none",
            "inference_mode": True,
            "lora_alpha": alpha,
            "peft_type": "LORA",
            "r": config.rank,
            "revision": base.revision,
            "target_modules": sorted(modules),
            "task_type": "CAUSAL_LM",
            "use_rslora": config.rank_stabilized,
        }
    )


def with_base_named(data: bytes, base: BaseRef) -> bytes:
    """A miner's own adapter_config.json with the base's repository in place of a path on the miner's disk, or as is."""
    parsed = parse_object(data)
    if isinstance(parsed, BadJson) or not _is_local(parsed.get(_BASE)):
        return data
    return readable({**parsed, _BASE: base.repo, "revision": base.revision})


def _is_local(named: object) -> bool:
    """Whether peft was given a folder, and not a repository, to train on."""
    return isinstance(named, str) and (named.startswith(("/", ".", "~")) or Path(named).is_dir())
