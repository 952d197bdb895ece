"""Actors as processes: each started by its public command, with a folder, a log and an environment of its own.

What is started is on record in its folder at once, so that whoever ends the network finds it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from console.loopback import SWITCH
from localnet.interruption import undivided
from localnet.place import LocalnetError, Place

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "TERM")
_GRACE_S = 10.0
_LOOK_S = 0.02
_STANDING, _ERRAND = "process.json", "errand.json"
"""Records of an actor's processes: the one that stands until it is stopped, and one that runs to its end."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A named process: arguments of the `crucible` command, and what its environment adds."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Running:
    """A started actor; `created` tells its process from a later one that got the same number."""

    name: str
    pid: int
    created: float
    log: Path


def command(arguments: Sequence[str]) -> list[str]:
    """The public command, as installed beside this Python."""
    return [str(Path(sys.executable).with_name("crucible")), *arguments]


def environment(place: Place, actor: Actor) -> dict[str, str]:
    """What the actor sees: little of ours, its own folders, and the guard that keeps it on this machine."""
    folder = place.of(actor.name)
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    own = {
        SWITCH: "1",
        "CRUCIBLE_HOME": str(folder),
        "HF_HOME": str(folder / "hf"),
        "TRANSFORMERS_VERBOSITY": "error",
        "OMP_WAIT_POLICY": "PASSIVE",  # there are more actors than cores: a thread that waits must not spin
        "TOKENIZERS_PARALLELISM": "false",
        "BTCLI_TOKEN_SYMBOLS_CACHE": str(folder / "symbols.json"),  # the SDK would write into the user's home
    }
    return inherited | own | dict(actor.environment)


def start(place: Place, actor: Actor) -> Running:
    """Start an actor in a session of its own, so that it outlives this process and is stopped with its children."""
    with _log(place, actor).open("ab") as output, undivided():
        process = _spawned(place, actor, output, output)
        return _recorded(place, actor, process, _STANDING)


def run(place: Place, actor: Actor) -> str:
    """Run an actor to its end; the last line of its output. Raises LocalnetError with what it said where it failed."""
    with _log(place, actor).open("ab") as errors, undivided():
        process = _spawned(place, actor, subprocess.PIPE, errors)
        running = _recorded(place, actor, process, _ERRAND)
    try:
        output, _ = process.communicate()
    except BaseException:
        stop(running)
        raise
    finally:
        (place.of(actor.name) / _ERRAND).unlink(missing_ok=True)
    if process.returncode:
        raise LocalnetError(f"{actor.name} failed ({process.returncode}): {tail(running.log)}")
    return output.strip().rpartition("\n")[2]


def all_started(place: Place) -> tuple[Running, ...]:
    """Actors of this place that were started to stand, by name, whether they still live or not."""
    return _on_record(place, _STANDING)


def all_running(place: Place) -> tuple[Running, ...]:
    """Every process of this place that lives, those that run to their end included."""
    started = (*all_started(place), *_on_record(place, _ERRAND))
    return tuple(running for running in started if is_alive(running))


def dead(place: Place) -> Running | None:
    """A standing actor whose process has ended, if there is one."""
    return next((running for running in all_started(place) if not is_alive(running)), None)


def is_alive(running: Running) -> bool:
    """Whether the very process that was started still runs."""
    try:
        process = psutil.Process(running.pid)
        return bool(process.create_time() == running.created) and _lives(process)
    except psutil.NoSuchProcess:
        return False


def stop(running: Running) -> None:
    """Ask an actor to end, and end it and its children where it does not."""
    if not is_alive(running):
        return
    try:
        process = psutil.Process(running.pid)
        family = [process, *process.children(recursive=True)]
        process.send_signal(signal.SIGTERM)
    except psutil.NoSuchProcess:
        return
    left = _outlasting(family, _GRACE_S)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _outlasting(left, _GRACE_S)


def _lives(process: psutil.Process) -> bool:
    """Whether a process still does anything: one that has ended may wait long for whoever is to take note of it."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _outlasting(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still live when all have ended or the time is up."""
    until = time.monotonic() + seconds
    while (left := [process for process in processes if _lives(process)]) and time.monotonic() < until:
        time.sleep(_LOOK_S)
    return left


def memory_bytes() -> int:
    """Resident memory of this process and everything it started, shared pages counted once a process."""
    own = psutil.Process()
    total = int(own.memory_info().rss)
    for process in own.children(recursive=True):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def tail(log: Path, lines: int = 3) -> str:
    """The last lines of a log in one line."""
    try:
        return " | ".join(log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-lines:])
    except OSError:
        return "(no log)"


def _log(place: Place, actor: Actor) -> Path:
    folder = place.of(actor.name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "log.txt"


def _spawned(place: Place, actor: Actor, output: IO[bytes] | int, errors: IO[bytes]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(actor.arguments),
        env=environment(place, actor),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        cwd=place.of(actor.name),
        start_new_session=True,
        text=True,
    )


def _recorded(place: Place, actor: Actor, process: subprocess.Popen[str], record: str) -> Running:
    """Put a process on record; one that cannot be is not left behind."""
    folder = place.of(actor.name)
    try:
        created = psutil.Process(process.pid).create_time()
        (folder / record).write_text(json.dumps({"pid": process.pid, "created": created}), encoding="utf-8")
    except BaseException:
        process.kill()
        raise
    return Running(actor.name, process.pid, created, folder / "log.txt")


def _on_record(place: Place, record: str) -> tuple[Running, ...]:
    paths = sorted(place.root.glob(f"actors/*/{record}"))
    return tuple(running for path in paths if (running := _read(path)))


def _read(path: Path) -> Running | None:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return Running(path.parent.name, int(facts["pid"]), float(facts["created"]), path.with_name("log.txt"))
    except (OSError, ValueError, KeyError):
        return None
