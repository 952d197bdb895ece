"""A plugin for pytest: `-p tests.attacks.switched_off --without NAME` runs tests with a defence switched off."""

from contextlib import ExitStack

import pytest

from tests.attacks.elsewhere_switches import ELSEWHERE_OFF
from tests.attacks.switches import HOUSE, without

_OFF = ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the defence."""
    parser.addoption("--without", action="append", default=[], choices=sorted(ELSEWHERE_OFF), help="a defence")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Once all modules are there, so that those that hold the function by name are met too."""
    switches = [ELSEWHERE_OFF[name] for name in session.config.getoption("--without")]
    _OFF.enter_context(without(*switches, rooms=(*HOUSE, "tests")))


def pytest_unconfigure() -> None:
    """Switch it on again."""
    _OFF.close()
