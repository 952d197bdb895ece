"""How much memory a device has in all. Knows no models, and reaches no torch: about a GPU a process of its own asks."""

import contextlib
import os
import resource
import subprocess
import sys
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup/memory.max")
_ASK = "import sys, torch; print(torch.cuda.get_device_properties(sys.argv[1]).total_memory)"
_ANSWER_S = 120.0


class NoDevice(Exception):
    """The device does not answer; the message says what was said instead."""


def capacity(device: str) -> int:
    """Bytes that the device has, whoever uses them now. Raises NoDevice."""
    return machine_bytes() if device == "cpu" else _gpu_bytes(device)


def machine_bytes() -> int:
    """Bytes that this process may have: of the machine, of its container, or under its own limit."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with contextlib.suppress(OSError, ValueError):  # no such file, or "max"
        found.append(int(_CGROUP.read_text()))
    own, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return min(found if own == resource.RLIM_INFINITY else [*found, own])


def _gpu_bytes(device: str) -> int:
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _ASK, device], capture_output=True, text=True, timeout=_ANSWER_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoDevice(f"no answer within {_ANSWER_S:g} s") from error
    if done.returncode != 0:
        raise NoDevice((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200])
    return int(done.stdout)
