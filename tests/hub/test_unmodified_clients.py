"""The vendors' own libraries against the local Hub: no code of ours between them and the server."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.hub.conftest import LocalHub

SCRIPT = Path(__file__).with_name("unmodified_clients.py")


def test_models_and_datasets_travel_by_the_unmodified_clients(local_hub: LocalHub, tmp_path: Path):
    work = tmp_path / "work"
    work.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "HF_HOME": str(tmp_path / "hf"),
        "HF_ENDPOINT": local_hub.endpoint,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "ALICE": local_hub.alice,
        "BOB": local_hub.bob,
    }
    report = tmp_path / "report.json"
    command = [sys.executable, str(SCRIPT), str(work), str(report)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(report.read_text()) == {
        "parameters": 47760,
        "private": True,
        "while private": ["RepositoryNotFoundError 401", "RepositoryNotFoundError 404"],
        "owner reads": "served",
        "once public": ["served", "served"],
        "wrong revision": "RevisionNotFoundError 404",
        "wrong file": "RemoteEntryNotFoundError 404",
        "pulled": [True, True, True],
        "tokenizer": [1, 2, 3],
        "alice/samples": ["r997", "r998", "r999"],
        "alice/table": ["r997", "r998", "r999"],
        "commits": [True, True, 4],
        "refs": [True],
        "verified": 0,
        "deleted": "RepositoryNotFoundError 404",
        "outside": [],
    }
