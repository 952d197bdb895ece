"""What a competition allows a model to be. Knows nothing of files; vetting holds a repository against it."""

import re
import sys
from dataclasses import dataclass

from models.architectures import ARCHITECTURES
from models.norms import NormLimits

FREE = "free"
"""As `tokenizer`: any that keeps the rules of `models.tokenizers`."""

TOKENIZER_RULE = f'"{FREE}", or the 64 hex digits that `crucible miner check --json` gives as tokenizer'

_NORMS = NormLimits()
_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_tokenizer(text: str) -> bool:
    """Whether `text` can say which tokenizers a competition allows: TOKENIZER_RULE."""
    return text == FREE or _SHA256.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """Bounds on one model, all inclusive.

    `architectures` are transformers class names with a config allow-list in `models.configs`; `max_layers`,
    `max_header_bytes` and `max_tensors` bound what is read before anything is allocated. `max_length` bounds the tokens
    that a model is fed at once; its own window must hold `min_length`: the causality probe takes as many, and a text in
    windows of a few tokens would take as many passes as it has tokens. `max_width` (numbers that a layer holds for one
    token) and `max_vocabulary` bound the memory of judging, which few parameters can drive up without end; `norms` the
    numbers of the matrices, and `max_rank` the rank of an adapter, where the competition takes any. `tokenizer` is
    FREE, or the hex sha256 of the one clean tokenizer.json that is allowed.
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
    tokenizer: str = FREE


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
