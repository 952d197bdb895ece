"""`crucible localnet hub` as an operator types it: a Hub of its own in any folder, and one line for what is wrong."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.huggingface import HuggingFaceHub
from hub.patience import Patience
from hub.port import Denied, HubUnreachable, NotFound
from localnet.hub_cli import app
from localnet.hub_server.server import serving

WEIGHTS = b"0123456789" * 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "hub"


def told(*arguments: object) -> Any:
    """The JSON document of a command."""
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refusal(*arguments: object) -> str:
    """The one line of a command that could not be done."""
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.output
    return done.stderr


def token(folder: Path, name: str) -> str:
    """A new token of a user."""
    return str(told("user", name, "--folder", folder)["token"])


def published(endpoint: str, folder: Path) -> str:
    """Make alice and her public model; returns its revision."""
    alice = HuggingFaceHub(endpoint, token(folder, "alice"))
    alice.create("alice/x", "model", private=False)
    return alice.upload_files("alice/x", "model", {"a.bin": WEIGHTS}, message="first")


@contextmanager
def running(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`run` as a process, and its address."""
    program = [sys.executable, "-c", "from crucible.app import main; main()", "localnet", "hub", "run"]
    process = subprocess.Popen([*program, "--folder", str(folder), *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait(timeout=60)
        process.stdout.close()


def test_a_hub_killed_at_any_moment_has_all_it_answered_for(folder: Path) -> None:
    with running(folder) as (process, endpoint):
        revision = published(endpoint, folder)
        told("gate", "alice/x", "--folder", folder)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
    with serving(folder) as endpoint:
        again = HuggingFaceHub(endpoint, token(folder, "alice"))
        info = again.describe("alice/x", "model")
        assert (info.revision, info.gated) == (revision, True)
        assert again.read("alice/x", "model", revision, "a.bin", max_bytes=100) == WEIGHTS


def test_faults_are_given_as_options(folder: Path) -> None:
    options = ("--fault", "503,path=*/resolve/*,times=1", "--fault", "429,path=/api/models/*,after=3,retry-after=9")
    with running(folder, *options) as (_, endpoint):
        revision = published(endpoint, folder)
        waited: list[float] = []
        visitor = HuggingFaceHub(endpoint, None, patience=Patience(attempts=2, sleep=waited.append))
        with pytest.raises(HubUnreachable, match="on purpose"):
            visitor.read("alice/x", "model", revision, "a.bin", max_bytes=100)
        with pytest.raises(Exception, match="wait 9 s"):
            visitor.describe("alice/x", "model")
        assert waited == [9.0]


def test_gate_grant_and_revoke_act_on_a_running_hub(folder: Path) -> None:
    token(folder, "alice")
    with serving(folder) as endpoint:
        revision = published(endpoint, folder)
        bob = HuggingFaceHub(endpoint, token(folder, "bob"))

        def reads() -> bool:
            try:
                return bob.read("alice/x", "model", revision, "a.bin", max_bytes=100) == WEIGHTS
            except NotFound:
                return False

        seen = [reads()]
        for command in (["gate", "alice/x"], ["grant", "alice/x", "bob"], ["revoke", "alice/x", "bob"]):
            told(*command, "--folder", folder)
            seen.append(reads())
        told("gate", "alice/x", "off", "--folder", folder)
        assert [*seen, reads()] == [True, False, True, False, True]


def test_repos_and_users_show_what_is_there(folder: Path) -> None:
    token(folder, "alice")
    with serving(folder) as endpoint:
        revision = published(endpoint, folder)
    token(folder, "bob")
    told("gate", "alice/x", "auto", "--folder", folder)
    told("grant", "alice/x", "bob", "--folder", folder)
    told("quota", "bob", "--bytes", 5, "--folder", folder)
    (row,) = told("repos", "--folder", folder)
    kept = row["bytes"]
    assert (row, told("users", "--folder", folder)) == (
        {
            "repo": "alice/x",
            "kind": "model",
            "private": False,
            "gated": "auto",
            "readers": "alice, bob",
            "revision": revision,
            "files": 2,
            "bytes": kept,
        },
        [{"user": "alice", "bytes": kept, "quota": None}, {"user": "bob", "bytes": 0, "quota": 5}],
    )
    tables = [CliRunner().invoke(app, [command, "--folder", str(folder)]).stdout for command in ("repos", "users")]
    assert [revision in tables[0], "alice" in tables[1]] == [True, True]


def test_a_quota_holds_at_once_and_can_be_lifted(folder: Path) -> None:
    mine = token(folder, "alice")
    told("quota", "alice", "--bytes", 3000, "--folder", folder)
    with serving(folder) as endpoint:
        alice = HuggingFaceHub(endpoint, mine)
        alice.create("alice/x", "model", private=True)
        with pytest.raises(Denied, match="Storage limit reached"):
            alice.upload_files("alice/x", "model", {"a.bin": bytes(4000)}, message="first")
        told("quota", "alice", "--folder", folder)
        alice.upload_files("alice/x", "model", {"a.bin": bytes(4000)}, message="first")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["repos"], "no Hub in"),
        (["grant", "alice/x", "bob"], "no Hub in"),
        (["user", "a/b"], "cannot be a user of the local Hub"),
        (["run", "--fault", "500"], "is no fault; write KIND"),
    ],
)
def test_where_there_is_no_hub_yet_one_line_says_so_and_nothing_is_made(folder, command, words) -> None:
    assert words in refusal(*command, "--folder", folder)
    assert not (folder / "repositories.sqlite").exists() or command[0] == "user"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["gate", "alice/y"], "no model alice/y at this Hub: `crucible localnet hub repos`"),
        (["gate", "alice/x", "--dataset"], "no dataset alice/x at this Hub"),
        (["gate", "x"], "is not a repository name"),
        (["grant", "alice/x", "alice"], "alice/x is not gated: `crucible localnet hub gate alice/x` gates it"),
        (["quota", "carol"], "nobody is called 'carol' at this Hub; its users are alice"),
        (["repos", "--home", "/elsewhere"], "both --home /elsewhere and --folder"),
    ],
)
def test_what_cannot_be_done_is_one_line_with_the_remedy(folder, command, words) -> None:
    token(folder, "alice")
    with serving(folder) as endpoint:
        published(endpoint, folder)
    assert words in refusal(*command, "--folder", folder)


def test_a_folder_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "cannot be a Hub's folder" in refusal("user", "alice", "--folder", tmp_path / "file")
