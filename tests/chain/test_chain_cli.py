"""`crucible chain`: one JSON document, tables that keep every key whole, and one line for what cannot be read."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner, Result

from chain.cli import app
from chain.embedded.genesis import genesis
from chain.embedded.root import Root
from chain.signing import Wallet, create_wallet
from chain.types import NetUid

COMMANDS = ("weights", "commitments", "neurons")


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Wallet]]:
    """A chain whose netuid 1 has its owner as uid 0 and nothing else."""
    folder = tmp_path_factory.mktemp("chain")
    node = genesis(folder / "chain.db", block_time_s=1.0, start=datetime(2030, 1, 1, tzinfo=UTC))
    owner = create_wallet("owner", "default", folder / "wallets")
    Root(node).create_subnet(NetUid(1), owner.coldkey, owner.hotkey)
    yield str(folder / "chain.db"), owner
    node.close()


def ask(chain: str, *arguments: str, netuid: str = "1") -> Result:
    return CliRunner().invoke(app, [*arguments], env={"CRUCIBLE_NETWORK": chain, "CRUCIBLE_NETUID": netuid})


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_one_document_and_nothing_else(owned: tuple[str, Wallet], command: str) -> None:
    told = json.loads(ask(owned[0], command, "--json").stdout)
    hotkeys = [row["hotkey"] for row in told] if command == "neurons" else []
    assert (hotkeys or told) == {"weights": {}, "commitments": [], "neurons": [owned[1].hotkey]}[command]


def test_keys_are_whole_in_a_file(owned: tuple[str, Wallet]) -> None:
    shown = ask(owned[0], "neurons").stdout
    assert (owned[1].hotkey in shown, owned[1].coldkey in shown) == (True, True)


@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["words", "json"])
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("netuid", "said"),
    [
        ("9", "netuid 9 does not exist on"),
        ("70000", "netuid is '70000': give 0 to 65535 by --netuid or CRUCIBLE_NETUID"),
        ("", "netuid is ''"),
    ],
    ids=["unknown", "too-large", "missing"],
)
def test_a_wrong_netuid_is_one_line(
    owned: tuple[str, Wallet], command: str, as_json: list[str], netuid: str, said: str
) -> None:
    done = ask(owned[0], command, *as_json, netuid=netuid)
    assert (done.exit_code, done.stdout, done.stderr.count("\n"), said in done.stderr) == (2, "", 1, True)
