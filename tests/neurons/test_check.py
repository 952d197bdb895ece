"""`crucible miner check`: a validator's own verdict on a folder, with neither network, wallet nor upload."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner, Result

from chain.types import Block
from ledger import submissions
from ledger.database import open_ledger
from models.publishing import prepare
from models.vetting import Vetted
from neurons import miner_cli, tables
from tests.ledger import builders
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


def disguised(model: Path, into: Path) -> Path:
    """The model with a little noise in its largest tensor."""
    shutil.copytree(model, into)
    tensors = load_file(into / "model.safetensors")
    name = max(tensors, key=lambda name: tensors[name].size)
    spread = np.random.default_rng(1).standard_normal(tensors[name].shape)
    tensors[name] = (tensors[name] * (1 + 1e-3 * spread)).astype(np.float32)
    save_file(tensors, into / "model.safetensors", {"format": "pt"})
    return into


def test_a_model_is_compared_with_those_in_folders_that_are_named(model: Path, tmp_path: Path) -> None:
    alone, beside = (
        check(model, "--json"),
        check(model, "--json", "--against", str(disguised(model, tmp_path / "other"))),
    )
    told = [json.loads(result.stdout.splitlines()[-1]) for result in (alone, beside)]
    shown = ("verdict", "lineage", "parents", "known_models", "refused_unless_yours")
    assert [[its[name] for name in shown] for its in told] == [
        ["accepted", "original", [], 0, False],
        ["accepted", "noise", [str(tmp_path / "other")], 1, True],
    ]
    assert (alone.exit_code, beside.exit_code) == (0, 1)


@pytest.mark.parametrize("by", ["home", "ledger"])
def test_a_model_is_compared_with_the_submissions_of_a_ledger(model: Path, tmp_path: Path, by: str) -> None:
    vetted = prepare(disguised(model, tmp_path / "other"), tables.load("pocket").competitions[0].limits)
    assert isinstance(vetted, Vetted)
    opened = open_ledger(tmp_path / "ledger.sqlite")
    submission = builders.submission(opened, competition="answers")
    submissions.record_intake(opened, submission, Block(30), submissions.Accepted(1, 1, None, vetted.sketch))
    opened.close()
    option = ("--home", str(tmp_path)) if by == "home" else ("--ledger", str(tmp_path / "ledger.sqlite"))
    told = json.loads(check(model, "--json", *option).stdout.splitlines()[-1])
    assert (told["lineage"], told["parents"]) == ("noise", ["user1/model@aaaaaaaa of hot1"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--against", "nowhere"), "nowhere is no folder: --against takes folders that hold a model"),
        (("--against", "."), "holds no model to compare with"),
        (("--ledger", "nowhere"), "nowhere is no ledger"),
    ],
)
def test_what_there_is_nothing_to_compare_with_is_one_line(
    model: Path, options: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    result = check(model, *options)
    assert (result.exit_code, said in result.stderr, result.stdout) == (2, True, "")
