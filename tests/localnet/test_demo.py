"""The demo as a user starts it: every actor a process, on the pocket size, from nothing to weights on the chain."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.localnet.outside import attempts, cut_off, watched

PATIENCE_S = 900


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[str], int]:
    """The demo's document, every attempt of its processes to leave this machine, and its exit code."""
    folder = tmp_path_factory.mktemp("demo")
    environment = watched(os.environ | {"TMPDIR": str(folder)}, folder / "attempts.txt")
    command = [str(Path(sys.executable).with_name("crucible")), "demo", "--size", "pocket", "--json", "--rounds", "2"]
    command += ["--patience", str(PATIENCE_S)]
    done = subprocess.run(cut_off(command), env=environment, capture_output=True, text=True, check=False)
    assert done.stdout, f"the demo printed nothing: {done.stderr[-2000:]}"
    assert not list(folder.glob("crucible-demo-*")), "the demo left its folder behind"
    return json.loads(done.stdout.splitlines()[-1]), attempts(folder / "attempts.txt"), done.returncode


@pytest.mark.slow
def test_the_demo_ends_with_kings_paid_by_the_table_and_the_copy_refused(
    told: tuple[dict[str, Any], list[str], int],
) -> None:
    document, _, code = told
    kings = {row["competition"]: row["weight"] for row in document["standings"] if row["standing"] == "king"}
    assert (code, document["ok"], document["copy_rejected"], document["missing"]) == (0, True, True, [])
    assert kings == {"answers": pytest.approx(0.4, abs=1e-3), "text": pytest.approx(0.6, abs=1e-3)}
    assert sum(document["weights"].values()) == pytest.approx(1)
    assert min(document["rounds"].values()) >= 2


@pytest.mark.slow
def test_no_model_of_the_demo_was_judged_on_a_sample_as_old_as_itself(
    told: tuple[dict[str, Any], list[str], int],
) -> None:
    document, _, _ = told
    assert {one["competition"] for one in document["fresh"]} == {"answers", "text"}
    assert [one for one in document["fresh"] if one["oldest_sample"] <= one["youngest_commit"]] == []


@pytest.mark.slow
def test_no_process_of_the_demo_tries_to_leave_the_loopback_range(
    told: tuple[dict[str, Any], list[str], int],
) -> None:
    _, tried, _ = told
    assert tried == []
