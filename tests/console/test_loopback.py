"""The guard refuses whatever would leave this machine and lets loopback and Unix sockets be."""

import subprocess
import sys

import pytest

from console.loopback import SWITCH, is_loopback

PROBE = """
import socket, sys
from console.loopback import LeftLoopback, guard_if_asked
print("guarded", guard_if_asked())
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).close()
print("loopback reached")
for reach in (
    lambda: socket.create_connection(("192.0.2.1", 9), timeout=0.01),
    lambda: socket.getaddrinfo("example.invalid", 80),
    lambda: socket.gethostbyname("example.invalid"),
    lambda: socket.gethostbyaddr("192.0.2.1"),
    lambda: socket.getnameinfo(("192.0.2.1", 9), 0),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 9)),
):
    try:
        reach()
    except LeftLoopback as refusal:
        print("refused")
"""


def run(**env: str) -> list[str]:
    return subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=False, env=env
    ).stdout.splitlines()


def test_a_guarded_process_reaches_loopback_and_nothing_else() -> None:
    assert run(**{SWITCH: "1"}) == ["guarded True", "loopback reached", *["refused"] * 6]


@pytest.mark.parametrize("value", ["", "0"])
def test_the_guard_is_off_unless_asked_for(value: str) -> None:
    assert run(**{SWITCH: value})[0] == "guarded False"


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        (("127.0.0.1", 80), True),
        (("127.8.9.1", 80), True),
        (("::1", 80, 0, 0), True),
        ("/run/socket", True),
        (("localhost", 80), True),
        (("10.0.0.1", 80), False),
        (("::", 80, 0, 0), False),
        (("huggingface.co", 443), False),
    ],
)
def test_what_counts_as_loopback(address: object, stays: bool) -> None:
    assert is_loopback(address) is stays
