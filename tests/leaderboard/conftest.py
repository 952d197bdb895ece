"""The story's ledger, and clients of the application over it."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from leaderboard.app import create_app
from ledger.database import Ledger, open_ledger
from tests.leaderboard.story import build

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette prefers another client library where that is installed
    from starlette.testclient import TestClient


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of the story's ledger, written once; tests read it only."""
    path = tmp_path_factory.mktemp("story") / "ledger.db"
    ledger = open_ledger(path)
    build(ledger)
    ledger.close()
    return path


@pytest.fixture
def client(story: Path) -> Iterator[TestClient]:
    """A client of the leaderboard over the story."""
    with TestClient(create_app(story)) as client:
        yield client


@pytest.fixture
def ledger(new_ledger: Ledger) -> Ledger:
    """A ledger nobody has written yet."""
    return new_ledger


@pytest.fixture
def client_of(ledger: Ledger) -> Iterator[TestClient]:
    """A client of the leaderboard over that ledger."""
    with TestClient(create_app(ledger.name)) as client:
        yield client
