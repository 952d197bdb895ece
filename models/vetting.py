"""A stranger's folder → a clean directory that may be loaded, or the reason why not.

Everything dangerous is decided from bytes parsed here; the clean directory holds our own config, tokenizer and headers,
and of the stranger's only numbers. It knows no Hub and no library that loads models.
"""

from dataclasses import dataclass
from pathlib import Path

from models.configs import Blueprint, read_config
from models.digest import model_digest
from models.limits import ModelLimits
from models.manifest import CONFIG, TOKENIZER, TOKENIZER_CONFIG, WEIGHTS, Manifest, read_folder
from models.rejections import Reason, Rejection
from models.strict_json import readable
from models.tokenizers import CleanTokenizer, fixed_tokenizer, read_tokenizer, tokenizer_config
from models.weights import find_tensors, match, rewrite


@dataclass(frozen=True, slots=True)
class Vetted:
    """A clean directory in numbers: its digest, parameters, bytes of its files, and window in tokens.

    `tokenizer` is the hex sha256 of its tokenizer.json, which a competition may fix.
    """

    digest: str
    parameters: int
    bytes: int
    max_length: int
    tokenizer: str


def vet(source: Path, into: Path, limits: ModelLimits) -> Vetted | Rejection:
    """Check the folder `source` and write its clean form to `into`, a new directory.

    The clean form does not depend on the limits, so one model has one digest in all competitions. After a Rejection,
    or an OSError (a full disk), `into` may hold a part and is to be thrown away.
    """
    manifest = read_folder(source, limits)
    if isinstance(manifest, Rejection):
        return manifest
    blueprint = read_config((source / CONFIG).read_bytes(), limits)
    if isinstance(blueprint, Rejection):
        return blueprint
    tokenizer = read_tokenizer((source / TOKENIZER).read_bytes(), blueprint.sizes.vocab, blueprint.bos, blueprint.eos)
    if isinstance(tokenizer, Rejection):
        return tokenizer
    if fault := fixed_tokenizer(tokenizer, limits):
        return Rejection(Reason.TOKENIZER, f"{TOKENIZER} {fault}")
    return _write(source, manifest, blueprint, tokenizer, into, limits)


def _write(
    source: Path, manifest: Manifest, blueprint: Blueprint, tokenizer: CleanTokenizer, into: Path, limits: ModelLimits
) -> Vetted | Rejection:
    found = find_tensors(source, manifest, limits)
    matched = found if isinstance(found, Rejection) else match(found, blueprint)
    if isinstance(matched, Rejection):
        return matched
    into.mkdir(parents=True)
    written = rewrite(matched.tensors, into / WEIGHTS, limits.norms)
    if isinstance(written, Rejection):
        return written
    model = matched.blueprint
    (into / CONFIG).write_bytes(readable(model.config))
    (into / TOKENIZER).write_bytes(tokenizer.data)
    (into / TOKENIZER_CONFIG).write_bytes(tokenizer_config(tokenizer, model.bos, model.eos, model.max_length))
    size = sum(file.stat().st_size for file in into.iterdir())
    digest = model_digest(model.config, tokenizer.data, written)
    return Vetted(digest, model.parameters, size, model.max_length, tokenizer.sha256)
