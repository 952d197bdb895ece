"""Fixtures shared by all rooms: the pocket network, played once for the whole session."""

import os
from collections.abc import Iterator

# read when torch is imported: on a machine with more to do than cores, threads that wait by spinning cost minutes
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest

from tests.pocket import Pocket, played


@pytest.fixture(scope="session")
def pocket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pocket]:
    """A whole small subnet on which everything has happened and only judging is left."""
    with played(tmp_path_factory.mktemp("pocket") / "network") as network:
        yield network
