"""The story's cast and its state at the end where nothing went wrong, each made once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chain.signing import Wallet, create_wallet
from tests.faults.story import Cast, Validator, gather, told


@pytest.fixture(scope="session")
def wallets(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Wallet]:
    """Wallets by name."""
    path = tmp_path_factory.mktemp("wallets")
    return lambda name: create_wallet(name, "default", path)


@pytest.fixture(scope="session")
def cast(tmp_path_factory: pytest.TempPathFactory, wallets: Callable[[str], Wallet], made_ledger: Path) -> Cast:
    """Everybody, and what they publish."""
    return gather(tmp_path_factory.mktemp("cast"), wallets, made_ledger)


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory, cast: Cast) -> Validator:
    """The validator at the end of a story in which nothing went wrong."""
    folder: Path = tmp_path_factory.mktemp("calm") / "run"
    return told(cast, folder)
