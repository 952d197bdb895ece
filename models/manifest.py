"""Which files of a repository are the model, decided from names and sizes alone, before the first byte is fetched.

Knows no Hub and no content. Names are compared with a list, never interpreted: a path out of the repository is just a
name that the list does not have.
"""

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.limits import ModelLimits
from models.rejections import Reason, Rejection
from models.strict_json import shown

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
SHARD = re.compile(r"model-(\d{5})-of-(\d{5})\.safetensors", re.ASCII)

UNREAD = frozenset(
    {
        ".gitattributes",
        "LICENSE",
        "LICENSE.md",
        "LICENSE.txt",
        "README.md",
        "added_tokens.json",
        "chat_template.jinja",
        "generation_config.json",
        "merges.txt",
        "special_tokens_map.json",
        TOKENIZER_CONFIG,
        "vocab.json",
    }
)
"""Files that may stand in a repository but are never fetched: nothing of them reaches the clean directory."""

_MAX_FILES = 1_000
_MAX_BYTES = {CONFIG: 1_000_000, TOKENIZER: 20_000_000, INDEX: 10_000_000}


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files that make up a model: `files` in all, of which `weights` are safetensors, sorted; `size` in bytes."""

    files: tuple[str, ...]
    weights: tuple[str, ...]
    size: int


def read_manifest(sizes: Mapping[str, int], limits: ModelLimits) -> Manifest | Rejection:
    """The manifest of a repository with these files (POSIX path → bytes)."""
    if len(sizes) > _MAX_FILES:
        return Rejection(Reason.LIMITS, f"the repository has {len(sizes)} files; at most {_MAX_FILES} are read")
    if fault := next(_path_faults(sizes), None):
        return Rejection(Reason.PATH, fault)
    if missing := next(_missing(sizes), None):
        return missing
    weights = tuple(sorted(name for name in sizes if is_weights(name)))
    files = (CONFIG, TOKENIZER, *((INDEX,) if INDEX in sizes else ()), *weights)
    manifest = Manifest(files, weights, sum(sizes[name] for name in files))
    return next(_size_faults(sizes, manifest, limits), manifest)


def read_folder(folder: Path, limits: ModelLimits) -> Manifest | Rejection:
    """The manifest of a folder on disk; anything in it but plain files is rejected with PATH."""
    sizes = {}
    for entry in folder.iterdir():
        status = entry.lstat()
        if not stat.S_ISREG(status.st_mode):
            return Rejection(Reason.PATH, f"{shown(entry.name)} is no plain file; upload files only, and no links")
        sizes[entry.name] = status.st_size
    return read_manifest(sizes, limits)


def is_weights(name: str) -> bool:
    """Whether a file of this name holds tensors."""
    return name == WEIGHTS or SHARD.fullmatch(name) is not None


def _path_faults(names: Mapping[str, int]) -> Iterator[str]:
    for name in names:
        if name not in UNREAD and name not in _MAX_BYTES and not is_weights(name):
            yield f"{shown(name)} is no file that a model needs; remove it from the repository"


def _missing(names: Mapping[str, int]) -> Iterator[Rejection]:
    """What is not there, or there twice: config, tokenizer, and one whole set of weights."""
    if CONFIG not in names:
        yield Rejection(Reason.CONFIG, f"the repository has no {CONFIG}; save the model with save_pretrained")
    if TOKENIZER not in names:
        yield Rejection(
            Reason.TOKENIZER, f"the repository has no {TOKENIZER}; save the fast tokenizer with save_pretrained"
        )
    shards = sorted(name for name in names if SHARD.fullmatch(name))
    if WEIGHTS in names and (shards or INDEX in names):
        yield Rejection(
            Reason.WEIGHTS, f"the repository has {WEIGHTS} beside {(shards or [INDEX])[0]}; remove one of the two"
        )
    if WEIGHTS not in names and not shards:
        yield Rejection(
            Reason.WEIGHTS, f"the repository has no {WEIGHTS} and no shards; save the model with save_pretrained"
        )
    if shards and shards != [f"model-{n:05}-of-{len(shards):05}.safetensors" for n in range(1, len(shards) + 1)]:
        yield Rejection(
            Reason.WEIGHTS, f"the repository's {len(shards)} shards are no whole set ({shards[0]} …); upload all"
        )
    if shards and INDEX not in names:
        yield Rejection(
            Reason.WEIGHTS, f"the repository has shards but no {INDEX}; save the model with save_pretrained"
        )


def _size_faults(sizes: Mapping[str, int], manifest: Manifest, limits: ModelLimits) -> Iterator[Rejection]:
    for name, limit in _MAX_BYTES.items():
        if sizes.get(name, 0) > limit:
            yield Rejection(Reason.LIMITS, f"{name} has {sizes[name]} bytes; the limit is {limit}")
    if manifest.size > limits.max_repo_bytes:
        detail = f"the model's files have {manifest.size} bytes; the competition allows {limits.max_repo_bytes}"
        yield Rejection(Reason.LIMITS, detail)
