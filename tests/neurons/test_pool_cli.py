"""`crucible producer pool` over the pocket network: whose samples count, as a validator reads it."""

import json

import pytest
from typer.testing import CliRunner, Result

from localnet.scenario import PRODUCERS
from neurons.producer_cli import app
from tests.pocket import Pocket


@pytest.fixture
def run(pocket: Pocket):
    environment = {"CRUCIBLE_TABLE": "pocket", "COLUMNS": "200", **pocket.environment(PRODUCERS[0])}
    return lambda *arguments: CliRunner().invoke(app, ["pool", "-c", "answers", *arguments], env=environment)


def told(result: Result) -> dict:
    assert result.stdout, (result.output, result.exception)
    return json.loads(result.stdout.splitlines()[-1])


def test_a_producer_sees_how_many_of_its_samples_count(run) -> None:
    result = run("--block", "300", "--json")
    document = told(result)
    source = document["sources"]["producers"]
    assert (result.exit_code, document["seed_block"], source["proof"]) == (0, 300, "sample")
    assert len(source["producers"]) == len(PRODUCERS)
    assert sum(one["samples"] for one in source["producers"]) == source["samples"] > 0
    assert source["root"][:16] in run("--block", "300").stdout


def test_a_round_that_would_be_held_is_told_with_its_cause(run) -> None:
    result = run("--block", "0", "--json")
    source = told(result)["sources"]["producers"]
    assert (result.exit_code, source["held"], source["for_good"]) == (1, "too_few", True)
    assert "why" in run("--block", "0").stdout


def test_a_block_to_come_is_refused(run) -> None:
    result = run("--block", "4000000")
    assert (result.exit_code, "block 4000000 is not finalized" in result.output) == (2, True)
