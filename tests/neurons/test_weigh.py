"""Weights on the embedded chain: sent when due, to the uids that hotkeys hold now, read back, and not sent in vain."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.root import Root
from chain.networks import connect
from chain.reader import ChainUnreachable
from chain.signing import Wallet
from chain.subtensor import SubtensorChain
from chain.types import (
    Block,
    BlockCount,
    Coldkey,
    Hotkey,
    Included,
    NetUid,
    Neuron,
    Refused,
    Uid,
    Weights,
)
from chain.u16 import shares
from competitions.weights import Pay
from ledger import weights
from ledger.database import Ledger
from neurons import tables
from neurons.loops.weigh import SEEN, Weigh
from neurons.reporting import Silent
from neurons.rulebook import Rulebook
from neurons.weighing import BURN, SETTLING, to_uids
from tests.neurons.crowning import crown

NETUID = NetUid(1)
RATE_LIMIT = 5
TEMPO = 6


@dataclass
class Scene:
    """A subnet with an owner (uid 0), a validator (uid 1) and a miner (uid 2), and the validator's loop."""

    chain: SubtensorChain
    author: Author
    root: Root
    rules: Hyperparameters
    ledger: Ledger
    loop: Weigh
    miner: Wallet
    wallet: Callable[[str], Wallet]

    def crown(self, competition: str, number: int) -> None:
        """Record a closed round after which the miner reigns."""
        crown(self.ledger, self.chain, NETUID, self.miner.hotkey, competition, number)

    def sent(self) -> list[tuple[int, dict[str, float], bool]]:
        """Every sending: its block, its weights, and whether it was read back; oldest first."""
        every = reversed(weights.history(self.ledger))
        return [(s.block, dict(s.weights), s.confirmed_block is not None) for s in every]

    def paid(self) -> dict[Uid, float]:
        """What stands on chain once the miner is paid."""
        return {Uid(0): pytest.approx(0.3, abs=1e-5), Uid(2): pytest.approx(0.7, abs=1e-5)}


@dataclass
class Losing:
    """A writer whose answers are lost on the way back, or whose extrinsics are lost on the way there."""

    inner: SubtensorChain
    landed: bool
    calls: int = 0

    def set_weights(
        self, netuid: NetUid, wallet: Wallet, weights: Weights, *, version_key: int = 0
    ) -> Included | Refused:
        self.calls += 1
        if self.landed:
            self.inner.set_weights(netuid, wallet, weights, version_key=version_key)
        raise ChainUnreachable("whether it stands is unknown")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@dataclass
class Elsewhere:
    """The chain as it is, but for who holds which uid."""

    inner: SubtensorChain
    members: tuple[Neuron, ...]

    def neurons(self, _netuid: NetUid, _block: Block | None = None) -> tuple[Neuron, ...]:
        here = {neuron.uid: neuron for neuron in self.inner.neurons(NETUID)}
        return tuple(replace(neuron, last_update=here[neuron.uid].last_update) for neuron in self.members)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.fixture(params=[False, True], ids=["clear", "commit-reveal"])
def scene(
    request: pytest.FixtureRequest, tmp_path: Path, new_ledger: Ledger, wallets: Callable[[str], Wallet]
) -> Iterator[Scene]:
    node = genesis(tmp_path / "chain", block_time_s=0.05, beacon_secret=b"weighing")
    root = Root(node)
    owner, own, miner = (wallets(f"weighing {name}") for name in ("owner", "own", "miner"))
    rules = Hyperparameters(tempo=TEMPO, commit_reveal=request.param, weights_rate_limit=RATE_LIMIT)
    root.create_subnet(NETUID, owner.coldkey, owner.hotkey, rules)
    for wallet in (own, miner):
        root.register(NETUID, wallet.hotkey, wallet.coldkey)
    root.stake(NETUID, own.hotkey, 1_000.0)
    author = Author(node)
    author.advance(20)
    chain, ledger = connect(str(tmp_path / "chain")), new_ledger
    loop = Weigh(chain, chain, own, ledger, NETUID, Rulebook.of(tables.load("pocket")), BlockCount(50), Silent())
    yield Scene(chain, author, root, rules, ledger, loop, miner, wallets)
    ledger.close()
    chain.close()
    node.close()


def test_what_nobody_earned_is_burnt_and_unchanged_weights_are_not_sent_again(scene: Scene) -> None:
    scene.loop.step()
    scene.author.advance(30)
    scene.loop.step()
    assert [(w, confirmed) for _, w, confirmed in scene.sent()] == [({BURN: 1.0}, True)]
    assert dict(scene.chain.weights(NETUID)[Uid(1)]) == {Uid(0): 1.0}


def test_a_new_king_is_paid_once_the_rate_limit_allows_it(scene: Scene) -> None:
    scene.loop.step()
    first = scene.sent()[0][0]
    scene.crown("answers", 0)
    scene.loop.step()
    assert len(scene.sent()) == 1, "within the rate limit nothing is sent"
    scene.author.advance(RATE_LIMIT)
    scene.loop.step()
    scene.author.advance(30)
    scene.loop.step()
    (block, paid, confirmed) = scene.sent()[1]
    assert (paid, confirmed) == ({scene.miner.hotkey: 0.7, BURN: pytest.approx(0.3)}, True)
    assert block - first >= RATE_LIMIT
    assert dict(scene.chain.weights(NETUID)[Uid(1)]) == {
        Uid(0): pytest.approx(0.3, abs=1e-4),
        Uid(2): pytest.approx(0.7, abs=1e-4),
    }


def test_old_weights_are_refreshed_before_the_chain_takes_them_for_stale(scene: Scene) -> None:
    scene.loop.step()
    scene.author.advance(50)
    scene.loop.step()
    assert [w for _, w, _ in scene.sent()] == [{BURN: 1.0}, {BURN: 1.0}]


def test_a_refusal_is_recorded_and_not_taken_for_a_success(scene: Scene) -> None:
    weights.record(scene.ledger, weights.Attempt(Block(20), "f", {BURN: 1.0}), Refused("SettingWeightsTooFast", "wait"))
    scene.loop.step()
    assert [isinstance(s.answer, Included) for s in weights.history(scene.ledger)] == [True, False]


def test_weights_that_the_chain_lost_are_sent_again(scene: Scene) -> None:
    weights.record(scene.ledger, weights.Attempt(Block(19), "f", {BURN: 1.0}), Included(Block(20), "20-1"))
    scene.loop.step()
    scene.author.advance(RATE_LIMIT)
    scene.loop.step()
    assert [(block > 19, w) for block, w, _ in scene.sent()] == [(False, {BURN: 1.0}), (True, {BURN: 1.0})]


def test_a_uid_that_changes_hands_costs_its_old_holder_the_pay_and_gives_the_new_one_none(scene: Scene) -> None:
    scene.crown("answers", 0)
    scene.loop.step()
    before = scene.chain.neurons(NETUID)
    gone = Elsewhere(scene.chain, before[:2])
    replace(scene.loop, reader=gone).step()
    assert len(scene.sent()) == 1, "within the rate limit nothing is sent"
    scene.author.advance(RATE_LIMIT)
    replace(scene.loop, reader=gone).step()
    assert [w for _, w, _ in scene.sent()] == [{scene.miner.hotkey: 0.7, BURN: pytest.approx(0.3)}, {BURN: 1.0}]


def test_a_paid_hotkey_that_moved_to_another_uid_is_paid_there(scene: Scene) -> None:
    scene.crown("answers", 0)
    scene.loop.step()
    scene.author.advance(RATE_LIMIT)
    neurons, head = scene.chain.neurons(NETUID), scene.chain.head()
    moved = Elsewhere(scene.chain, (*neurons[:2], replace(neurons[2], registered_at=head)))
    replace(scene.loop, reader=moved).step()
    assert len(scene.sent()) == 2


def test_a_vector_that_got_no_answer_and_left_no_trace_is_sent_again_and_read_back(scene: Scene) -> None:
    scene.crown("answers", 0)
    losing = Losing(scene.chain, landed=False)
    with pytest.raises(ChainUnreachable):
        replace(scene.loop, writer=losing).step()
    scene.loop.step()
    assert len(scene.sent()) == 1, "it may still be under way"
    scene.author.advance(SETTLING)
    scene.loop.step()
    scene.author.advance(2 * TEMPO)
    scene.loop.step()
    told = [(s.cause, s.answer is None, s.confirmed_block is not None) for s in weights.history(scene.ledger)]
    assert told == [("lost", False, True), ("first", True, False)]
    assert dict(scene.chain.weights(NETUID)[Uid(1)]) == scene.paid()


def test_a_vector_that_got_no_answer_and_stands_is_found_on_chain_and_not_sent_again(scene: Scene) -> None:
    scene.crown("answers", 0)
    losing = Losing(scene.chain, landed=True)
    with pytest.raises(ChainUnreachable):
        replace(scene.loop, writer=losing).step()
    for _ in range(4):
        scene.author.advance(SETTLING)
        scene.loop.step()
    (only,) = weights.history(scene.ledger)
    stood = Block(only.block + 1)
    assert (only.answer, only.confirmed_block is not None) == (Included(stood, SEEN), True)
    assert dict(scene.chain.weights(NETUID)[Uid(1)]) == scene.paid()


def test_a_subnet_that_asks_for_newer_weights_gets_none_and_is_told_why_once(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.root.set_hyperparameters(NETUID, replace(scene.rules, weights_version=7))
    old = replace(scene.loop, version_key=6)
    for _ in range(3):
        old.step()
        scene.author.advance(40)
    refusal = "the subnet takes weights of version 7 and later, and this Crucible makes version 6: upgrade it"
    answers = [s.answer for s in weights.history(scene.ledger)]
    assert answers == [Refused("IncorrectWeightVersionKey", refusal)]
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        f"weights cannot be set on netuid 1: IncorrectWeightVersionKey: {refusal}"
    ]
    replace(scene.loop, version_key=7).step()
    scene.author.advance(2 * TEMPO)
    assert dict(scene.chain.weights(NETUID)[Uid(1)]) == {Uid(0): 1.0}


def test_a_smallest_number_of_weights_that_pay_cannot_reach_is_told_once_and_heeded(scene: Scene) -> None:
    scene.root.set_hyperparameters(NETUID, replace(scene.rules, min_allowed_weights=2))
    for _ in range(2):
        scene.loop.step()
        scene.author.advance(40)
    scene.crown("answers", 0)
    scene.loop.step()
    told = [s.answer.name if isinstance(s.answer, Refused) else "" for s in weights.history(scene.ledger)]
    assert told == ["", "WeightVecLengthIsLow"]


def test_a_largest_share_is_kept_to_and_what_is_sent_so_is_read_back(scene: Scene) -> None:
    scene.root.set_hyperparameters(NETUID, replace(scene.rules, max_weight_limit=40_000))
    scene.crown("answers", 0)
    scene.loop.step()
    scene.author.advance(2 * TEMPO)
    scene.loop.step()
    (only,) = weights.history(scene.ledger)
    assert (only.confirmed_block is not None, shares(only.values)) == (True, scene.chain.weights(NETUID)[Uid(1)])
    assert shares(only.values)[Uid(2)] == pytest.approx(40_000 / 65_535, abs=1e-4)


def test_a_hotkey_that_registered_just_now_waits_for_the_rate_limit_without_asking(scene: Scene) -> None:
    scene.root.set_hyperparameters(NETUID, replace(scene.rules, weights_rate_limit=30))
    newcomer = scene.wallet("weighing newcomer")
    scene.root.register(NETUID, newcomer.hotkey, newcomer.coldkey)
    scene.root.stake(NETUID, newcomer.hotkey, 500.0)
    scene.author.advance(TEMPO)
    loop = replace(scene.loop, wallet=newcomer)
    loop.step()
    assert (scene.chain.neurons(NETUID)[3].permit, weights.history(scene.ledger)) == (True, ())
    scene.author.advance(30 - TEMPO)
    loop.step()
    assert [(s.cause, isinstance(s.answer, Included)) for s in weights.history(scene.ledger)] == [("first", True)]


def test_a_validator_without_permit_sends_nothing_and_says_so_once(scene: Scene) -> None:
    lost = replace(scene.loop, wallet=scene.miner)
    for _ in range(3):
        lost.step()
        scene.author.advance(40)
    (only,) = weights.history(scene.ledger)
    assert (only.values, only.answer) == (
        {},
        Refused(
            "NeuronNoValidatorPermit",
            f"uid 2 of hotkey {scene.miner.hotkey} has no validator permit: it needs more stake than its 0 TAO",
        ),
    )


def test_a_hotkey_without_a_uid_sends_nothing_and_says_so_once(scene: Scene) -> None:
    stranger = scene.wallet("stranger")
    lost = replace(scene.loop, wallet=stranger)
    for _ in range(3):
        lost.step()
        scene.author.advance(40)
    (only,) = weights.history(scene.ledger)
    assert only.answer == Refused(
        "HotKeyNotRegisteredInSubNet",
        f"hotkey {stranger.hotkey} holds no uid: register it with `btcli subnets register`",
    )


def test_a_hotkey_that_lost_its_uid_is_burnt_and_shares_of_one_uid_add_up() -> None:
    here = Neuron(Uid(4), Hotkey("here"), Coldkey("c"), 0.0, False, Block(1), Block(1))
    pay = Pay({Hotkey("here"): 0.5, Hotkey("gone"): 0.3}, burn=0.2)
    assert to_uids(pay, (here,), Uid(0)) == {Uid(4): 0.5, Uid(0): pytest.approx(0.5)}
