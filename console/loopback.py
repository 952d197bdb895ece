"""A guard for processes that must not reach beyond this machine: the embedded network's actors, and model workers.

An audit hook sees every connection that Python code opens, whichever library asks for it; it cannot be removed again.
"""

import ipaddress
import os
import socket
import sys
from typing import Any

SWITCH = "CRUCIBLE_LOOPBACK_ONLY"
"""Environment variable: any value but 0 and the empty one asks for the guard; child processes inherit it."""

_ADDRESS_EVENTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_NAME_EVENTS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
"""Looking a name up asks a name server, which carries the name out."""


class LeftLoopback(PermissionError):
    """A process under the guard tried to reach another machine."""


def guard_if_asked() -> bool:
    """Install the guard where the environment asks for it; whether it did."""
    asked = os.environ.get(SWITCH, "0") not in ("", "0")
    if asked:
        guard()
    return asked


def guard() -> None:
    """From now on this process connects to loopback and Unix sockets only; anything else raises LeftLoopback."""
    sys.addaudithook(_check)


def is_loopback(address: Any) -> bool:
    """Whether a socket address stays on this machine: a Unix path, or an (address, port) within 127.0.0.0/8 or ::1."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0]).partition("%")[0]
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check(event: str, args: tuple[Any, ...]) -> None:
    if event in _ADDRESS_EVENTS:
        family, address = args[0].family, args[1]
        if address is None or family not in (socket.AF_INET, socket.AF_INET6):
            return
    elif event in _NAME_EVENTS:
        address = (args[0] or "", None)
    elif event == "socket.getnameinfo":
        address = args[0]
    else:
        return
    if not is_loopback(address):
        raise LeftLoopback(f"{SWITCH} is set, and {event} asked for {address[0]}: only loopback addresses are allowed")
