"""How much memory a judging took: the process's peak resident set on a CPU, the allocator's peak on a CUDA device."""

import contextlib
import re
from pathlib import Path

import torch

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def reset_peak(device: str) -> None:
    """Begin a new measurement. Where the kernel keeps the old peak, the next reading includes it."""
    if torch.device(device).type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with contextlib.suppress(OSError):
            _CLEAR.write_text("5")


def peak_bytes(device: str) -> int:
    """Peak since `reset_peak`, in bytes; 0 where the system does not tell."""
    if torch.device(device).type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    with contextlib.suppress(OSError):
        if found := re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text()):
            return int(found[1]) * 1024
    return 0
