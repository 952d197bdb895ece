"""A session's intake process, and a stage per test: an honest folder to spoil, a Hub, and canaries around them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from hub.folder import FolderHub
from models.limits import FREE
from models.vetting import Vetted, vet
from tests.attacks.attack import Attack, Bait
from tests.attacks.canaries import Canaries, canaries
from tests.attacks.child import Job, Outcome
from tests.attacks.honest import LIMITS, write_adapter, write_honest

ROOT = Path(__file__).parents[2]

Ask = Callable[[Job], Outcome]


@pytest.fixture(scope="session")
def listener() -> Iterator[Canaries]:
    """Canaries whose listener is there as long as the intake process, which is told of it."""
    with canaries() as lent:
        yield lent


@pytest.fixture(scope="session")
def ask(listener: Canaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """A function that has the intake process run a job; whatever would call a Hub there calls the listener."""
    home = tmp_path_factory.mktemp("home")
    told = {"HF_ENDPOINT": listener.url, "HF_HOME": str(home), "HOME": str(home), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.attacks.child"],
        cwd=ROOT,
        env={**os.environ, **told, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    asked, answers = process.stdin, process.stdout

    def run(job: Job) -> Outcome:
        asked.write(json.dumps(asdict(job)) + "\n")
        asked.flush()
        return Outcome(**json.loads(answers.readline()))

    yield run
    asked.close()
    assert process.wait(timeout=60) == 0


@pytest.fixture
def take_in(ask: Ask, listener: Canaries, tmp_path: Path) -> Callable[..., tuple[Outcome, list[str]]]:
    """A function that builds an attack (or none: the honest model), runs it, and tells which canaries were touched."""

    def run(attack: Attack | None, *without: str, seconds: float = 30.0) -> tuple[Outcome, list[str]]:
        repo, outside = tmp_path / "repo", tmp_path / "outside"
        (write_adapter if attack is not None and attack.way == "adapter" else write_honest)(repo)
        outside.mkdir()
        (outside / "secret").write_text('{"token": "another miner\'s"}')
        if attack is not None:
            attack.spoil(repo, Bait(outside, "../../../../outside", listener.url))
        tokenizer = FREE if attack is None else attack.tokenizer
        job = replace(_staged(tmp_path, repo, attack), without=without, seconds=seconds, tokenizer=tokenizer)
        listener.watch(outside)
        listener.heard()
        outcome = ask(job)
        return outcome, listener.heard()

    return run


def _staged(root: Path, repo: Path, attack: Attack | None) -> Job:
    """The folder as the attack's way wants it: as it stands, or published."""
    way = "hub" if attack is None else attack.way
    if way == "folder":
        return Job(str(root), way, "", {})
    note = repo / ".listed"
    listed = json.loads(note.read_text()) if note.exists() else {}
    note.unlink(missing_ok=True)
    hub = FolderHub(root / "hub", "alice")
    hub.create("alice/model", "model", private=False)
    base = _base(root) if way == "adapter" else None
    return Job(str(root), way, hub.upload_folder("alice/model", "model", repo, message="attack"), listed, base)


def _base(root: Path) -> str:
    """The honest model in its clean form, as the base of a competition; its digest."""
    write_honest(root / "honest")
    vetted = vet(root / "honest", root / "base", LIMITS)
    assert isinstance(vetted, Vetted)
    return vetted.digest
