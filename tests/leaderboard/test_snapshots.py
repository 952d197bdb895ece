"""One reading a second, however many ask; a failure is not remembered."""

from pathlib import Path

import pytest

from chain.types import Block
from leaderboard.snapshots import Snapshots
from ledger import network
from ledger.database import Ledger, LedgerUnavailable, open_ledger
from tests.leaderboard.story import NOW


def test_readers_of_one_second_share_a_reading(ledger: Ledger) -> None:
    now = [100.0]
    snapshots = Snapshots(ledger.name, clock=lambda: now[0])
    first = snapshots.latest()
    network.record_head(ledger, Block(77), NOW)
    now[0] = 100.9
    assert snapshots.latest() is first
    now[0] = 101.0
    assert b'"block":77' in snapshots.latest().document
    snapshots.close()


def test_a_failure_is_asked_about_again_at_once(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "ledger.db", clock=lambda: 100.0)
    with pytest.raises(LedgerUnavailable):
        snapshots.latest()
    open_ledger(tmp_path / "ledger.db").close()
    assert b"board.json" in snapshots.latest().page
    snapshots.close()


def test_a_ledger_that_vanishes_is_a_failure_and_not_an_old_page(ledger: Ledger) -> None:
    now = [100.0]
    snapshots = Snapshots(ledger.name, clock=lambda: now[0])
    snapshots.latest()
    ledger.close()
    Path(ledger.name).unlink()
    now[0] = 102.0
    with pytest.raises(LedgerUnavailable):
        snapshots.latest()
