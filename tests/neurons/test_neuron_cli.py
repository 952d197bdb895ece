"""Commands of miners and producers: what is wrong is one line on stderr with its remedy and exit code 2, options are
spelled as btcli spells them or as earlier neurons did, and results are one JSON document."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.root import Root
from chain.networks import connect
from chain.signing import Wallet, create_wallet
from chain.types import Commitment, NetUid
from models.ref import WITHDRAWN
from neurons import miner_cli, producer_cli
from neurons.progress import in_lines, narrated
from tests.neurons.tiny_model import write_model

NOBODY = "http://127.0.0.1:9"
"""An endpoint at which nothing listens."""


@dataclass(frozen=True)
class Desk:
    """An operator's machine: an embedded chain where alice is registered on netuid 1, wallets, and a model."""

    folder: Path
    alice: Wallet

    def environment(self, **changes: str) -> dict[str, str]:
        named = {
            "network": str(self.folder / "chain.db"),
            "netuid": "1",
            "wallet_name": "alice",
            "wallet_path": str(self.folder / "wallets"),
            "home": str(self.folder / "home"),
            "table": "pocket",
        } | changes
        return {f"CRUCIBLE_{name.upper()}": value for name, value in named.items()} | {"HF_ENDPOINT": NOBODY}

    def publish(self, *options: str, **changes: str) -> Result:
        arguments = [
            "publish",
            str(self.folder / "model"),
            "--repo",
            "alice/chat",
            "--competition",
            "answers",
            *options,
        ]
        return CliRunner().invoke(miner_cli.app, arguments, env={"HF_TOKEN": "hf_secret"} | self.environment(**changes))

    def status(self, *options: str, **changes: str) -> Result:
        return CliRunner().invoke(miner_cli.app, ["status", *options], env=self.environment(**changes))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    node = genesis(folder / "chain.db", block_time_s=1.0, start=datetime(2030, 1, 1, tzinfo=UTC))
    root = Root(node)
    owner, alice, _stranger = (
        create_wallet(name, "default", folder / "wallets") for name in ("owner", "alice", "stranger")
    )
    root.create_subnet(NetUid(1), owner.coldkey, owner.hotkey, Hyperparameters(tempo=10))
    root.register(NetUid(1), alice.hotkey, alice.coldkey)
    write_model(folder / "model")
    yield Desk(folder, alice)
    node.close()


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _line(result: Result) -> str:
    """The one line on stderr of a command that could not be done."""
    lines = result.stderr.splitlines()
    assert (result.exit_code, len(lines), result.stdout) == (2, 1, ""), result.output
    return lines[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"wallet_name": "nobody"}, "wallet nobody/default has no key file", id="no wallet"),
        pytest.param({"network": "atlantis"}, "network 'atlantis' is neither", id="unknown network"),
        pytest.param({"netuid": "9"}, "netuid 9 does not exist", id="wrong netuid"),
        pytest.param({"netuid": "many"}, "netuid: input should be a valid integer", id="malformed netuid"),
        pytest.param({"wallet_name": "stranger"}, "is not registered on netuid 1: register it", id="no uid"),
        pytest.param({"table": "atlantis"}, "no table 'atlantis': give a TOML file's path", id="unknown table"),
        pytest.param(
            {"table": ""}, "no table: name a TOML file, or a shipped one (finney, localnet, pocket)", id="no table"
        ),
        pytest.param({}, f"{NOBODY}", id="unreachable Hub"),
        pytest.param({"hub_token": ""}, "HF_TOKEN", id="no token"),
    ],
)
def test_what_publish_cannot_do_is_one_line_with_the_remedy(desk: Desk, changes: dict[str, str], message: str) -> None:
    line = _line(desk.publish(**changes))
    assert (line.startswith("error: "), message in line, "hf_secret" in line) == (True, True, False)


def test_a_missing_netuid_is_asked_for(desk: Desk) -> None:
    environment = desk.environment()
    del environment["CRUCIBLE_NETUID"]
    result = CliRunner().invoke(miner_cli.app, ["status"], env=environment)
    assert _line(result) == "error: no netuid: give --netuid, or set CRUCIBLE_NETUID"


def test_a_table_that_is_no_toml_is_one_line(desk: Desk) -> None:
    broken = desk.folder / "broken.toml"
    broken.write_text("settle_blocks = = 3", encoding="utf-8")
    assert "not valid TOML" in _line(desk.publish(table=str(broken)))


def test_a_seal_that_would_make_the_commitment_void_is_refused(desk: Desk) -> None:
    assert "a seal of 100000 blocks is not possible" in _line(desk.publish("--reveal-in", "100000"))


def test_what_no_pointer_in_clear_can_be_is_refused_before_the_hub_is_asked(desk: Desk) -> None:
    line = _line(desk.publish("--encoding", "hashed", "--reveal-in", "5"))
    assert line == "error: --reveal-in 5 means nothing for a pointer in clear: leave it out"
    unknown = desk.publish("--encoding", "plain")
    assert (unknown.exit_code, "'sealed'" in unknown.stderr, "'hashed'" in unknown.stderr) == (2, True, True)


def test_status_says_that_nothing_is_committed(desk: Desk) -> None:
    told = json.loads(desk.status("--json").stdout)
    assert (told["hotkey"], told["uid"], told["state"], told["note"]) == (desk.alice.hotkey, 1, "none", "")


def test_reset_withdraws_what_stands_and_to_repeat_it_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    away = desk.folder / "withdrawing.db"
    node = genesis(away, block_time_s=1.0, start=datetime(2030, 1, 1, tzinfo=UTC))
    Root(node).create_subnet(NetUid(1), desk.alice.coldkey, desk.alice.hotkey, Hyperparameters(tempo=10))
    node.close()
    chain = connect(str(away))
    changes = {"network": str(away), "home": str(tmp_path)}
    told = [_reset(desk, changes)]
    chain.commit(NetUid(1), desk.alice, raw=b"acme:chat:" + b"0" * 40 + b":" + b"A" * 43 + b"=:answers")
    told += [_reset(desk, changes), _reset(desk, changes)]
    (entry,) = chain.commitments(NetUid(1))
    blocks, notes = [t["block"] for t in told], [t["note"].partition(" ")[0] for t in told]
    assert (blocks[0], blocks[1] == blocks[2], notes) == (None, True, ["nothing", "no", "withdrawn"])
    assert isinstance(entry, Commitment)
    assert (entry.raw, entry.block) == (WITHDRAWN, blocks[1])
    assert json.loads(desk.status("--json", **changes).stdout)["state"] == "withdrawn"


def _reset(desk: Desk, changes: dict[str, str]) -> dict[str, Any]:
    result = CliRunner().invoke(miner_cli.app, ["reset", "--json"], env=desk.environment(**changes))
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return document


def test_older_and_newer_spellings_of_the_options_mean_the_same(desk: Desk) -> None:
    chain, wallets = str(desk.folder / "chain.db"), str(desk.folder / "wallets")
    newer = ("-n", chain, "-w", "stranger", "-H", "default", "--wallet-path", wallets)
    older = (f"--subtensor.network={chain}", "--wallet.name", "stranger", "--wallet.hotkey", "default")
    told = [json.loads(desk.status("--json", *o).stdout) for o in (newer, (*older, "--wallet.path", wallets))]
    assert (told[0] == told[1], told[0]["uid"]) == (True, None)


def test_the_file_itself_can_be_run_as_the_command(desk: Desk) -> None:
    file = Path(miner_cli.__file__).with_name("miner.py")
    environment = desk.environment() | {"PATH": ""}
    told = subprocess.check_output(
        [sys.executable, str(file), "status", "--json"], env=environment, text=True, timeout=60
    )
    assert json.loads(told) == json.loads(desk.status("--json").stdout)


def test_results_for_people_leave_out_what_has_no_value(desk: Desk) -> None:
    lines = desk.status().stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["hotkey", "netuid", "block", "uid", "state"]


def test_records_and_lists_within_a_result_are_words_for_people() -> None:
    told = in_lines({"pointer": {"competition": "answers", "repo": "alice/one"}, "datasets": ["a/b", "c/d"], "uid": 2})
    assert told.splitlines() == [
        "pointer   competition answers, repo alice/one",
        "datasets  a/b, c/d",
        "uid       2",
    ]


def _invoke(app_command: list[str], desk: Desk, **changes: str) -> Result:
    app = producer_cli.app if app_command[0] == "run" else miner_cli.app
    return CliRunner().invoke(app, app_command, env=desk.environment(**changes))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["run", "--repo", "a/b", "--slice", "3/2"], "'3/2' is no share of the corpus", id="slice"),
        pytest.param(
            ["run", "--repo", "a/b", "--pairs", "0", "--texts", "0"], "a batch would hold nothing", id="empty"
        ),
        pytest.param(["run", "--repo", "samples"], "samples", id="repository"),
        pytest.param(["base", "--out", "{model}"], "already holds files: name another folder", id="base out"),
        pytest.param(
            ["train", "--out", "{new}", "--base", "{model}", "--competition", "chess"],
            "no competition 'chess': the table has",
            id="competition",
        ),
        pytest.param(
            ["train", "--out", "{new}", "--base", "{model}", "--competition", "answers", "--dataset", "a/b"],
            NOBODY,
            id="unreachable Hub",
        ),
    ],
)
def test_what_training_and_producing_cannot_do_is_one_line(desk: Desk, arguments: list[str], message: str) -> None:
    places = {"model": str(desk.folder / "model"), "new": str(desk.folder / "new")}
    line = _line(_invoke([argument.format(**places) for argument in arguments], desk))
    assert (message in line, (desk.folder / "new").exists()) == (True, False)


def test_secrets_are_no_options() -> None:
    helps = [CliRunner().invoke(miner_cli.app, [name, "--help"]).stdout for name in ("publish", "train", "base")]
    assert [text for text in helps if "token" in text.lower() and "HF_TOKEN" not in text] == []


def test_steps_show_what_a_user_called_something_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes any output for a terminal then
    with narrated() as say:
        say("checking models/[/red]")
    assert "checking models/[/red]" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["publish model -r alice/chat -c answers", "reset", "status"])
def test_nothing_moves_on_the_terminal_until_the_wallet_is_open(desk: Desk, command: str) -> None:
    environment = desk.environment(wallet_name="zoe") | {"FORCE_COLOR": "1"}
    result = CliRunner().invoke(miner_cli.app, command.split(), env=environment)
    first, *others = result.stderr.splitlines()
    assert (first.partition(" has ")[0], others) == ("error: wallet zoe/default", [])


def test_a_home_that_cannot_be_written_is_told(desk: Desk) -> None:
    home = desk.folder / "a file"
    home.write_text("no folder", encoding="utf-8")
    result = CliRunner().invoke(miner_cli.app, ["reset"], env=desk.environment(home=str(home)))
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2,
        f"error: the journal's folder {home / 'publications'} cannot be written (Not a directory): name "
        "another by --home or CRUCIBLE_HOME",
    )
