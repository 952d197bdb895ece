"""A stranger's folder → a clean directory that may be loaded, or the reason why not.

Everything dangerous is decided from bytes parsed here; the clean directory holds our own config, tokenizer and headers,
and of the stranger's only numbers. An adapter becomes the model that it makes of its base, which is then vetted like
any other. It knows no Hub and no library that loads models.
"""

import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from models.adapters import read_adapter
from models.bases import Base, read_base
from models.configs import Blueprint, read_config
from models.digest import model_digest
from models.limits import ModelLimits
from models.manifest import CONFIG, TOKENIZER, TOKENIZER_CONFIG, WEIGHTS, Manifest, read_folder
from models.merging import changes_a_number, merge
from models.rejections import Reason, Rejection
from models.sketch import Encoded, sketch_of
from models.strict_json import readable
from models.tokenizers import CleanTokenizer, fixed_tokenizer, read_tokenizer, tokenizer_config
from models.weights import find_tensors, match, rewrite


@dataclass(frozen=True, slots=True)
class Vetted:
    """A clean directory in numbers: its digest, parameters, bytes of its files, and window in tokens.

    `tokenizer` is the hex sha256 of its tokenizer.json, which a competition may fix; `sketch` tells its lineage.
    """

    digest: str
    parameters: int
    bytes: int
    max_length: int
    tokenizer: str
    sketch: Encoded = field(repr=False)


def vet(source: Path, into: Path, limits: ModelLimits, *, base: Base | None = None) -> Vetted | Rejection:
    """Check the folder `source` and write its clean form to `into`, a new directory.

    Where there is a base, `source` may hold an adapter for it. The clean form does not depend on the limits, so one
    model has one digest in all competitions. After a Rejection, or an OSError (a full disk), `into` may hold a part and
    is to be thrown away. Raises BaseDamaged.
    """
    manifest = read_folder(source, limits, adapters=base is not None)
    if isinstance(manifest, Rejection):
        return manifest
    if base is not None and manifest.is_adapter:
        return _vet_adapter(source, into, limits, base)
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
    sketch = sketch_of({tensor.name: tensor.sketch for tensor in written}).encode()
    return Vetted(digest, model.parameters, size, model.max_length, tokenizer.sha256, sketch)


def _vet_adapter(source: Path, into: Path, limits: ModelLimits, base: Base) -> Vetted | Rejection:
    merged = into.with_name(f"{into.name}.merged")
    merged.mkdir(parents=True)
    try:
        digest = _merged(source, merged, limits, base)
        if isinstance(digest, Rejection):
            return digest
        # only the adapter had to be fetched, and that was allowed
        vetted = vet(merged, into, replace(limits, max_repo_bytes=sys.maxsize))
    finally:
        shutil.rmtree(merged, ignore_errors=True)
    return vetted if isinstance(vetted, Rejection) else replace(vetted, digest=digest)


def _merged(source: Path, into: Path, limits: ModelLimits, base: Base) -> str | Rejection:
    """Write the model that an adapter makes of its base, unvetted, and return the adapter's digest."""
    tensors, config = read_base(base), (base.folder / CONFIG).read_bytes()
    blueprint = read_config(config, limits)
    if isinstance(blueprint, Rejection):
        return replace(blueprint, detail=f"the base's {blueprint.detail}")
    adapter = read_adapter(source, base.ref, blueprint, limits)
    if isinstance(adapter, Rejection):
        return adapter
    (into / CONFIG).write_bytes(config)
    (into / TOKENIZER).write_bytes((base.folder / TOKENIZER).read_bytes())
    fault = changes_a_number(merge(tensors, adapter, into / WEIGHTS))
    return Rejection(Reason.WEIGHTS, fault) if fault else adapter.digest
