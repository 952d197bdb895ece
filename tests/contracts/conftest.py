"""The Hubs that the contract is asked of."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.folder import FolderHub
from hub.port import Hub

_count = itertools.count()


@pytest.fixture
def repo() -> str:
    """A repository name nobody has used yet."""
    return f"alice/model-{next(_count)}"


@pytest.fixture
def open_hub(tmp_path: Path) -> Callable[[str | None], Hub]:
    """Opens the Hub as a user, or as a visitor for None."""
    return lambda user: FolderHub(tmp_path / "hub", user)
