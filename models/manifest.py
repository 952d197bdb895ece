"""Which files of a repository are the model, decided from names and sizes alone, before the first byte is fetched.

Knows no Hub and no content. Names are compared with a list, never interpreted: a path out of the repository is just a
name that the list does not have.
"""

import re
import stat
from collections.abc import Mapping
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
ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
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
_MAX_BYTES = {CONFIG: 1_000_000, TOKENIZER: 28_000_000, INDEX: 10_000_000, ADAPTER_CONFIG: 1_000_000}
_MODEL = frozenset({CONFIG, TOKENIZER, INDEX})
_ADAPTER = frozenset({ADAPTER_CONFIG, ADAPTER_WEIGHTS})


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files that make up a model: `files` in all, of which `weights` are safetensors, sorted; `size` in bytes."""

    files: tuple[str, ...]
    weights: tuple[str, ...]
    size: int

    @property
    def is_adapter(self) -> bool:
        """Whether these are the files of an adapter, and not of a model."""
        return ADAPTER_CONFIG in self.files


def read_manifest(sizes: Mapping[str, int], limits: ModelLimits, *, adapters: bool = False) -> Manifest | Rejection:
    """The manifest of a repository with these files (POSIX path → bytes), which may hold an adapter if `adapters`."""
    if fault := file_count(sizes):
        return Rejection(Reason.LIMITS, fault)
    if adapters and not _ADAPTER.isdisjoint(sizes):
        return _read_adapter(sizes, limits)
    if fault := known_names(sizes):
        return Rejection(Reason.PATH, fault)
    if fault := config_there(sizes):
        return Rejection(Reason.CONFIG, fault)
    if fault := tokenizer_there(sizes):
        return Rejection(Reason.TOKENIZER, fault)
    if fault := one_set_of_weights(sizes):
        return Rejection(Reason.WEIGHTS, fault)
    weights = tuple(sorted(name for name in sizes if is_weights(name)))
    files = (CONFIG, TOKENIZER, *((INDEX,) if INDEX in sizes else ()), *weights)
    manifest = Manifest(files, weights, sum(sizes[name] for name in files))
    fault = document_bytes(sizes) or repository_bytes(manifest, limits)
    return Rejection(Reason.LIMITS, fault) if fault else manifest


def read_folder(folder: Path, limits: ModelLimits, *, adapters: bool = False) -> Manifest | Rejection:
    """The manifest of a folder on disk; anything in it but plain files is rejected with PATH."""
    sizes = {}
    for entry in folder.iterdir():
        if fault := plain_file(entry):
            return Rejection(Reason.PATH, fault)
        sizes[entry.name] = entry.lstat().st_size
    return read_manifest(sizes, limits, adapters=adapters)


def _read_adapter(sizes: Mapping[str, int], limits: ModelLimits) -> Manifest | Rejection:
    if fault := one_adapter(sizes):
        return Rejection(Reason.WEIGHTS, fault)
    if fault := known_names(sizes, _ADAPTER, "an adapter"):
        return Rejection(Reason.PATH, fault)
    files = (ADAPTER_CONFIG, ADAPTER_WEIGHTS)
    manifest = Manifest(files, (ADAPTER_WEIGHTS,), sum(sizes[name] for name in files))
    fault = document_bytes(sizes) or repository_bytes(manifest, limits)
    return Rejection(Reason.LIMITS, fault) if fault else manifest


def is_weights(name: str) -> bool:
    """Whether a file of this name holds tensors."""
    return name == WEIGHTS or SHARD.fullmatch(name) is not None


def plain_file(entry: Path) -> str | None:
    """A link would be read wherever it leads; a pipe would never end."""
    if stat.S_ISREG(entry.lstat().st_mode):
        return None
    return f"{shown(entry.name)} is no plain file; upload files only, and no links"


def file_count(sizes: Mapping[str, int]) -> str | None:
    """A listing so long that looking at it is work."""
    return f"the repository has {len(sizes)} files; at most {_MAX_FILES} are read" if len(sizes) > _MAX_FILES else None


def known_names(sizes: Mapping[str, int], known: frozenset[str] = _MODEL, needs: str = "a model") -> str | None:
    """A file outside the list: code, pickles, paths, and adapters where none may be entered."""
    found = next((name for name in sizes if name not in known | UNREAD and not is_weights(name)), None)
    return None if found is None else f"{shown(found)} is no file that {needs} needs; remove it from the repository"


def config_there(sizes: Mapping[str, int]) -> str | None:
    """No config: a library would guess one, or ask for another repository's."""
    return None if CONFIG in sizes else f"the repository has no {CONFIG}; save the model with save_pretrained"


def tokenizer_there(sizes: Mapping[str, int]) -> str | None:
    """No fast tokenizer: a library would build one from other files, or ask for another repository's."""
    if TOKENIZER in sizes:
        return None
    return f"the repository has no {TOKENIZER}; save the fast tokenizer with save_pretrained"


def one_set_of_weights(sizes: Mapping[str, int]) -> str | None:
    """Weights not there, not all there, or there twice: which set is the model would be the reader's choice."""
    shards = sorted(name for name in sizes if SHARD.fullmatch(name))
    if WEIGHTS in sizes and (shards or INDEX in sizes):
        return f"the repository has {WEIGHTS} beside {(shards or [INDEX])[0]}; remove one of the two"
    if WEIGHTS not in sizes and not shards:
        return f"the repository has no {WEIGHTS} and no shards; save the model with save_pretrained"
    if shards and shards != [f"model-{n:05}-of-{len(shards):05}.safetensors" for n in range(1, len(shards) + 1)]:
        return f"the repository's {len(shards)} shards are no whole set ({shards[0]} …); upload all"
    if shards and INDEX not in sizes:
        return f"the repository has shards but no {INDEX}; save the model with save_pretrained"
    return None


def one_adapter(sizes: Mapping[str, int]) -> str | None:
    """An adapter beside a whole model, or half of one: which of them is entered would be the reader's choice."""
    here, missing = sorted(_ADAPTER & sizes.keys()), sorted(_ADAPTER - sizes.keys())
    if whole := next((name for name in sizes if is_weights(name) or name == INDEX), None):
        return f"the repository has {whole} beside {here[0]}; remove one of the two"
    return f"the repository has no {missing[0]}; save the adapter with peft's save_pretrained" if missing else None


def document_bytes(sizes: Mapping[str, int]) -> str | None:
    """A document too long to be parsed."""
    large = (name for name, limit in _MAX_BYTES.items() if sizes.get(name, 0) > limit)
    found = next(large, None)
    return None if found is None else f"{found} has {sizes[found]} bytes; the limit is {_MAX_BYTES[found]}"


def repository_bytes(manifest: Manifest, limits: ModelLimits) -> str | None:
    """More bytes than the competition lets a model have."""
    if manifest.size <= limits.max_repo_bytes:
        return None
    return f"the model's files have {manifest.size} bytes; the competition allows {limits.max_repo_bytes}"
