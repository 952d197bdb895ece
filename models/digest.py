"""The digest that names a model: one hash of what it computes, whatever files it came in. Knows no files.

It covers the vetted form: the clean config, the clean tokenizer, and every tensor's name, dtype, shape and bytes.
READMEs, file names, sharding, header order and metadata are not among these; one changed bit of a weight is.

Tied heads: a head with the embedding's dtype, shape and bytes is left out and the config says that it is tied, so the
three ways of writing such a model (left out, written and tied, written and untied) have one digest. Dtypes: vetting
casts nothing and the dtype is part of the digest. The same numbers in bfloat16 and in float32 are two digests but one
sketch (`models.sketch`): that they agree is for lineage to say.

An adapter's digest covers its base's digest, the scale and the factors, and not the sum that is judged: that is rounded
from float64, and the last bit of one number in billions may differ with the processor. Ways of writing one update (a
factor doubled, the scale halved) have digests of their own, as a model with its neurons in another order has.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from models.strict_json import canonical

_DOMAIN = b"crucible/model/1\n"
_ADAPTER_DOMAIN = b"crucible/adapter/1\n"


@dataclass(frozen=True, slots=True)
class TensorDigest:
    """One tensor: name, dtype as safetensors writes it, shape, and the hex sha256 of its bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str


def model_digest(config: Mapping[str, object], tokenizer: bytes, tensors: Iterable[TensorDigest]) -> str:
    """Hex sha256 over the canonical JSON of config, tokenizer hash and tensors sorted by name.

    `config` and `tokenizer` are the clean ones; tensors may come in any order, and a tied head is none of them.
    """
    content = {
        "config": config,
        "tokenizer": hashlib.sha256(tokenizer).hexdigest(),
        "tensors": _listed(tensors),
    }
    return hashlib.sha256(_DOMAIN + canonical(content)).hexdigest()


def adapter_digest(base: str, scale: float, factors: Iterable[TensorDigest]) -> str:
    """Hex sha256 over the canonical JSON of the base's digest, the scale, and the factors sorted by name."""
    content = {"base": base, "scale": scale, "factors": _listed(factors)}
    return hashlib.sha256(_ADAPTER_DOMAIN + canonical(content)).hexdigest()


def _listed(tensors: Iterable[TensorDigest]) -> list[list[object]]:
    return sorted([tensor.name, tensor.dtype, tensor.shape, tensor.sha256] for tensor in tensors)
