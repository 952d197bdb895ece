"""`crucible miner check`: a validator's own verdict on a folder, with neither network, wallet nor upload."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from models.publishing import prepare
from models.vetting import Vetted
from neurons import miner_cli, tables
from tests.neurons.tiny_model import write_model

NOWHERE = {"CRUCIBLE_TABLE": "pocket", "CRUCIBLE_NETWORK": "/nowhere", "HF_ENDPOINT": "http://127.0.0.1:9"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    write_model(folder)
    return folder


def check(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(miner_cli.app, ["check", str(folder), "--competition", "answers", *options], env=NOWHERE)


def test_a_model_that_would_pass_is_told_with_its_digest_and_what_a_table_may_fix(model: Path) -> None:
    vetted = prepare(model, tables.load("pocket").competitions[0].limits)
    assert isinstance(vetted, Vetted)
    result = check(model, "--json")
    told = json.loads(result.stdout.splitlines()[-1])
    assert (result.exit_code, told["verdict"]) == (0, "accepted")
    assert (told["digest"], told["tokenizer"]) == (vetted.digest, vetted.tokenizer)


def test_a_model_that_would_be_refused_is_told_why(model: Path) -> None:
    config = json.loads((model / "config.json").read_text()) | {"is_causal": False}
    (model / "config.json").write_text(json.dumps(config))
    result = check(model, "--json")
    told = json.loads(result.stdout.splitlines()[-1])
    assert (result.exit_code, told["verdict"], told["reason"]) == (1, "rejected", "config")
    assert "is_causal" in told["detail"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "is no folder: name the one that holds config.json"),
        (("-c", "chess"), "there is no competition 'chess'"),
    ],
)
def test_what_cannot_be_checked_is_one_line(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    result = check(tmp_path / "missing", *options)
    assert (result.exit_code, said in result.stderr, result.stdout) == (2, True, "")
