"""What an operator sees while a command works: a bar or the newest step on a terminal, plain lines elsewhere.

All of it goes to stderr, so that results on stdout can be piped.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

Advance = Callable[[float, str], None]
"""Told the share that is done, from 0 to 1, and a few words beside the bar."""


@contextmanager
def bar(title: str) -> Iterator[Advance]:
    """A bar until the block ends; shown on terminals only, where it is gone afterwards."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[words]}"))
    console = Console(stderr=True)
    clock = (TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, *clock, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=1.0, words="")
        yield lambda share, words: progress.update(task, completed=share, words=words)


@contextmanager
def narrated() -> Iterator[Callable[[str], None]]:
    """Steps in words: a spinner with the newest on a terminal, elsewhere a line each, repeated ones once.

    The spinner begins with the first step, so that whatever is asked for before, a password, stays readable.
    """
    console = Console(stderr=True, soft_wrap=True)
    told = ""

    def line(words: str) -> None:
        nonlocal told
        if words != told:
            console.print(words, markup=False, highlight=False)
        told = words

    if not console.is_terminal:
        yield line
        return
    status = console.status("")

    def spin(words: str) -> None:
        status.update(Text(words))
        status.start()

    try:
        yield spin
    finally:
        status.stop()


def in_lines(document: Mapping[str, object]) -> str:
    """A result for people: a name and its value a line, without what has none."""
    shown = {name: value for name, value in document.items() if value not in (None, "", [])}
    width = max(map(len, shown), default=0)
    return "\n".join(f"{name.replace('_', ' '):{width}}  {_in_words(value)}" for name, value in shown.items())


def _in_words(value: object) -> str:
    """A value on one line: the names and values of a record within, the items of a list."""
    match value:
        case Mapping():
            return ", ".join(f"{name} {item}" for name, item in value.items())
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set from now on."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop
