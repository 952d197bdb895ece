"""Whether a device holds the judging of a model, asked before a byte of its weights is read. Only the worker asks."""

from collections.abc import Sequence
from pathlib import Path

import torch

from evaluation.capacity import machine_bytes
from evaluation.memory_plan import kind_of, lack, plan, work_of
from evaluation.tasks.spec import TaskSpec
from models.configs import read_config
from models.limits import WIDEST
from models.manifest import CONFIG
from models.rejections import Rejection


def shortage(model: Path, tasks: Sequence[TaskSpec], max_length: int, device: str, dtype: str) -> str | None:
    """What the device lacks for judging the model in a clean directory, and the remedy; None where it lacks nothing.

    Its whole memory counts, since a worker is the only one on its device. A config that no plan can be made of is for
    loading to refuse. Raises OSError.
    """
    found = read_config((model / CONFIG).read_bytes(), WIDEST)
    if isinstance(found, Rejection):
        return None
    window = found.config.get("sliding_window")
    work = work_of(tasks, min(max_length, found.max_length))
    needed = plan(found.sizes, work, dtype, kind_of(device), window if isinstance(window, int) else None)
    return lack(needed, _bytes_of(device), device, dtype)


def _bytes_of(device: str) -> int:
    if kind_of(device) == "cpu":
        return machine_bytes()
    return int(torch.cuda.get_device_properties(device).total_memory)
