"""Actors as processes: each started by its public command, with a folder, a log and an environment of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from console.loopback import SWITCH
from localnet.place import LocalnetError, Place

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "TERM")
_GRACE_S = 10.0


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
    folder = place.of(actor.name)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log.txt"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command(actor.arguments),
            env=environment(place, actor),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
    running = Running(actor.name, process.pid, psutil.Process(process.pid).create_time(), log)
    (folder / "process.json").write_text(json.dumps({"pid": running.pid, "created": running.created}), encoding="utf-8")
    return running


def run(place: Place, actor: Actor) -> str:
    """Run an actor to its end; the last line of its output. Raises LocalnetError with what it said where it failed."""
    folder = place.of(actor.name)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log.txt").open("ab") as errors:
        done = subprocess.run(
            command(actor.arguments),
            env=environment(place, actor),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=folder,
            check=False,
            text=True,
        )
    if done.returncode:
        raise LocalnetError(f"{actor.name} failed ({done.returncode}): {tail(folder / 'log.txt')}")
    return done.stdout.strip().rpartition("\n")[2]


def all_started(place: Place) -> tuple[Running, ...]:
    """Actors of this place that were started to stand, by name, whether they still live or not."""
    paths = sorted(place.root.glob("actors/*/process.json"))
    return tuple(running for path in paths if (running := _read(path)))


def all_running(place: Place) -> tuple[Running, ...]:
    """Those of them whose processes live."""
    return tuple(running for running in all_started(place) if is_alive(running))


def dead(place: Place) -> Running | None:
    """A standing actor whose process has ended, if there is one."""
    return next((running for running in all_started(place) if not is_alive(running)), None)


def is_alive(running: Running) -> bool:
    """Whether the very process that was started still runs."""
    try:
        process = psutil.Process(running.pid)
        return bool(process.create_time() == running.created and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def stop(running: Running) -> None:
    """Ask an actor to end, and end it and its children where it does not."""
    if not is_alive(running):
        return
    process = psutil.Process(running.pid)
    family = [process, *process.children(recursive=True)]
    process.send_signal(signal.SIGTERM)
    _, alive = psutil.wait_procs(family, timeout=_GRACE_S)
    for left in alive:
        left.kill()
    psutil.wait_procs(alive, timeout=_GRACE_S)


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


def _read(path: Path) -> Running | None:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return Running(path.parent.name, int(facts["pid"]), float(facts["created"]), path.with_name("log.txt"))
    except (OSError, ValueError, KeyError):
        return None
