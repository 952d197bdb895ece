"""Watching processes for attempts to leave this machine: every Python process among them writes each one down.

The watch is a `sitecustomize` module of its own, so that it sees what any library does, independent of the guard that
the network's actors run under. What is no Python (wandb's service) cannot be watched so; a network namespace with a
loopback interface alone shows that it needs nobody either.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_FOLDER = Path(__file__).parent / "watch"
_FILE = "CRUCIBLE_TEST_ATTEMPTS"


def watched(environment: Mapping[str, str], file: Path) -> dict[str, str]:
    """The environment under which processes, and theirs, write their attempts into `file`."""
    file.touch()
    return {**environment, "PYTHONPATH": str(_FOLDER), _FILE: str(file)}


def attempts(file: Path) -> list[str]:
    """What was tried, a line each; the first line of every process says that it was watched."""
    lines = file.read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("watching") for line in lines), "no process was watched"
    return [line for line in lines if not line.startswith("watching")]


def cut_off(command: Sequence[str]) -> list[str]:
    """The command in a network that has a loopback interface alone; as it is where the kernel forbids that."""
    alone = ["unshare", "--net", "--map-root-user"]
    allowed = (
        shutil.which("unshare") and subprocess.run([*alone, "true"], check=False, capture_output=True).returncode == 0
    )
    return (
        [*alone, sys.executable, str(Path(__file__).with_name("loopback_up.py")), *command] if allowed else [*command]
    )
