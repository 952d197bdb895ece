"""What a competition allows a model to be. Knows nothing of files; vetting holds a repository against it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """Bounds on one model, all inclusive.

    `architectures` are transformers class names with a config allow-list in `models.configs`; `max_layers`,
    `max_header_bytes` and `max_tensors` bound what is read before anything is allocated; `max_length` is in tokens.
    """

    architectures: tuple[str, ...]
    min_parameters: int
    max_parameters: int
    max_repo_bytes: int
    max_length: int
    max_layers: int = 128
    max_tensors: int = 4_000
    max_header_bytes: int = 10_000_000
    dtypes: tuple[str, ...] = ("F32", "F16", "BF16")
