"""A plugin for pytest: `-p tests.attacks.switched_off --without NAME` runs tests with one defence switched off."""

from contextlib import ExitStack

import pytest

from tests.attacks.elsewhere import ELSEWHERE_OFF
from tests.attacks.switches import HOUSE, without

_OFF = ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the defence."""
    parser.addoption("--without", choices=sorted(ELSEWHERE_OFF), help="the defence to switch off")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Once all modules are there, so that those that hold the function by name are met too."""
    if name := session.config.getoption("--without"):
        _OFF.enter_context(without(ELSEWHERE_OFF[name], rooms=(*HOUSE, "tests")))


def pytest_unconfigure() -> None:
    """Switch it on again."""
    _OFF.close()
