"""The vendors' own libraries against the local Hub: no code of ours between them and the server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.large_files import ATTRIBUTES
from localnet.hub_server.store import HubStore
from localnet.network import free_port
from tests.hub.conftest import LocalHub

HERE = Path(__file__).parent


def environment(endpoint: str, home: Path, **extra: str) -> dict[str, str]:
    """What the clients' documentation asks to set, and nothing else."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HF_HOME": str(home / "hf"),
        "HF_ENDPOINT": endpoint,
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **extra,
    }


def seen(script: str, *arguments: str, env: dict[str, str], home: Path) -> dict[str, object]:
    """Run a script and return its report."""
    (home / "work").mkdir(exist_ok=True)
    report = home / "report.json"
    command = [sys.executable, str(HERE / script), *arguments, str(home / "work"), str(report)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    document: dict[str, object] = json.loads(report.read_text())
    return document


@contextmanager
def killed_at_the_end(folder: Path, port: int) -> Iterator[None]:
    """A Hub as `crucible localnet hub run` serves it; it gets no chance to tidy up."""
    program = [sys.executable, "-c", "from crucible.app import main; main()", "localnet", "hub", "run"]
    options = ["--folder", str(folder), "--port", str(port)]
    server = subprocess.Popen([*program, *options], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        assert server.stdout.readline() == f"http://127.0.0.1:{port}\n"
        yield
    finally:
        server.kill()
        server.wait(timeout=60)
        server.stdout.close()


def test_models_and_datasets_travel_by_the_unmodified_clients(local_hub: LocalHub, tmp_path: Path):
    tokens = {"ALICE": local_hub.alice, "BOB": local_hub.bob}
    env = environment(local_hub.endpoint, tmp_path, HF_HUB_DISABLE_XET="1", **tokens)
    assert seen("unmodified_clients.py", env=env, home=tmp_path) == {
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


def test_a_shared_hub_gates_counts_every_commit_and_outlives_being_killed(tmp_path: Path):
    store, port = HubStore(tmp_path / "hub"), free_port()
    tokens = {"ALICE": store.add_user("alice"), "BOB": store.add_user("bob")}
    env = environment(f"http://127.0.0.1:{port}", tmp_path, HF_HUB_DISABLE_XET="1", **tokens)
    with killed_at_the_end(tmp_path / "hub", port):
        before = seen("hub_clients.py", "before", env=env, home=tmp_path)
    with killed_at_the_end(tmp_path / "hub", port):
        after = seen("hub_clients.py", "after", env=env, home=tmp_path)
    assert before == {
        "concurrent": [30, True, 31, 61],
        "private": ["RepositoryNotFoundError 404", "RepositoryNotFoundError 401"],
        "public": {".gitattributes": len(ATTRIBUTES), "model.safetensors": 1_280_000},
        "gated": "manual",
        "while gated": ["GatedRepoError 401", "GatedRepoError 403", "done"],
        "snapshot while gated": "GatedRepoError 403",
        "auth check": ["GatedRepoError 403", "done"],
        "grant by another": "HfHubHTTPError 403",
        "accepted": ["bob"],
        "once granted": ["GatedRepoError 401", "done", "done"],
        "only some": {"model.safetensors": 1_280_000},
    }
    assert after == {
        "commits": 31,
        "head": True,
        "notes": ["one", "two"],
        "bob's is private": "RepositoryNotFoundError 404",
        "once cancelled": ["GatedRepoError 401", "GatedRepoError 403", "done"],
        "verified": 0,
        "goes on": "done",
    }


def test_with_xet_left_on_the_client_is_told_the_switch(local_hub: LocalHub, tmp_path: Path):
    pytest.importorskip("hf_xet")
    env = environment(local_hub.endpoint, tmp_path, ALICE=local_hub.alice, BOB=local_hub.bob)
    report = seen("hub_clients.py", "xet", env=env, home=tmp_path)
    assert (report["small"], "HF_HUB_DISABLE_XET=1" in str(report["large"])) == ("done", True), report
