"""How results and waiting look: tables that lose nothing, also in a file; a spinner on a terminal."""

from contextlib import AbstractContextManager

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDE = 150
"""Columns where the output is no terminal."""


def show(*tables: Table) -> None:
    """Print tables; what is too long for its column goes on in the next line, so that every key can be copied.

    Cells may quote strangers, so brackets in them are text and never rich's markup, which an odd one would break.
    """
    terminal = Console(markup=False)
    console = terminal if terminal.is_terminal else Console(markup=False, width=_WIDE)
    for table in tables:
        for column in table.columns:
            column.overflow = "fold"
        console.print(table)


def waiting(words: str) -> AbstractContextManager[object]:
    """A spinner with a few words while the block runs; nothing where stderr is no terminal."""
    return Console(stderr=True).status(Text(words))
