"""Canaries outside a repository: a planted folder that the kernel watches, and a listener on the loopback.

The kernel tells of every open, read and write, whoever makes it: hooks of Python would not see compiled code.
"""

import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_ACCESS, _MODIFY, _OPEN, _MOVED, _CREATE, _DELETE = 0x1, 0x2, 0x20, 0xC0, 0x100, 0x200
_WATCHED = _ACCESS | _MODIFY | _OPEN | _MOVED | _CREATE | _DELETE
_EVENT = struct.Struct("iIII")


class Canaries:
    """Both canaries, silent so far."""

    def __init__(self, notices: int, listener: socket.socket) -> None:
        self._notices = notices
        self._listener = listener

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def watch(self, folder: Path) -> None:
        """Watch a folder and what lies directly in it, from now on."""
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.inotify_add_watch(self._notices, os.fsencode(folder), _WATCHED) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch", str(folder))

    def heard(self) -> list[str]:
        """What has touched a canary since it was last asked: names of files, and 'connection'."""
        touched: list[str] = []
        with suppress(BlockingIOError):
            data = os.read(self._notices, 1 << 16)
            while data:
                *_, length = _EVENT.unpack_from(data)
                touched.append(data[_EVENT.size : _EVENT.size + length].rstrip(b"\0").decode() or ".")
                data = data[_EVENT.size + length :]
        with suppress(BlockingIOError):
            while True:
                self._listener.accept()[0].close()
                touched.append("connection")
        return list(dict.fromkeys(touched))


@contextmanager
def canaries() -> Iterator[Canaries]:
    """Lend canaries; Linux only."""
    libc = ctypes.CDLL(None, use_errno=True)
    notices = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if notices < 0:
        raise OSError(ctypes.get_errno(), "inotify_init1")
    try:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
            listener.setblocking(False)
            yield Canaries(notices, listener)
    finally:
        os.close(notices)
