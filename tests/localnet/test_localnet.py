"""`crucible localnet` as an operator types it: what is up stays up, what fails leaves nothing behind."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from crucible.app import app

CRUCIBLE = str(Path(sys.executable).with_name("crucible"))
PATIENCE_S = 300


def crucible(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CRUCIBLE, *arguments],
        env=os.environ | {"CRUCIBLE_HOME": str(folder / "crucible"), "HOME": str(folder)} | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def refusal(folder: Path, *arguments: str) -> str:
    """The one line of a command that cannot be done; typed in this process, since it is over as soon as it begins."""
    with chdir(folder):
        told = CliRunner(env={"CRUCIBLE_HOME": str(folder / "crucible"), "HOME": str(folder)})
        done = told.invoke(app, ["localnet", *arguments])
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.output
    return done.stderr


def left_behind(folder: Path) -> list[str]:
    """Processes that know of a folder, by command line or environment."""
    found = []
    for process in psutil.process_iter():
        try:
            known = [*process.cmdline(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any(str(folder) in text for text in known):
            found.append(" ".join(process.cmdline()))
    return found


_AS_ON_A_TERMINAL = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


def interrupted(folder: Path, number: signal.Signals, begun: Callable[[], bool], *arguments: str) -> int:
    """Start a command, send it a signal as soon as `begun`, and wait for its end; its exit code."""
    environment = os.environ | {"TMPDIR": str(folder), "HOME": str(folder)}
    # started with the signals of a terminal: a job in the background would hand on that it ignores Ctrl-C
    terminal = [sys.executable, "-c", _AS_ON_A_TERMINAL, CRUCIBLE, *arguments]
    process = subprocess.Popen(terminal, env=environment, stderr=subprocess.DEVNULL)
    until = time.monotonic() + PATIENCE_S
    while not begun():
        assert process.poll() is None, "it ended before it could be interrupted"
        assert time.monotonic() < until, "it never came so far"
        time.sleep(0.02)
    process.send_signal(number)
    return process.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which `net` is a network that is up, named relatively."""
    folder = tmp_path_factory.mktemp("operator with a space")
    try:
        done = crucible(folder, "localnet", "up", "--home", "net")
        assert (done.returncode, "leaderboard  http://127.0.0.1:" in done.stdout) == (0, True), done.stderr
        yield folder
    finally:
        crucible(folder, "localnet", "down", "--home", "net", "--purge")
    assert (left_behind(folder), (folder / "net").exists()) == ([], False)


def states(folder: Path) -> dict[str, bool]:
    told = json.loads(crucible(folder, "localnet", "status", "--home", "net", "--json").stdout)
    return {actor["actor"]: actor["alive"] for actor in told["actors"]}


def test_a_second_up_is_refused_and_touches_nobody(net: Path) -> None:
    line = refusal(net, "up", "--home", "net")
    home = shlex.quote(str(net / "net"))
    assert f"has a network already: `crucible localnet status --home {home}` shows it" in line
    actors = ("chain", "hub", "leaderboard", "producer-1", "producer-2", "validator")
    assert states(net) == dict.fromkeys(actors, True)


def test_the_printed_exports_make_a_shell_act_as_anybody(net: Path) -> None:
    told = crucible(net, "localnet", "exports", "bob", "--home", "net").stdout
    shell = f"{told}\n{CRUCIBLE} miner status --json && {CRUCIBLE} validator status --json"
    out = subprocess.check_output(["bash", "-c", shell], text=True, env=os.environ | {"HOME": str(net)})
    mine, board = (json.loads(line) for line in out.splitlines())
    assert (mine["uid"], mine["state"], board["identity"]["netuid"]) == (3, "none", 1)


def test_exports_of_a_stranger_are_refused(net: Path) -> None:
    assert "nobody is called 'mallory' here" in refusal(net, "exports", "mallory", "--home", "net")


def test_commands_at_a_place_without_a_network_say_how_to_start_one(tmp_path: Path) -> None:
    commands = (["status"], ["down"], ["down", "--purge"], ["chain", "run"], ["hub", "run"], ["exports"])
    lines = {refusal(tmp_path, *command) for command in commands}
    place = tmp_path / "crucible" / "localnet"
    assert lines == {f"error: no network in {place}: start one with `crucible localnet up`\n"}
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_files_is_never_a_networks(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years")
    line = refusal(tmp_path, "up", "--home", ".")
    assert "holds other files (thesis.txt, …): name a new or empty folder by --home" in line
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("option", ["--hub-port", "--board-port"])
def test_a_port_in_use_is_refused_before_anything_is_begun(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refusal(tmp_path, "up", option, port)
    assert line == f"error: cannot listen on 127.0.0.1:{port} (Address already in use): choose another by {option}\n"
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_up_left_can_be_purged(tmp_path: Path) -> None:
    (tmp_path / "crucible" / "localnet").mkdir(parents=True)
    (tmp_path / "crucible" / "localnet" / "network.json").touch()
    assert "`crucible localnet down --purge` removes it" in refusal(tmp_path, "up")
    assert crucible(tmp_path, "localnet", "down", "--purge").returncode == 0
    assert list((tmp_path / "crucible").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_up_leaves_neither_processes_nor_files(tmp_path: Path, number: signal.Signals) -> None:
    home = tmp_path / "net"
    begun = (home / "actors" / "producer-2" / "process.json").is_file
    assert interrupted(tmp_path, number, begun, "localnet", "up", "--home", str(home)) == 130
    assert (left_behind(tmp_path), home.exists()) == ([], False)


def test_an_interrupted_demo_leaves_neither_processes_nor_files(tmp_path: Path) -> None:
    def training() -> bool:
        return bool(list(tmp_path.glob("crucible-demo-*/actors/owner/errand.json")))

    assert interrupted(tmp_path, signal.SIGTERM, training, "demo", "--size", "pocket") == 130
    assert (left_behind(tmp_path), list(tmp_path.glob("crucible-demo-*"))) == ([], [])
