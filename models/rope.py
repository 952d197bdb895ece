"""Position encodings a model may use: those whose frequencies are fixed by the config alone.

Kinds that change with the length of the batch (dynamic, longrope) are left out: later text would move earlier logits.
"""

from collections.abc import Mapping

from models.strict_json import shown

_FACTORS: dict[str, tuple[str, ...]] = {
    "default": (),
    "linear": ("factor",),
    "llama3": ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"),
}
"""Kind → the numbers it needs, all positive, in the words of transformers' `rope_parameters`."""

ROPE_KEYS = frozenset({"rope_parameters", "rope_theta", "rope_scaling"})
"""Keys of config.json that speak of positions: today's one, and the two that older versions wrote."""

_DEFAULT_THETA = 10_000.0
_LARGEST = 1e12


def read_rope(config: Mapping[str, object]) -> dict[str, object] | str:
    """The clean `rope_parameters` of a config, numbers as floats; or the fault, in one line."""
    today, scaling = config.get("rope_parameters"), config.get("rope_scaling")
    if today is not None and scaling is not None:
        return "config.json has both rope_parameters and rope_scaling; keep rope_parameters"
    given = today if today is not None else scaling if scaling is not None else {}
    if not isinstance(given, dict):
        return f"rope_parameters of config.json is {shown(given)}; write an object"
    return _clean({"rope_theta": config.get("rope_theta", _DEFAULT_THETA), **given})


def _clean(given: dict[str, object]) -> dict[str, object] | str:
    kind = given.pop("rope_type", None) or given.get("type", "default")
    given.pop("type", None)
    if not isinstance(kind, str) or kind not in _FACTORS:
        return f"rope_type of config.json is {shown(kind)}; allowed are {', '.join(_FACTORS)}"
    wanted = ("rope_theta", *_FACTORS[kind])
    if unknown := [key for key in given if key not in wanted]:
        return f"rope_parameters of config.json has {shown(unknown[0])}; {kind!r} takes {', '.join(wanted)}"
    numbers = {key: _positive(given.get(key), whole=key == "original_max_position_embeddings") for key in wanted}
    if faulty := [key for key, number in numbers.items() if number is None]:
        return f"{faulty[0]} of config.json is {shown(given.get(faulty[0]))}; write a number above 0, at most 1e12"
    if kind == "llama3" and given["high_freq_factor"] == given["low_freq_factor"]:
        return "high_freq_factor and low_freq_factor of config.json are equal, which divides by zero; set them apart"
    return {"rope_type": kind, **numbers}


def _positive(value: object, *, whole: bool) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LARGEST:
        return None
    if whole:
        return int(value) if value == int(value) else None
    return float(value)
