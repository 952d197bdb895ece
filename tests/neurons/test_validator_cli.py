"""`crucible validator`: what is wrong at the start is one line with its remedy, exit code 2, nothing half-written."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leaderboard.cli import app as leaderboard
from ledger.database import open_ledger
from localnet.scenario import PRODUCERS, VALIDATOR
from neurons import tables, validator_cli
from neurons.validator_cli import app
from tests.pocket import Pocket

NOBODY = "127.0.0.1:9"
"""Where nothing listens."""


@contextmanager
def refused(pocket: Pocket, home: Path, *options: str, **changes: str) -> Iterator[str]:
    """What `validator run` says; it must refuse with one line, and leave no ledger and no folder behind."""
    environment = pocket.environment(VALIDATOR) | {"CRUCIBLE_HOME": str(home), "CRUCIBLE_WANDB": "disabled"} | changes
    done = CliRunner().invoke(app, ["run", *options], env=environment)
    assert (done.exit_code, done.stdout, list(home.glob("**/*"))) == (2, "", [])
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    yield done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--wallet", "nobody"], "wallet nobody/default has no key file"),
        (["--wallet", PRODUCERS[0].name], "is not registered on netuid 1"),
        (["--netuid", "99"], "netuid 99 does not exist on"),
        (["--network", f"ws://{NOBODY}"], f"ws://{NOBODY} does not answer"),
        (["--network", "atlantis"], "network 'atlantis' is neither one of finney, test"),
        (["--hub-endpoint", f"http://{NOBODY}"], NOBODY),
        (["--table", "nowhere"], "no table 'nowhere': give a TOML file's path, or one of the shipped tables"),
        (["--wallet.name", "nobody"], "wallet nobody/default has no key file"),
    ],
    ids=["no-wallet", "unregistered", "wrong-netuid", "no-chain", "no-such-network", "no-hub", "no-table", "dotted"],
)
def test_a_wrong_start_is_refused_in_one_line(pocket: Pocket, tmp_path: Path, options: list[str], said: str) -> None:
    with refused(pocket, tmp_path, *options) as line:
        assert said in line


def test_a_malformed_table_is_refused_by_its_field(pocket: Pocket, tmp_path: Path) -> None:
    table = tmp_path.parent / "table.toml"
    table.write_text(tables.read("pocket").replace("burn_uid = 0", "burn_uid = 'zero'"), encoding="utf-8")
    with refused(pocket, tmp_path, "--table", str(table)) as line:
        assert "burn_uid" in line


def test_a_token_the_hub_does_not_know_is_refused_and_not_shown(pocket: Pocket, tmp_path: Path) -> None:
    with refused(pocket, tmp_path, HF_TOKEN="hf_forgotten") as line:
        assert "check that HF_TOKEN is valid" in line
        assert "hf_forgotten" not in line


def test_the_file_itself_can_be_run_with_options_of_either_spelling(pocket: Pocket, tmp_path: Path) -> None:
    file = Path(validator_cli.__file__).with_name("validator.py")
    environment = os.environ | pocket.environment(VALIDATOR) | {"CRUCIBLE_HOME": str(tmp_path)}
    told = [
        subprocess.run(
            [sys.executable, str(file), *options], env=environment, capture_output=True, text=True, check=False
        )
        for options in (["--wallet.name", "nobody"], ["run", "--wallet", "nobody"], ["status"])
    ]
    assert [(done.returncode, done.stdout, done.stderr.partition(" has no key")[0]) for done in told[:2]] == [
        (2, "", "error: wallet nobody/default")
    ] * 2
    assert (told[2].returncode, str(tmp_path) in told[2].stderr) == (2, True)


def test_status_without_a_ledger_says_where_it_looked(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["status", "--home", str(tmp_path)])
    assert (done.exit_code, str(tmp_path) in done.stderr) == (2, True)


def test_a_leaderboard_on_a_port_in_use_is_refused_in_one_line(tmp_path: Path) -> None:
    open_ledger(tmp_path / "ledger.sqlite").close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = ["serve", "--ledger", str(tmp_path / "ledger.sqlite"), "--port", port]
        done = CliRunner().invoke(leaderboard, arguments)
    assert (done.exit_code, done.stderr.count("\n"), port in done.stderr) == (2, 1, True)
