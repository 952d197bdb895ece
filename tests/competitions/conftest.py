"""A small competition to test the rules on."""

import pytest

from competitions.spec import Competition, Table
from competitions.table import parse
from tests.competitions.builders import TABLE


@pytest.fixture
def table_text() -> str:
    return TABLE


@pytest.fixture
def table() -> Table:
    return parse(TABLE)


@pytest.fixture
def chat(table: Table) -> Competition:
    return table.competitions[0]
