"""Snapshots of a chain: a copy of its file at one moment, and the way back to one, which clients see as a new fork."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from chain.embedded.database import LOCK_WAIT_S, connect
from chain.embedded.errors import ChainFileError
from chain.embedded.node import FORK, SEALING
from chain.embedded.storage import ChainFile, Header

_FORK_BYTES = 16


def snapshot(path: Path, to: Path) -> Header:
    """Copy a chain file at its present state to a path where nothing is, while others may write; the copy's head.

    What waits in the pool is copied too. The copy is a chain file: opened as such it goes on as the original would.
    Raises ChainFileError.
    """
    _require_free(to)
    with closing(ChainFile(path)) as chain, _scratch(to) as scratch:
        head = _copied(chain, scratch)
        _require_free(to)
        os.replace(scratch, to)
    return head


def restore(taken: Path, path: Path, *, patience_s: float = LOCK_WAIT_S) -> Header:
    """Put a chain file back to a snapshot of it, or make one where there is none; the head then.

    Programs that have the chain open go on with it: to them it is a reorganisation, below finality if need be, as the
    blocks that follow have other hashes. Waits for a writer for `patience_s` at most. Raises ChainFileError.
    """
    with closing(ChainFile(taken)) as source, _scratch(path) as scratch:
        _copied(source, scratch)
        with closing(ChainFile(scratch)) as fresh:
            fresh.set_meta(FORK, secrets.token_bytes(_FORK_BYTES))
            if path.exists():
                _replace_contents(fresh, path, patience_s, taken)
                return fresh.head()
            head = fresh.head()
        os.replace(scratch, path)
        return head


def _replace_contents(fresh: ChainFile, path: Path, patience_s: float, taken: Path) -> None:
    """Overwrite an existing chain, whose author goes on as it did."""
    with closing(ChainFile(path)) as present:
        if os.path.samefile(taken, path):
            raise ChainFileError(f"{path} is the chain itself: name a snapshot of it")
        if present.block(0) != fresh.block(0):
            raise ChainFileError(f"{taken} is a snapshot of another chain than {path}: restore it to a path of its own")
        fresh.set_meta(SEALING, present.meta(SEALING))
    with closing(connect(path, patience_s)) as target:
        fresh.copy_to(target)


def _copied(chain: ChainFile, to: Path) -> Header:
    with closing(connect(to)) as target:
        chain.copy_to(target)
    with closing(ChainFile(to)) as copy:
        return copy.head()


@contextmanager
def _scratch(beside: Path) -> Iterator[Path]:
    """A path in the same folder, so that what is made there can be moved into place whole."""
    try:
        with tempfile.TemporaryDirectory(dir=beside.parent, prefix=".chain-") as folder:
            yield Path(folder) / "chain"
    except OSError as error:
        raise ChainFileError(
            f"no chain file can be written at {beside}: {error.strerror}; name another path"
        ) from error


def _require_free(path: Path) -> None:
    if path.exists():
        raise ChainFileError(f"{path} already exists; choose another path or remove it")
