"""`crucible localnet chain` as an operator types it: what each command does, and one line for what is wrong."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bittensor as bt
import pytest
from bittensor_core import Keypair
from typer.testing import CliRunner

from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.node import Node
from chain.embedded.root import Root
from chain.embedded.substrate import EmbeddedSubstrate
from chain.signing import create_wallet
from chain.types import Coldkey, Hotkey, NetUid
from localnet.chain_change import await_block
from localnet.chain_cli import app
from localnet.founding import found
from localnet.place import LocalnetError, Place
from localnet.scenario import POCKET
from localnet.who import find

ALICE = str(Keypair.create_from_uri("//Alice").ss58_address)
BOB = str(Keypair.create_from_uri("//Bob").ss58_address)
ELSEWHERE = "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"
"""Alice as an address of a network with prefix 0."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A stepped chain with netuids 1 and 2, whose owner is Alice, at block 1."""
    path = tmp_path / "chain.db"
    node = genesis(path, block_time_s=1.0, start=datetime(2030, 1, 1, tzinfo=UTC), beacon_secret=b"cli")
    for netuid in (1, 2):
        Root(node).create_subnet(NetUid(netuid), Coldkey(ALICE), Hotkey(ALICE), name=f"net {netuid}")
    Author(node).advance(1)
    node.close()
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A founded network of which nobody runs."""
    place = Place(tmp_path_factory.mktemp("home") / "net")
    place.claim()
    found(place, POCKET)
    return place.root


def told(*arguments: object) -> dict[str, Any]:
    """The JSON document of a command."""
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert done.exit_code == 0, done.output
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def refusal(*arguments: object) -> str:
    """The one line of a command that could not be done."""
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.output
    return done.stderr


def test_fund_register_and_stake_stand_in_blocks_of_their_own(file: Path) -> None:
    funded = told("fund", BOB, "2.5", "--file", file)
    registered = told("register", BOB, "--netuid", 2, "--file", file)
    staked = told("stake", BOB, "100", "--netuid", 2, "--file", file)
    block = told("inspect", "--file", file)

    assert funded == {"coldkey": BOB, "balance": 2.5, "block": 2}
    assert registered == {"hotkey": BOB, "netuid": 2, "uid": 1, "block": 3}
    assert staked == {"hotkey": BOB, "netuid": 2, "added": 100.0, "block": 4}
    assert block["subnets"][1]["neurons"][1] == {
        "uid": 1,
        "hotkey": BOB,
        "coldkey": BOB,
        "stake": 100.0,
        "permit": False,
        "registered_at": 3,
        "last_update": 3,
    }


def test_people_of_the_network_are_known_by_name_with_their_own_subnet(home: Path) -> None:
    funded = told("fund", "alice", "1", "--home", home)
    staked = told("stake", "producer-1", "1", "--home", home)
    assert (funded["balance"], staked["netuid"]) == (1_001.0, 2)
    assert "refuses this for alice (HotKeyAlreadyRegistered" in refusal("register", "alice", "--home", home)


def test_a_folder_of_wallets_goes_before_the_networks_people(home: Path, tmp_path: Path) -> None:
    mine = create_wallet("alice", "default", tmp_path / "wallets")
    theirs, own = (find("alice", Place(home), folder).coldkey for folder in (None, tmp_path / "wallets"))
    assert (theirs != mine.coldkey, own) == (True, mine.coldkey)


def test_wallets_are_known_by_name_and_hotkey(file: Path, tmp_path: Path) -> None:
    wallet = create_wallet("erin", "second", tmp_path / "wallets")
    there = ("--wallet-path", tmp_path / "wallets", "--file", file)
    registered = told("register", "erin/second", "--netuid", 1, *there)
    assert told("fund", "erin/second", 3, *there)["coldkey"] == wallet.coldkey
    member = told("inspect", "--file", file)["subnets"][0]["neurons"][1]
    assert (registered["hotkey"], member["coldkey"]) == (wallet.hotkey, wallet.coldkey)


def test_a_hotkey_is_registered_for_the_coldkey_that_is_named(file: Path) -> None:
    told("register", BOB, "--netuid", 1, "--coldkey", ALICE, "--file", file)
    told("register", BOB, "--netuid", 2, "--file", file)
    assert [subnet["neurons"][1]["coldkey"] for subnet in told("inspect", "--file", file)["subnets"]] == [ALICE, ALICE]


def test_a_hotkey_of_another_coldkey_is_refused(file: Path) -> None:
    told("register", BOB, "--netuid", 1, "--file", file)
    line = refusal("register", BOB, "--netuid", 2, "--coldkey", ALICE, "--file", file)
    assert "(NonAssociatedColdKey): the hotkey belongs to the coldkey that registered it first" in line


WRONG = {
    "another network": (["fund", ELSEWHERE, "1"], f"{ELSEWHERE} is an address of another network, whose prefix is not"),
    "a typing error": (["fund", ALICE[:-1] + "x", "1"], "is no address (invalid ss58 address: Invalid checksum)"),
    "a stranger": (["fund", "mallory", "1"], "'mallory' is nobody here: give a wallet as name/hotkey"),
    "a missing wallet": (["fund", "mallory/default", "1", "--wallet-path", "."], "no key file"),
    "a negative amount": (["fund", ALICE, "-5"], "-5.0 is no amount of TAO: give at least 0.000000001"),
    "no number": (["stake", ALICE, "nan", "--netuid", "1"], "nan is no amount of TAO"),
    "too much": (["stake", ALICE, "1e9", "--netuid", "1"], "1000000000.0 is no amount of TAO: give at least"),
    "no netuid": (["register", BOB], "no netuid was given: choose by --netuid; known are 1, 2"),
    "an unknown netuid": (["register", BOB, "--netuid", "9"], "there is no netuid 9 here: choose by --netuid; known"),
    "registered": (["register", ALICE, "--netuid", "1"], "holds a uid there already: `inspect` shows which"),
    "unregistered": (["stake", BOB, "1", "--netuid", "1"], "nobody has registered that hotkey: `register` it first"),
    "an unsealed block": (["inspect", "--block", "7"], "there is no block 7: the head is 1"),
    "two chains": (["advance", "--home", "."], "both --home . and --file"),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=list(WRONG))
def test_what_cannot_be_done_is_one_line_with_value_and_remedy(file: Path, arguments: list[str], said: str) -> None:
    assert said in refusal(*arguments, "--file", file)
    assert told("inspect", "--file", file)["head"] == 1


def test_advance_makes_many_blocks_at_once(file: Path) -> None:
    assert told("advance", "--file", file)["block"] == 2
    assert told("advance", "5000", "--file", file)["block"] == 5_002


def test_inspect_shows_commitments_with_their_rounds_events_and_the_pool(file: Path) -> None:
    class Keys:
        hotkey = coldkey = coldkeypub = Keypair.create_from_uri("//Alice")

    sealed = {"TimelockEncrypted": {"encrypted": b"sealed", "reveal_round": 9}}
    call = bt.calls.Commitments.set_commitment(netuid=1, info={"fields": [sealed, {"Raw3": b"tag"}]})
    with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(file)) as sdk:
        for wait in (True, False):
            sdk.submit_call(call, Keys, signer="hotkey", wait_for_inclusion=wait, wait_for_finalization=wait)

    seen = told("inspect", "--file", file)
    words = CliRunner().invoke(app, ["inspect", "--file", str(file)]).stdout
    past = told("inspect", "--block", 1, "--file", file)

    fields = [{"kind": "TimelockEncrypted", "size": 6, "round": 9}, {"kind": "Raw3", "size": 3, "round": None}]
    assert seen["subnets"][0]["commitments"] == [{"hotkey": ALICE, "block": 2, "fields": fields, "opened": []}]
    assert [event["name"] for event in seen["events"]] == ["Commitments.TimelockCommitment", "System.ExtrinsicSuccess"]
    assert [(one["signer"], one["call"]) for one in seen["pool"]] == [(ALICE, "Commitments.set_commitment")]
    assert (seen["block"], seen["head"], seen["final"], seen["time"]) == (2, 2, 2, "2030-01-01T00:00:02+00:00")
    assert (past["block"], past["head"], past["events"], past["subnets"][0]["commitments"]) == (1, 2, [], [])
    assert all(text in words for text in (ALICE, "TimelockEncrypted, 6 bytes, round 9", "waiting for the next block"))


def test_a_failed_call_is_shown_by_its_name(file: Path) -> None:
    class Keys:
        hotkey = coldkey = coldkeypub = Keypair.create_from_uri("//Bob")

    call = bt.calls.Commitments.set_commitment(netuid=1, info={"fields": [{"Raw1": b"x"}]})
    with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(file)) as sdk:
        sdk.submit_call(call, Keys, signer="hotkey")
    (event,) = told("inspect", "--file", file)["events"]
    assert event == {"extrinsic": 0, "name": "System.ExtrinsicFailed", "facts": "Commitments.AccountNotAllowedCommit"}


def test_snapshot_and_restore_go_back(file: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken.db"
    assert told("snapshot", taken, "--file", file) == {"file": str(taken), "block": 1}
    told("fund", BOB, 1, "--file", file)
    assert "already exists" in refusal("snapshot", taken, "--file", file)
    assert told("restore", taken, "--file", file)["block"] == 1


@pytest.fixture
def clocked(tmp_path: Path) -> Iterator[Path]:
    """A chain by the clock with netuid 1, whose author runs."""
    node = genesis(tmp_path / "fast.db", block_time_s=0.05)
    Root(node).create_subnet(NetUid(1), Coldkey(ALICE), Hotkey(ALICE))
    stop = threading.Event()
    author = threading.Thread(target=Author(node).run, args=(stop,))
    author.start()
    Author(Node.open(tmp_path / "fast.db")).travel(1)
    yield tmp_path / "fast.db"
    stop.set()
    author.join(60)
    node.close()


def test_changes_wait_for_the_block_of_a_running_author(clocked: Path) -> None:
    balances = [told("fund", BOB, 1, "--file", clocked)["balance"] for _ in range(3)]
    uid = told("register", BOB, "--file", clocked)["uid"]
    before = told("inspect", "--file", clocked)["head"]
    ahead = told("advance", 1_000, "--file", clocked)["block"]
    after = told("fund", BOB, 1, "--file", clocked)["block"]
    assert (balances, uid, ahead >= before + 1_000, after > ahead) == ([1.0, 2.0, 3.0], 1, True, True)


def test_a_change_without_an_author_says_who_can_make_its_block(file: Path) -> None:
    node = Node.open(file)
    stopped = threading.Event()
    stopped.set()
    Author(node).run(stopped)
    root = Root(node)
    root.fund(Coldkey(BOB), 1)
    with pytest.raises(LocalnetError, match=r"waits for block 2, .* make it with `crucible localnet chain advance`"):
        await_block(node, root.stands_in, patience_s=0)
    node.close()


def test_serve_answers_an_unmodified_client_until_it_is_asked_to_stop(file: Path) -> None:
    crucible = Path(sys.executable).with_name("crucible")
    command = [crucible, "localnet", "chain", "serve", "--port", "0", "--file", file]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        with bt.SyncClient(address) as sdk:
            block = sdk.block
        process.send_signal(signal.SIGTERM)
        assert (block, process.wait(60)) == (1, 0)
