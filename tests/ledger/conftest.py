"""A new ledger for each test, copied from one that was made by migrations once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.database import Ledger, open_ledger


@pytest.fixture
def path(made_ledger: Path, tmp_path: Path) -> Path:
    """Where an empty ledger lies."""
    return Path(shutil.copy(made_ledger, tmp_path / "ledger.db"))


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    opened = open_ledger(path)
    yield opened
    opened.close()
