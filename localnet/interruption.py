"""Ending a command that has started processes: every signal that asks for it goes the way of Ctrl-C, once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Waiting:
    """How many undivided blocks the main thread is in, and whether a signal waits for their end."""

    depth = 0
    asked = False


@contextmanager
def interruptible() -> Iterator[None]:
    """Within the block the first such signal raises KeyboardInterrupt; later ones do not cut its tidying short.

    A signal that whoever started this process had it ignore (nohup, a job in the background) stays ignored.
    """
    before = {number: signal.getsignal(number) for number in _ENDING if signal.getsignal(number) != signal.SIG_IGN}

    def ask(_number: int, _frame: FrameType | None) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        if _Waiting.depth:
            _Waiting.asked = True
        else:
            raise KeyboardInterrupt

    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undivided() -> Iterator[None]:
    """Within the block no signal interrupts: what is begun and put on record there is never one without the other.

    A signal that came meanwhile raises KeyboardInterrupt at the block's end. Only the main thread is ever interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _Waiting.depth += 1
    try:
        yield
    finally:
        _Waiting.depth -= 1
        if not _Waiting.depth and _Waiting.asked:
            _Waiting.asked = False
            raise KeyboardInterrupt
