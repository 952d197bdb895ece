"""Which chain a command means: a network's, or any chain file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from chain.embedded.node import Node
from localnet.place import LocalnetError, Place, default_place, place_at

Home = Annotated[Path | None, typer.Option("--home", help="The network's folder.")]
File = Annotated[Path | None, typer.Option("--file", help="A chain file, instead of the chain of a network.")]


def network_of(home: Path | None, file: Path | None) -> Place | None:
    """The network whose chain is meant; None where a file is named instead. Raises LocalnetError."""
    if home is not None and file is not None:
        raise LocalnetError(f"both --home {home} and --file {file} name a chain: give one of them")
    if file is not None:
        return None
    place = place_at(home) if home else default_place()
    place.require()
    return place


def path_of(home: Path | None, file: Path | None) -> Path:
    """The chain's file. Raises LocalnetError."""
    place = network_of(home, file)
    return place.chain if place else Path(file or "")


@contextmanager
def opened(home: Path | None, file: Path | None) -> Iterator[Node]:
    """The chain, open. Raises LocalnetError, ChainFileError."""
    node = Node.open(path_of(home, file))
    try:
        yield node
    finally:
        node.close()
