"""The largest model of ordinary build that a competition allows, for planning before any is committed. Pure.

A stranger may build a model as large and stranger, wide and of few layers, which takes more: the plan of each says so.
"""

from models.architectures import Sizes
from models.limits import ModelLimits

_HEAD = 64
"""Numbers of a head; a width is a multiple of it."""
_VOCABULARY = 131_072
"""Words of the vocabularies that today's larger models come with."""


def largest(limits: ModelLimits) -> Sizes:
    """Sizes of the widest ordinary model with at most the limits' parameters, layers, width and vocabulary."""
    made = ordinary(_HEAD, limits)
    while (wider := ordinary(made.hidden + _HEAD, limits)).parameters() <= limits.max_parameters:
        if wider.inner > limits.max_width:
            break
        made = wider
    return made


def ordinary(hidden: int, limits: ModelLimits) -> Sizes:
    """Proportions of today's models: a layer for every 128 numbers of width, four queries to a key, 3.5 times as wide
    inside. A vocabulary takes at most a quarter of the parameters."""
    heads = hidden // _HEAD
    vocabulary = min(_VOCABULARY, limits.max_vocabulary, max(1, limits.max_parameters // (8 * hidden)))
    return Sizes(
        vocab=vocabulary,
        hidden=hidden,
        inner=hidden * 7 // 2,
        layers=min(max(1, hidden // 128), limits.max_layers),
        heads=heads,
        kv_heads=heads // 4 if heads % 4 == 0 else heads,
        head_dim=_HEAD,
        tied=False,
        qkv_bias=False,
        o_bias=False,
        mlp_bias=False,
    )
