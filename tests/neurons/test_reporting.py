"""Telling wandb: offline runs hold what was decided, and a service that fails never reaches who is judging."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chain.types import Block, Hotkey
from competitions.records import Reign, RoundOutcome, Standing
from neurons.reporting import Reporter, Silent, open_reporter

REIGN = Reign(7, Hotkey("hot"), 2, Block(10), Block(5), 0.01, confirmed=True)
OUTCOME = RoundOutcome((Standing(7, 1, "king", 2.5, None, None, "no challenger improved by epsilon"),), REIGN)


def tell(reporter: Reporter) -> None:
    reporter.round_closed("answers", 3, Block(240), OUTCOME)
    reporter.weights_sent(Block(250), {Hotkey("hot"): 0.7, Hotkey("burn"): 0.3})
    reporter.close()


def summary(folder: Path) -> dict[str, Any]:
    """What the run's own reader gives of an offline run."""
    (run,) = folder.glob("wandb/offline-run-*")
    command = [str(Path(sys.executable).with_name("wandb")), "leet", "inspect", "--json", "--summary", str(run)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_offline_run_holds_rounds_and_weights(tmp_path: Path) -> None:
    tell(open_reporter("offline", tmp_path, "crucible", {"netuid": 1}))
    told = json.dumps(summary(tmp_path))
    expected = ["answers/round", "answers/best_score", "answers/king", "weights/hot", "weights/burn"]
    assert [key for key in expected if key not in told] == []


def test_a_run_that_has_ended_takes_nothing_and_raises_nothing(tmp_path: Path) -> None:
    reporter = open_reporter("offline", tmp_path, "crucible", {})
    reporter.close()
    tell(reporter)


def test_disabled_means_that_nothing_is_written(tmp_path: Path) -> None:
    reporter = open_reporter("disabled", tmp_path, "crucible", {})
    tell(reporter)
    assert (type(reporter), list(tmp_path.iterdir())) == (Silent, [])


def test_wandb_that_cannot_start_leaves_the_validator_running(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "a file, no folder"
    blocked.touch()
    assert isinstance(open_reporter("offline", blocked, "crucible", {}), Silent)
    assert "going on without it" in caplog.text
