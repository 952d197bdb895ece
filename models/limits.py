"""What a competition allows a model to be. Knows nothing of files; vetting holds a repository against it."""

import sys
from dataclasses import dataclass

from models.architectures import ARCHITECTURES
from models.norms import NormLimits

_NORMS = NormLimits()


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """Bounds on one model, all inclusive.

    `architectures` are transformers class names with a config allow-list in `models.configs`; `max_layers`,
    `max_header_bytes` and `max_tensors` bound what is read before anything is allocated. `max_length` bounds the tokens
    that a model is fed at once; its own window must hold `min_length`: the causality probe takes as many, and a text in
    windows of a few tokens would take as many passes as it has tokens. `max_width` (numbers that a layer holds for one
    token) and `max_vocabulary` bound the memory of judging, which few parameters can drive up without end; `norms` the
    numbers of the matrices, and `max_rank` the rank of an adapter, where the competition takes any.
    """

    architectures: tuple[str, ...]
    min_parameters: int
    max_parameters: int
    max_repo_bytes: int
    max_length: int
    min_length: int = 64
    max_layers: int = 128
    max_width: int = 65_536
    max_vocabulary: int = 524_288
    max_tensors: int = 4_000
    max_header_bytes: int = 10_000_000
    max_rank: int = 256
    dtypes: tuple[str, ...] = ("F32", "F16", "BF16")
    norms: NormLimits = _NORMS


WIDEST = ModelLimits(
    architectures=tuple(ARCHITECTURES),
    min_parameters=1,
    max_parameters=10**12,
    max_repo_bytes=10**13,
    max_length=2**31,
    max_layers=1_000,
    norms=NormLimits(soft=sys.float_info.max, soft_share=1.0, hard=sys.float_info.max),
)
"""Limits of vetting itself, for a model that enters no competition, such as a base; finite, so that JSON has them."""
