"""The watch itself: it sees an attempt to leave this machine, also one of a child process."""

import os
import subprocess
import sys
from pathlib import Path

from tests.localnet.outside import attempts, cut_off, watched

CHILD = "import socket; s = socket.socket(); s.settimeout(0.01); s.connect_ex(('192.0.2.1', 9))"


def test_an_attempt_of_a_child_process_is_seen(tmp_path: Path) -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"
    environment = watched(os.environ, tmp_path / "attempts.txt")
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert [line.split(" by ")[0] for line in attempts(tmp_path / "attempts.txt")] == [
        "socket.connect ('192.0.2.1', 9)"
    ]


def test_a_command_that_is_cut_off_still_reaches_its_own_loopback() -> None:
    listen = "s = socket.create_server(('127.0.0.1', 0))"
    code = f"import socket; {listen}; socket.create_connection(s.getsockname()); print('in')"
    done = subprocess.run(cut_off([sys.executable, "-c", code]), capture_output=True, text=True, check=True)
    assert done.stdout == "in\n"
