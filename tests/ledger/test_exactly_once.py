"""Exactly once: a write killed at any statement either happened or did not, and doing it again ends the same.

Children are forked and kill themselves with SIGKILL in front of their n-th statement or commit, for every n.
"""

import multiprocessing
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from chain.types import Block, Hotkey, Included, NetUid, Uid, Unreadable
from evaluation.sources.held import Cause, Held
from evaluation.verdicts import Abandoned
from ledger import clear_texts, commitments, heartbeats, network, rounds, submissions, verdicts, waits, weights
from ledger.database import Ledger, open_ledger
from ledger.gaps import Gap, record_gap
from ledger.submissions import Accepted, Retry
from models.rejections import Reason, Rejection
from tests.ledger.builders import (
    AWAY,
    DIGEST,
    NETUID,
    REVISION,
    clear,
    neuron,
    open_round,
    opened_commitment,
    outcome,
    pool,
    scored,
    sealed,
    submission,
    text,
)

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
REFUSED = Rejection(Reason.WEIGHTS, "NaN")
OPENED, CLEAR, ONE, TWO, ROUND, SENT, UNANSWERED = 3, 4, 1, 2, 1, 1, 2
"""Ids of what `prepared` leaves: a commitment to decode and one in clear, two submissions, a round, two sendings."""

POOLS = {"questions": pool({"hot1": 2, "hot2": 3}, {"window": 4, "signature": 1}, ["hot3"]), "texts": pool({})}

Content = dict[str, list[tuple[object, ...]]]
Write = Callable[[Ledger], object]


def _poll(ledger: Ledger) -> object:
    entries = sealed("hot5", 30), clear("hot6", 31, (text("late", 33),)), Unreadable(Hotkey("hot7"), "odd")
    return commitments.record_poll(ledger, NETUID, Block(40), [neuron(n) for n in range(1, 9)], entries)


WRITES: dict[str, Write] = {
    "record_poll": _poll,
    "add": lambda ledger: submissions.add(ledger, OPENED, "chat", "user4/model", REVISION, DIGEST),
    "add_hashed": lambda ledger: submissions.add_hashed(ledger, CLEAR, "chat", "user5/model", REVISION, "hash"),
    "withdraw": lambda ledger: clear_texts.withdraw(ledger, CLEAR),
    "mark_read": lambda ledger: clear_texts.mark_read(ledger, CLEAR),
    "record_gap": lambda ledger: record_gap(ledger, NETUID, Gap(Block(5), Block(9), "the state is gone")),
    "refuse": lambda ledger: submissions.refuse(ledger, OPENED, REFUSED),
    "record_intake accepted": lambda ledger: submissions.record_intake(ledger, ONE, Block(30), Accepted(1, 2)),
    "record_intake rejected": lambda ledger: submissions.record_intake(ledger, ONE, Block(30), REFUSED),
    "record_intake retry": lambda ledger: submissions.record_intake(ledger, ONE, Block(30), Retry("x", Block(35))),
    "open_round": lambda ledger: open_round(ledger, 1),
    "hold": lambda ledger: waits.hold(ledger, ROUND, AWAY, Block(102)),
    "hold for another cause": lambda ledger: waits.hold(ledger, ROUND, Held(Cause.WITHHELD, "gone"), Block(102)),
    "set_bundle": lambda ledger: rounds.set_bundle(ledger, ROUND, "root", POOLS, 3),
    "record_verdict": lambda ledger: verdicts.record_verdict(ledger, ROUND, ONE, scored(1.0, 2.0)),
    "close_round": lambda ledger: rounds.close_round(ledger, ROUND, outcome(ONE, TWO), Block(120)),
    "record": lambda ledger: weights.record(
        ledger,
        weights.Attempt(Block(60), "table", {Hotkey("hot1"): 0.5, Hotkey("hot2"): 0.5}),
        Included(Block(60), "0xdef"),
    ),
    "answer": lambda ledger: weights.answer(ledger, UNANSWERED, Included(Block(53), "0xfed")),
    "confirm": lambda ledger: weights.confirm(ledger, SENT, Block(61)),
    "beat": lambda ledger: heartbeats.beat(ledger, "watch", NOON, Block(5), True, ""),
    "record_head": lambda ledger: network.record_head(ledger, Block(5), NOON),
    "record_identity": lambda ledger: network.record_identity(
        ledger, network.Identity("local", NetUid(7), Hotkey("own"), "print", "text", "https://hub.example")
    ),
    "record_chain_weights": lambda ledger: network.record_chain_weights(ledger, Block(5), {Uid(1): {Uid(2): 1.0}}),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in the middle of things, closed."""
    path = tmp_path_factory.mktemp("prepared") / "ledger.db"
    ledger = open_ledger(path)
    submission(ledger, 1)
    submission(ledger, 2)
    assert (opened_commitment(ledger, 4), open_round(ledger).id) == (OPENED, ROUND)
    waits.hold(ledger, ROUND, AWAY, Block(101))
    commitments.record_poll(ledger, NETUID, Block(21), [neuron(n) for n in range(1, 9)], [clear("hot8", 21)])
    weights.record(ledger, weights.Attempt(Block(50), "table", {Hotkey("hot1"): 1.0}), Included(Block(50), "0xabc"))
    weights.begin(ledger, weights.Attempt(Block(52), "table", {Hotkey("hot1"): 1.0}, {Uid(1): 65_535}))
    ledger.close()
    return path


def content(path: Path) -> Content:
    """Every row of every table."""
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in tables}
    connection.close()
    return rows


def done(path: Path, write: Write) -> None:
    """Do a write in this process."""
    ledger = open_ledger(path)
    write(ledger)
    ledger.close()


def in_a_child(path: Path, write: Write, kill_at: int) -> int:
    """Exit status of a child that does a write, and dies by SIGKILL in front of its n-th statement or commit."""
    child = os.fork()
    if child == 0:
        _write_and_die(path, write, kill_at)
    return os.waitpid(child, 0)[1]


def _write_and_die(path: Path, write: Write, kill_at: int) -> None:
    count = 0

    def step(*_: object) -> None:
        nonlocal count
        count += 1
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    status = 1
    signal.alarm(30)  # a child must never hang the suite
    try:
        ledger = open_ledger(path)
        event.listen(ledger._engine, "before_cursor_execute", step)
        event.listen(ledger._engine, "commit", step)
        write(ledger)
        status = 0
    finally:
        os._exit(status)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_done_twice_is_done_once(prepared: Path, tmp_path: Path, write: Write) -> None:
    path = Path(shutil.copy(prepared, tmp_path / "ledger.db"))
    before = content(path)
    ledger = open_ledger(path)
    first = write(ledger)
    once = content(path)
    second = write(ledger)
    ledger.close()
    assert content(path) == once != before
    assert first == second or isinstance(first, commitments.PollResult)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_killed_anywhere_ends_the_same_when_it_is_done_again(
    prepared: Path, tmp_path: Path, write: Write
) -> None:
    undisturbed = Path(shutil.copy(prepared, tmp_path / "undisturbed.db"))
    before = content(undisturbed)
    done(undisturbed, write)
    after = content(undisturbed)
    for kill_at in range(1, 100):
        path = Path(shutil.copy(prepared, tmp_path / f"{kill_at}.db"))
        status = in_a_child(path, write, kill_at)
        assert content(path) == (after if status == 0 else before)
        if status == 0:
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
        done(path, write)
        assert content(path) == after
    assert kill_at > 2, "no statement was reached"


def _judge(path: Path, submission_id: int, attempts: int) -> None:
    ledger = open_ledger(path)
    for attempt in range(attempts):
        verdicts.record_verdict(ledger, ROUND, submission_id, Abandoned(f"attempt {attempt}"))
        heartbeats.beat(ledger, f"loop {submission_id}", NOON, Block(attempt), True, "")
        verdicts.verdicts(ledger, ROUND)
    ledger.close()


def test_processes_that_write_at_once_lose_nothing(prepared: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(prepared, tmp_path / "ledger.db"))
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_judge, args=(path, id_, 25)) for id_ in (ONE, TWO, ONE, TWO)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    ledger = open_ledger(path)
    counts = {id_: verdicts.attempts(ledger, ROUND, id_) for id_ in (ONE, TWO)}
    ledger.close()
    assert ({writer.exitcode for writer in writers}, counts) == ({0}, {ONE: 50, TWO: 50})


def test_threads_that_share_a_ledger_lose_nothing(prepared: Path, tmp_path: Path) -> None:
    ledger = open_ledger(shutil.copy(prepared, tmp_path / "ledger.db"))
    with ThreadPoolExecutor(max_workers=8) as threads:
        done = [
            threads.submit(verdicts.record_verdict, ledger, ROUND, (ONE, TWO)[n % 2], Abandoned(str(n)))
            for n in range(80)
        ]
        for future in done:
            future.result(timeout=60)
    counts = {id_: verdicts.attempts(ledger, ROUND, id_) for id_ in (ONE, TWO)}
    ledger.close()
    assert counts == {ONE: 40, TWO: 40}
