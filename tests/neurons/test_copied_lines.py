"""What a rival can do with another's commitment, on a chain that signs, seals and opens for real: read nothing before
its round, and gain nothing by committing the same under a hotkey of its own, in either encoding."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.root import Root
from chain.embedded.tlock import CannotOpen, open_sealed
from chain.networks import connect
from chain.signing import Wallet
from chain.subtensor import SubtensorChain
from chain.types import BeaconRound, Block, Commitment, Hotkey, Included, NetUid, Sealed
from hub.folder import FolderHub
from ledger.board import board
from ledger.database import open_ledger
from models.cache import ModelCache
from models.publishing import PublishedModel, publish
from models.ref import CLEAR, ModelRef, encode_hashed, encode_sealed
from neurons import tables
from neurons.intake import Intake
from neurons.loops.fetch import Fetch
from neurons.loops.watch import Watch
from neurons.rulebook import Rulebook
from neurons.supervisor import Wakes
from tests.neurons.tiny_model import write_model

MODELS = NetUid(1)
TABLE = tables.load("pocket")
SEAL_BLOCKS = 12


@dataclass(frozen=True)
class Scene:
    """A chain with three miners; alice's model stands on the Hub, and is public."""

    chain: SubtensorChain
    author: Author
    alice: Wallet
    bob: Wallet
    mallory: Wallet
    ref: ModelRef
    folder: Path

    def entry(self, wallet: Wallet) -> Commitment:
        (found,) = [entry for entry in self.chain.commitments(MODELS) if entry.hotkey == wallet.hotkey]
        assert isinstance(found, Commitment)
        return found

    def commit(self, wallet: Wallet, line: str) -> Commitment:
        """Seal a line for a wallet until some blocks from now, and commit it."""
        sealed = self.chain.seal(line, Block(self.chain.head() + SEAL_BLOCKS))
        assert isinstance(self.chain.commit(MODELS, wallet, raw=CLEAR, sealed=sealed), Included)
        return self.entry(wallet)

    def outcomes(self) -> dict[Hotkey, tuple[str, str | None, str]]:
        """What a validator that looks now makes of each hotkey's newest commitment: state, reason and detail."""
        ledger = open_ledger(self.folder / "ledger.sqlite")
        intake = Intake(FolderHub(self.folder / "hub", None), ModelCache(self.folder / "cache"))
        watch = Watch(self.chain, ledger, MODELS, Rulebook.of(TABLE), Wakes())
        for loop in (watch, Fetch(self.chain, ledger, intake, Rulebook.of(TABLE), Wakes())):
            while loop.step():
                pass
        told = {seen.hotkey: (seen.state, seen.reason, seen.detail) for seen in reversed(board(ledger).submissions)}
        ledger.close()
        return told


@pytest.fixture
def scene(tmp_path: Path, wallets: Callable[[str], Wallet]) -> Iterator[Scene]:
    node = genesis(tmp_path / "chain.db", block_time_s=1.0, start=datetime(2030, 1, 1, tzinfo=UTC))
    root, owner = Root(node), wallets("owner")
    alice, bob, mallory = miners = [wallets(name) for name in ("alice", "bob", "mallory")]
    root.create_subnet(MODELS, owner.coldkey, owner.hotkey, Hyperparameters(tempo=100))
    for wallet in miners:
        root.register(MODELS, wallet.hotkey, wallet.coldkey)
    author = Author(node)
    author.advance()
    hub = FolderHub(tmp_path / "hub", "alice")
    done = publish(hub, "alice/chat", write_model(tmp_path / "model"))
    assert isinstance(done, PublishedModel)
    hub.set_visibility("alice/chat", "model", private=False)
    ref = ModelRef("answers", "alice/chat", done.revision, done.digest)
    yield Scene(connect(str(tmp_path / "chain.db")), author, alice, bob, mallory, ref, tmp_path)
    node.close()


def test_two_miners_cannot_read_each_others_pointer_before_its_round_and_everybody_can_from_then_on(
    scene: Scene,
) -> None:
    lines = {wallet: encode_sealed(scene.ref, wallet.hotkey) for wallet in (scene.alice, scene.bob)}
    seals = {wallet: scene.commit(wallet, line).sealed for wallet, line in lines.items()}
    one, other = seals[scene.alice], seals[scene.bob]
    assert one is not None
    assert other is not None
    assert one.ciphertext != other.ciphertext
    telling = {word for line in lines.values() for word in line.encode().split()[2:]}
    assert [word for word in telling if word in one.ciphertext + other.ciphertext] == []
    keys: list[bytes] = []
    while scene.chain.head() < scene.entry(scene.alice).block + SEAL_BLOCKS - 2:
        rounds = [BeaconRound(number) for number in range(1, one.reveal_round + 1)]
        *shown, due = [scene.chain.beacon_signature(round_) for round_ in rounds]
        assert due is None
        keys = [key for key in shown if key]
        assert [seal for seal in (one, other) for key in keys if _opened(seal, key)] == []
        scene.author.advance()
    scene.author.advance(4)
    texts = [_opened(seal, scene.chain.beacon_signature(seal.reveal_round)) for seal in (one, other)]
    told = [scene.entry(wallet).opened[-1].data for wallet in lines]
    assert (len(keys) > SEAL_BLOCKS // 2, texts, told) == (True, [line.encode() for line in lines.values()], texts)


def test_the_same_line_sealed_twice_shows_nothing_in_common(scene: Scene) -> None:
    line, open_at = encode_sealed(scene.ref, scene.alice.hotkey), Block(scene.chain.head() + SEAL_BLOCKS)
    one, again = (scene.chain.seal(line, open_at).ciphertext for _ in range(2))
    runs = {one[start : start + 12] for start in range(len(one) - 11)}
    constant = {again[start : start + 12] for start in range(len(again) - 11)} & runs
    assert [run for run in constant if b"\0\0\0\0" not in run] == []  # lengths alone


def _opened(seal: Sealed, key: bytes | None) -> bytes | None:
    """What a key makes of a seal; None where nothing."""
    try:
        return open_sealed(seal.ciphertext, key or b"")
    except CannotOpen:
        return None


def test_a_ciphertext_copied_under_another_hotkey_opens_to_a_pointer_that_is_refused(scene: Scene) -> None:
    original = scene.commit(scene.alice, encode_sealed(scene.ref, scene.alice.hotkey))
    scene.chain.commit(MODELS, scene.mallory, raw=CLEAR, sealed=original.sealed)
    scene.author.advance(SEAL_BLOCKS + 2)
    assert scene.entry(scene.mallory).opened[-1].data == scene.entry(scene.alice).opened[-1].data
    outcomes = scene.outcomes()
    assert outcomes[scene.mallory.hotkey] == (
        "rejected",
        "pointer",
        f"the pointer was sealed for hotkey '{scene.alice.hotkey}' and counts for no other, so not for "
        f"{scene.mallory.hotkey}",
    )
    assert outcomes[scene.alice.hotkey][:2] == ("queued", None)


def test_a_hashed_line_copied_under_another_hotkey_does_not_match_its_files_and_is_refused(scene: Scene) -> None:
    line = encode_hashed(scene.ref, scene.alice.hotkey).encode()
    for wallet in (scene.mallory, scene.alice):  # even where the copy is the senior
        scene.chain.commit(MODELS, wallet, raw=line)
    scene.author.advance(2)
    outcomes = scene.outcomes()
    assert outcomes[scene.mallory.hotkey][:2] == ("rejected", "digest")
    assert outcomes[scene.alice.hotkey][:2] == ("queued", None)
