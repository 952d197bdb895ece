"""A new ledger for each test, copied from one that was made by migrations once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.database import Ledger, open_ledger


@pytest.fixture(scope="session")
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "ledger.db"
    open_ledger(path).close()
    return path


@pytest.fixture
def path(_made_once: Path, tmp_path: Path) -> Path:
    """Where an empty ledger lies."""
    return Path(shutil.copy(_made_once, tmp_path / "ledger.db"))


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    opened = open_ledger(path)
    yield opened
    opened.close()
