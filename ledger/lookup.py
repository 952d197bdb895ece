"""Looking up many keys in one table, in as many statements as a database's limit on parameters asks for."""

from collections.abc import Iterator, Sequence
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Row, Select
from sqlalchemy.orm import Session

_Columns = TypeVarTuple("_Columns")

_AT_ONCE = 2_000
"""Keys a statement. SQLite takes 32,766 parameters, PostgreSQL 65,535; a key here is two at most."""


def rows_with(
    session: Session, query: Select[*_Columns], key: ColumnElement[tuple[object, ...]], values: Sequence[object]
) -> Iterator[Row[*_Columns]]:
    """The query's rows whose key is among the values."""
    for start in range(0, len(values), _AT_ONCE):
        yield from session.execute(query.where(key.in_(values[start : start + _AT_ONCE])))
