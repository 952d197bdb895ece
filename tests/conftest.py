"""Fixtures shared by all rooms: the pocket network, played once for the whole session."""

from collections.abc import Iterator

import pytest

from tests.pocket import Pocket, played


@pytest.fixture(scope="session")
def pocket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pocket]:
    """A whole small subnet on which everything has happened and only judging is left."""
    with played(tmp_path_factory.mktemp("pocket") / "network") as network:
        yield network
