"""Watching strangers: malformed commitments are recorded with their reason, skipped, and cost nobody else anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.root import Root
from chain.signing import Wallet, create_wallet
from chain.subtensor import SubtensorChain, connect
from chain.types import Block, NetUid
from ledger import submissions
from ledger.board import board
from ledger.database import Ledger, open_ledger
from models.ref import CLEAR, ModelRef, encode_sealed
from neurons import tables
from neurons.loops.watch import Watch
from neurons.supervisor import Wakes

NETUID = NetUid(1)
POINTER = encode_sealed(ModelRef("answers", "honest/model", "a" * 40, "b" * 64))

STRANGERS = {
    "honest": POINTER,
    "noise": "\x00\x01\x02 not a pointer",
    "chinese": "模型在这里",
    "future": POINTER.replace("crucible/1", "crucible/99"),
    "foreign": POINTER.replace(" answers ", " chess "),
    "upper": POINTER.replace("a" * 40, "A" * 40),
    "escaping": POINTER.replace("honest/model", "../etc"),
    "doubled": POINTER + " " + "b" * 64,
}
"""What each of them sealed."""


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[SubtensorChain, Ledger, dict[str, Wallet]]]:
    node = genesis(tmp_path / "chain", block_time_s=0.05)
    root, author = Root(node), Author(node)
    wallets = {name: create_wallet(name, "default", tmp_path / "wallets") for name in ("owner", "clear", *STRANGERS)}
    root.create_subnet(NETUID, wallets["owner"].coldkey, wallets["owner"].hotkey, Hyperparameters(tempo=10))
    for name in ("clear", *STRANGERS):
        root.register(NETUID, wallets[name].hotkey, wallets[name].coldkey)
    chain, ledger = connect(str(tmp_path / "chain")), open_ledger(tmp_path / "ledger.sqlite")
    author.advance()
    for name, text in STRANGERS.items():
        chain.commit(NETUID, wallets[name], raw=CLEAR, sealed=chain.seal(text, Block(30)))
    chain.commit(NETUID, wallets["clear"], raw=b"hello from the tutorial")
    author.advance(40)
    yield chain, ledger, wallets
    ledger.close()
    chain.close()
    node.close()


def test_strangers_are_recorded_with_reasons_and_only_a_pointer_becomes_a_submission(
    watched: tuple[SubtensorChain, Ledger, dict[str, Wallet]],
) -> None:
    chain, ledger, wallets = watched
    Watch(chain, ledger, NETUID, tables.load("pocket"), Wakes()).step()
    names = {wallet.hotkey: name for name, wallet in wallets.items()}
    seen = {names[p.hotkey]: (p.state, p.reason) for p in board(ledger).submissions}
    assert seen == {
        "honest": ("vetting", None),
        "clear": ("ignored", None),
        "foreign": ("rejected", "competition"),
    } | dict.fromkeys(("noise", "chinese", "future", "upper", "escaping", "doubled"), ("rejected", "pointer"))
    assert [s.repo for s in submissions.due_for_intake(ledger, Block(99))] == ["honest/model"]


def test_watching_again_changes_nothing(watched: tuple[SubtensorChain, Ledger, dict[str, Wallet]]) -> None:
    chain, ledger, _ = watched
    watch = Watch(chain, ledger, NETUID, tables.load("pocket"), Wakes())
    watch.step()
    before = board(ledger).submissions
    watch.step()
    assert board(ledger).submissions == before


def test_a_commitment_that_has_not_opened_is_shown_sealed_and_says_nothing(tmp_path: Path) -> None:
    node = genesis(tmp_path / "chain", block_time_s=0.05)
    root = Root(node)
    owner, miner = (create_wallet(name, "default", tmp_path / "wallets") for name in ("owner", "miner"))
    root.create_subnet(NETUID, owner.coldkey, owner.hotkey, Hyperparameters(tempo=10))
    root.register(NETUID, miner.hotkey, miner.coldkey)
    Author(node).advance()
    chain, ledger = connect(str(tmp_path / "chain")), open_ledger(tmp_path / "ledger.sqlite")
    chain.commit(NETUID, miner, raw=CLEAR, sealed=chain.seal(POINTER, Block(30)))
    Watch(chain, ledger, NETUID, tables.load("pocket"), Wakes()).step()
    (passport,) = board(ledger).submissions
    assert (passport.state, passport.model, submissions.undecoded(ledger)) == ("sealed", None, ())
    ledger.close()
