"""A clean directory → a model on a device. The only module of the room that loads torch; call it in a worker process.

It trusts the directory's layout because vetting wrote it, and still hands transformers no switch that could run code.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from models.manifest import CONFIG, WEIGHTS
from models.strict_json import compact

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Unloadable(Exception):
    """The clean directory makes no whole model: tensors missing, left over or misshapen, or refused by the library."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in eval mode, its fast tokenizer, and its window in tokens.

    Two tokenizers of one `tokenizer_id` were made of the same bytes: whatever one gives, so does the other.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    tokenizer_id: str
    max_length: int


def load(clean: Path, *, device: str, dtype: str) -> LoadedModel:
    """Load a clean directory, straight to the device, with every number cast to `dtype` (a key of DTYPES).

    Raises Unloadable where the model is at fault. All else that comes through is ours: OSError, SafetensorError (the
    file was written whole, so the disk broke it since), MemoryError and the device's own errors.
    """
    safe = {"local_files_only": True, "trust_remote_code": False}
    numbers = DTYPES[dtype]
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            clean,
            use_safetensors=True,
            attn_implementation="sdpa",
            dtype=numbers,
            device_map=device,
            ignore_mismatched_sizes=True,  # reported below, instead of raised as an error that a device could raise too
            output_loading_info=True,
            **safe,
        )
        # as it stands: AutoTokenizer would build a Qwen2 its own, with a normaliser, other words and one more id, and
        # the switch would give a large one of a Mistral another pattern
        tokenizer = PreTrainedTokenizerFast.from_pretrained(clean, fix_mistral_regex=False, **safe)
    except (ValueError, KeyError, TypeError) as error:
        # the text becomes a public reason: where this machine keeps its models is no part of it
        said = str(error).replace(str(clean.resolve()), clean.name).replace(str(clean), clean.name)
        raise Unloadable(f"{clean.name} cannot be loaded: {type(error).__name__} {said[:200]!r}") from error
    for fault in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if report[fault]:
            raise Unloadable(f"{clean.name} has {fault.replace('_', ' ')}: {sorted(map(str, report[fault]))[:3]}")
    return LoadedModel(model.eval(), tokenizer, identify_tokenizer(clean), model.config.max_position_embeddings)


def identify_tokenizer(clean: Path) -> str:
    """The hex sha256 of all that a tokenizer is made of: every file of the directory but weights and config.

    transformers finds parts of a tokenizer under many names, so those are left out that are known to be none, and no
    others. It reads the config for one switch, which `load` sets itself.
    """
    files = {path.relative_to(clean).as_posix(): path for path in clean.rglob("*") if path.is_file()}
    parts = {name: path for name, path in files.items() if name not in (CONFIG, WEIGHTS)}
    sums = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in parts.items()}
    return hashlib.sha256(compact(sums)).hexdigest()
