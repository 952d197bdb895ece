"""An empty ledger for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.database import Ledger, open_ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger in a file of its own."""
    opened = open_ledger(tmp_path / "ledger.db")
    yield opened
    opened.close()
