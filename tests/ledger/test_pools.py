"""What rounds were judged on and waited for: counted, kept once, and unknown where an older version kept nothing."""

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from chain.types import Block
from evaluation.sources.held import Cause, Held
from ledger import migrations, rounds, waits
from ledger.board import board
from ledger.database import Ledger, LedgerConflict, open_ledger
from ledger.pools import pools
from ledger.readings import RoundReading
from ledger.waits import Wait
from tests.ledger.builders import AWAY, open_round, pool

GONE = Held(Cause.WITHHELD, "no batch at ore/texts")


def readings(ledger: Ledger) -> tuple[RoundReading, ...]:
    return tuple(round_ for contest in board(ledger).contests for round_ in contest.rounds)


def test_a_round_held_for_hours_takes_a_row_for_each_cause(ledger: Ledger, path: Path) -> None:
    round_ = open_round(ledger)
    for block in range(101, 401):
        for held in (AWAY, Held(Cause.RATE_LIMITED, f"429, request {block}"), AWAY):
            waits.hold(ledger, round_.id, held, Block(block))
    waits.hold(ledger, round_.id, AWAY, Block(90))  # another node lags behind
    (reading,) = readings(ledger)
    assert reading.waits == (
        Wait("rate_limited", "429, request 400", 300, Block(101), Block(400)),
        Wait("unreachable", "the Hub is away", 300, Block(101), Block(400)),
    )
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM waits").fetchone() == (2,)


def test_a_round_waits_for_its_newest_cause_and_its_past_stays_readable(ledger: Ledger) -> None:
    round_ = open_round(ledger)
    causes = []
    for block, held in ((101, GONE), (102, AWAY), (103, GONE)):
        waits.hold(ledger, round_.id, held, Block(block))
        causes.append(rounds.get(ledger, round_.id).cause)
    assert causes == [str(GONE), str(AWAY), str(GONE)]
    rounds.set_bundle(ledger, round_.id, "root", {"questions": pool({"hot1": 1})}, 0)
    (reading,) = readings(ledger)
    assert (reading.state, reading.cause) == ("open", None)
    assert [(wait.cause, wait.times) for wait in reading.waits] == [("withheld", 2), ("unreachable", 1)]


def test_pools_are_those_of_the_first_draw(ledger: Ledger) -> None:
    first, later = pool({"hot1": 2}, {"window": 1}), pool({"hot1": 2, "hot2": 1})
    round_ = open_round(ledger)
    rounds.set_bundle(ledger, round_.id, "root", {"questions": first}, 3)
    rounds.set_bundle(ledger, round_.id, "root", {"questions": later}, 0)
    with pytest.raises(LedgerConflict):
        rounds.set_bundle(ledger, round_.id, "other", {"texts": later}, 0)
    (reading,) = readings(ledger)
    assert [(kept.source, kept.root, kept.samples, kept.dropped) for kept in reading.samples] == [
        ("questions", first.root, 2, {"window": 1})
    ]
    assert reading.near_duplicates == 3


def test_pools_without_a_round_leave_nothing_behind(ledger: Ledger) -> None:
    with pytest.raises(LedgerConflict, match="FOREIGN KEY"):
        rounds.set_bundle(ledger, 9, "root", {"questions": pool({"hot1": 1}, {"window": 1})}, 0)
    with ledger.reading() as session:
        assert pools(session, [9]) == {}


def test_rounds_of_an_older_ledger_stay_readable_and_what_they_were_drawn_from_is_unknown(tmp_path: Path) -> None:
    path, config = tmp_path / "ledger.db", Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
    engine.dispose()
    with sqlite3.connect(path) as older:
        older.executemany(
            "INSERT INTO rounds VALUES (?, 'chat', ?, ?, '0x', x'00')", [(1, 0, 100), (2, 1, 150), (3, 2, 200)]
        )
        older.execute("INSERT INTO bundles VALUES (1, 'root')")
        older.execute("INSERT INTO closings VALUES (1, 120)")
        held = [(1, "no producer"), (3, "no producer"), (3, "the Hub is away"), (3, "the Hub is slow")]
        older.executemany("INSERT INTO holds (round_id, cause) VALUES (?, ?)", held)
    ledger = open_ledger(path)
    seen = [(r.number, r.state, r.cause, r.bundle_root, r.near_duplicates, r.samples) for r in readings(ledger)]
    assert seen == [
        (2, "held", "the Hub is slow", None, None, ()),
        (1, "open", None, None, None, ()),
        (0, "closed", None, "root", None, ()),
    ]
    assert readings(ledger)[0].waits == (Wait(None, "the Hub is slow", 3, None, None),)
    waits.hold(ledger, 3, AWAY, Block(205))
    assert [wait.cause for wait in readings(ledger)[0].waits] == ["unreachable", None]
    ledger.close()
