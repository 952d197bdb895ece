"""Fixtures shared by all rooms: empty ledgers, and the pocket network, played once for the whole run, however many
processes share it."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

# read when torch is imported: on a machine with more to do than cores, threads that wait by spinning cost minutes
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from ledger.database import Ledger
    from tests.pocket import Pocket

settings.register_profile("crucible", deadline=None)  # what is slow beside another process is no failure
settings.load_profile("crucible")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that run other tests are for whoever asks for them."""
    if "defences" not in config.option.markexpr:
        asked_for = [item for item in items if item.get_closest_marker("defences")]
        config.hook.pytest_deselected(items=asked_for)
        items[:] = [item for item in items if item not in asked_for]


@pytest.fixture(scope="session", autouse=True)
def _sdk_caches_outside_the_users_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The SDK remembers every network it meets, for its next process."""
    folder = tmp_path_factory.mktemp("sdk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BTCLI_TOKEN_SYMBOLS_CACHE", str(folder / "symbols.json"))
        patch.setenv("BITTENSOR_RUNTIME_CACHE_DIR", str(folder / "runtimes"))
        yield


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def made_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger, closed, for tests to copy: its migrations take longer than most of what they try on it."""
    from ledger.database import open_ledger

    path = tmp_path_factory.mktemp("made") / "ledger.sqlite"
    open_ledger(path).close()
    return path


@pytest.fixture
def new_ledger(made_ledger: Path, tmp_path: Path) -> Iterator["Ledger"]:
    """A ledger of the test's own, empty, as `ledger.sqlite` in its folder."""
    from ledger.database import open_ledger

    opened = open_ledger(shutil.copy(made_ledger, tmp_path))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def pocket(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Pocket"]:
    """A whole small subnet on which everything has happened and only judging is left."""
    from tests.pocket import opened, play  # it takes torch along, which most tests do without

    played, own = run_folder / "pocket", tmp_path_factory.mktemp("pocket") / "network"
    with (run_folder / "pocket.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not played.exists():
            play(own)
            own.rename(played)
        shutil.copytree(played, own)
    with opened(own) as pocket:
        yield pocket
