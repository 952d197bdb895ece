"""What of this machine can move the last bits of a score, as one digest that receipts carry."""

import hashlib
import importlib.metadata
import json
import platform

import torch

_LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors")


def digest(device: str, dtype: str) -> str:
    """sha256 (64 hex digits) over device kind, dtype, number of threads and library versions."""
    facts = {
        "device": _kind(device),
        "dtype": dtype,
        "threads": torch.get_num_threads(),
        "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _kind(device: str) -> str:
    if torch.device(device).type == "cuda":
        return f"cuda {torch.cuda.get_device_name(device)}"
    return f"{device} {platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
