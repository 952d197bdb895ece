"""Opening a ledger: made and upgraded by migrations alone, never by mistake, and by one of several that try."""

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from ledger import migrations, submissions
from ledger.board import board
from ledger.database import Ledger, LedgerConflict, LedgerNewer, LedgerUnavailable, open_ledger
from ledger.schema import Base, FactRow, RefusalRow


def pragma(ledger: Ledger, name: str) -> object:
    with ledger.writing() as session:
        return session.scalar(text(f"PRAGMA {name}"))


def test_migrations_from_empty_give_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    open_ledger(tmp_path / "ledger.db").close()
    engine = create_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        names = set(inspect(connection).get_table_names())
    engine.dispose()
    assert (differences, names) == ([], set(Base.metadata.tables) | {"alembic_version"})


def test_an_older_ledger_is_brought_up_to_date_with_all_it_holds(tmp_path: Path) -> None:
    path, config = tmp_path / "ledger.db", Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text("INSERT INTO commitments VALUES (1, 7, 'hot1', 10, 'cold1', 1, 1, 12, x'01', 900, x'02')")
        )
        connection.execute(
            text("INSERT INTO submissions VALUES (1, 1, 'chat', 'a/b', 'rev', 'digest', 'hot1', 'cold1', 1, 1, 10, 20)")
        )
        connection.execute(text("INSERT INTO intakes VALUES (1, 1, 25, 'accepted', 5, 6, NULL, NULL, NULL)"))
    engine.dispose()
    ledger = open_ledger(path)
    (kept,) = submissions.all_of(ledger, "chat")
    assert (kept.repo, kept.digest, kept.secure_hash, kept.intake) == ("a/b", "digest", None, "accepted")
    (waiting,) = board(ledger).submissions
    assert (waiting.state, waiting.reveal_round) == ("queued", 900)
    ledger.close()


def test_every_constraint_has_a_name_that_a_later_migration_can_reach(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        tables = [row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql LIKE 'CREATE TABLE%'")]
    unnamed = [sql for sql in tables if sql.count("CONSTRAINT") < sql.count("KEY") + sql.count("UNIQUE")]
    assert unnamed == []


def test_a_ledger_is_opened_again_with_what_was_written(path: Path) -> None:
    first = open_ledger(path)
    with first.writing() as session:
        session.add(FactRow(name="kept", value="yes"))
    first.close()
    second = open_ledger(str(path))
    with second.reading() as session:
        assert session.get_one(FactRow, "kept").value == "yes"
    second.close()


def test_writers_wait_for_one_another_and_what_is_committed_is_on_disk(ledger: Ledger) -> None:
    settings = {name: pragma(ledger, name) for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")}
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_path_with_odd_characters_and_a_url_name_the_same_file(tmp_path: Path) -> None:
    file = tmp_path / "a b%20?#" / "ledger.db"
    open_ledger(file).close()
    assert file.is_file()
    again = open_ledger(f"sqlite:///{tmp_path / 'plain.db'}")
    assert (again.name, (tmp_path / "plain.db").is_file()) == (str(tmp_path / "plain.db"), True)
    again.close()


def test_a_ledger_of_a_newer_version_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerNewer, match=r"has schema 9999, unknown to this version: update Crucible"):
        open_ledger(path)


@pytest.mark.parametrize("read_only", [False, True])
def test_another_programs_database_is_left_alone(tmp_path: Path, read_only: bool) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(LedgerUnavailable, match="is a database, but no ledger: name another file"):
        open_ledger(file, read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_database_is_named_with_a_remedy(tmp_path: Path, read_only: bool) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to look like one " * 100)
    with pytest.raises(LedgerUnavailable, match=r"notes\.txt: file is not a database; check its path"):
        open_ledger(file, read_only=read_only)


def test_a_reader_neither_makes_nor_upgrades_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match=r"no ledger at .*: start the validator that writes it"):
        open_ledger(tmp_path / "none.db", read_only=True)
    (tmp_path / "empty.db").touch()
    with pytest.raises(LedgerUnavailable, match="has schema None: start the validator"):
        open_ledger(tmp_path / "empty.db", read_only=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["empty.db"]


def test_a_reader_cannot_write(path: Path) -> None:
    reader = open_ledger(path, read_only=True)
    with pytest.raises(LedgerUnavailable, match="readonly database"), reader.writing() as session:
        session.add(FactRow(name="a", value="b"))
    reader.close()


def test_a_reader_finds_the_ledger_that_took_the_place_of_another(path: Path, tmp_path: Path) -> None:
    reader = open_ledger(path, read_only=True)
    with reader.reading() as session:
        assert session.get(FactRow, "who") is None
    other = open_ledger(tmp_path / "other.db")
    with other.writing() as session:
        session.add(FactRow(name="who", value="the second"))
    other.close()
    (tmp_path / "other.db").rename(path)
    with reader.reading() as session:
        assert session.get_one(FactRow, "who").value == "the second"
    reader.close()


def test_a_reading_sees_one_state_while_others_write(ledger: Ledger, path: Path) -> None:
    other = open_ledger(path)
    with ledger.reading() as session:
        assert session.get(FactRow, "late") is None
        with other.writing() as writer:
            writer.add(FactRow(name="late", value="x"))
        session.expire_all()
        assert session.get(FactRow, "late") is None
    with ledger.reading() as session:
        assert session.get(FactRow, "late") is not None
    other.close()


def test_an_error_inside_a_transaction_takes_all_of_it_back(ledger: Ledger) -> None:
    def fail() -> None:
        with ledger.writing() as session:
            session.add(FactRow(name="half", value="x"))
            session.flush()
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    with ledger.reading() as session:
        assert session.get(FactRow, "half") is None


def test_a_row_that_points_nowhere_is_a_conflict(ledger: Ledger) -> None:
    with pytest.raises(LedgerConflict, match="FOREIGN KEY"), ledger.writing() as session:
        session.add(RefusalRow(commitment_id=1, reason="pointer", detail=""))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerUnavailable, match=r"cannot make the ledger's folder .*file"):
        open_ledger(tmp_path / "file" / "ledger.db")


def test_what_is_no_url_is_refused_in_one_line() -> None:
    with pytest.raises(LedgerUnavailable, match=r"not a database URL: .*; give a path or sqlite:///PATH"):
        open_ledger("://ledger")


def _open_and_count(path: str, answers: "multiprocessing.Queue[int]") -> None:
    opened = open_ledger(path)
    with opened.writing() as session:
        number = session.query(FactRow).count()
        session.add(FactRow(name=str(number), value="x"))
    opened.close()
    answers.put(number)


def test_processes_that_open_an_empty_file_at_once_make_one_ledger(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[int] = fork.Queue()
    racers = [fork.Process(target=_open_and_count, args=(str(tmp_path / "ledger.db"), answers)) for _ in range(6)]
    for racer in racers:
        racer.start()
    numbers = sorted(answers.get(timeout=30) for _ in racers)
    for racer in racers:
        racer.join()
    assert (numbers, {racer.exitcode for racer in racers}) == (list(range(6)), {0})


@pytest.mark.parametrize("url", ["atlantis://here/ledger", "oracle://me:secret@here/ledger"])
def test_a_database_without_a_driver_is_named_without_its_password(url: str) -> None:
    with pytest.raises(LedgerUnavailable, match=r"no driver for .*: install it, or give a path") as caught:
        open_ledger(url)
    assert "secret" not in str(caught.value)
