"""Sendings of an older ledger: carried over with their answers, and read like any other."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import ledger.database
from chain.types import Block, Hotkey, Included, Refused
from ledger.database import open_ledger
from ledger.weights import Sending, history

MIGRATIONS = Path(ledger.database.__file__).parent / "migrations"


def _ledger_of_revision(path: Path, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_sendings_of_an_older_ledger_are_carried_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    _ledger_of_revision(path, "0002")
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO sends VALUES (1, 50, 'table', '0xabc', 51, NULL)")
        connection.execute("INSERT INTO sends VALUES (2, 60, 'table', 'NotEnoughStake', NULL, 'more')")
        connection.execute("INSERT INTO send_weights VALUES (1, 'hot1', 1.0)")
        connection.execute("INSERT INTO confirmations VALUES (1, 53)")
    opened = open_ledger(path)
    assert history(opened) == (
        Sending(2, Block(60), "table", {}, Refused("NotEnoughStake", "more"), None),
        Sending(1, Block(50), "table", {Hotkey("hot1"): 1.0}, Included(Block(51), "0xabc"), Block(53)),
    )
    opened.close()
