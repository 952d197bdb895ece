"""The whole command on a field small enough for a test: figures on the last line, pictures in the folder."""

import json
from pathlib import Path

from typer.testing import CliRunner

from crucible.app import app

FIELD = """
validators = 2
producers = 8
loss = 1.0
hardness_sd = 0.2
float_noise = 2e-4
shape = "normal"
producer_part = 0.0
racing = true
stays_rounds = 10
leaving = 0.05
[[arrivals]]
name = "better"
every_rounds = 5
number = 1
improvement = 0.03
[[levels]]
rho = 0.5
pooled_rounds = 3
fewest_rounds = 2
significance_without = 0.01
limit_rounds = 3
targets = { false_crowns = 0.003, crowned_in_time = 0.99, agreement_shared = 0.99, agreement_independent = 0.985 }
"""


def test_a_simulation_prints_figures_beside_targets_and_draws_them(tmp_path: Path) -> None:
    file, plots = tmp_path / "field.toml", tmp_path / "plots"
    file.write_text(FIELD, encoding="utf-8")
    given = ["backtest", "--simulate", "10", "--field", str(file), "--seed", "1"]
    found = CliRunner().invoke(app, [*given, "--json", "--plots", str(plots)])
    document = json.loads(found.stdout.splitlines()[-1])
    assert list(document) == ["0.5"]
    wanted = {"false_crowns", "comparison_false_crowns", "crowned_in_time", "agreement_shared", "agreement_independent"}
    assert wanted <= set(document["0.5"])
    assert all(0 <= document["0.5"][name] <= 1 for name in wanted)
    assert document["0.5"]["crowned_in_time"] == 1.0
    assert {path.read_bytes()[:4] for path in plots.iterdir()} == {b"\x89PNG"}
    assert len(list(plots.iterdir())) == 2
    words = CliRunner().invoke(app, given).stdout
    assert "≥ 99.0% met" in words


def test_what_the_command_needs_it_says_in_one_line() -> None:
    for given, words in [
        (["--rule", "odd", "--simulate", "10"], "rule 'odd' is unknown; known are title-fight, round-robin"),
        (["--seed", "3"], "give either --simulate with a number of rounds, or --ledger with what to replay"),
        (["--ledger", "x.db", "--plots", "y"], "--plots draws simulations: give --simulate"),
        (["--simulate", "10", "--set", "burn_uid"], "must be PATH=VALUE"),
        (["--simulate", "10", "--field", "nowhere.toml"], "nowhere.toml"),
        (["--simulate", "10", "--competition", "code"], "the table has no competition 'code'; it has chat"),
    ]:
        found = CliRunner().invoke(app, ["backtest", *given])
        assert (found.exit_code, words in found.stderr) == (2, True), found.stderr
