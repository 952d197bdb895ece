"""Weights on the embedded chain: sent when due, to the uids that hotkeys hold now, read back, and not sent in vain."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.root import Root
from chain.networks import connect
from chain.signing import Wallet, create_wallet
from chain.subtensor import SubtensorChain
from chain.types import (
    Block,
    BlockCount,
    BlockHash,
    Coldkey,
    Commitment,
    Hotkey,
    Included,
    NetUid,
    Neuron,
    Opened,
    Refused,
    Uid,
)
from competitions.records import Reign, RoundOutcome
from competitions.weights import Pay
from ledger import commitments, rounds, submissions, weights
from ledger.database import Ledger, open_ledger
from neurons import tables
from neurons.loops.weigh import BURN, Weigh, to_uids
from neurons.reporting import Silent

NETUID = NetUid(1)
RATE_LIMIT = 5


@dataclass
class Scene:
    """A subnet with an owner (uid 0), a validator (uid 1) and a miner (uid 2), and the validator's loop."""

    chain: SubtensorChain
    author: Author
    ledger: Ledger
    loop: Weigh
    miner: Wallet

    def crown(self, competition: str, number: int) -> None:
        """Record a closed round after which the miner reigns."""
        head = self.chain.head()
        neurons = self.chain.neurons(NETUID)
        entry = Commitment(self.miner.hotkey, Block(head - 1), None, b"", (Opened(b"pointer", head),))
        commitments.record_poll(self.ledger, NETUID, head, neurons, [entry])
        opened = submissions.undecoded(self.ledger)
        pointer = (competition, "miner/model", "0" * 40, "0" * 64)
        model = submissions.add(self.ledger, opened[0].commitment_id, *pointer) if opened else 1
        round_ = rounds.open_round(self.ledger, competition, number, Block(1), BlockHash("0x" + "0" * 64), b"")
        reign = Reign(model, self.miner.hotkey, 0, Block(1), Block(1), 0.01, confirmed=True)
        rounds.close_round(self.ledger, round_.id, RoundOutcome((), reign), head)

    def sent(self) -> list[tuple[int, dict[str, float], bool]]:
        """Every sending: its block, its weights, and whether it was read back; oldest first."""
        every = reversed(weights.history(self.ledger))
        return [(s.block, dict(s.weights), s.confirmed_block is not None) for s in every]


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
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    node = genesis(tmp_path / "chain", block_time_s=0.05)
    root = Root(node)
    owner, own, miner = (create_wallet(name, "default", tmp_path / "wallets") for name in ("owner", "own", "miner"))
    rules = Hyperparameters(tempo=6, commit_reveal=request.param, weights_rate_limit=RATE_LIMIT)
    root.create_subnet(NETUID, owner.coldkey, owner.hotkey, rules)
    for wallet in (own, miner):
        root.register(NETUID, wallet.hotkey, wallet.coldkey)
    root.stake(NETUID, own.hotkey, 1_000.0)
    author = Author(node)
    author.advance(20)
    chain, ledger = connect(str(tmp_path / "chain")), open_ledger(tmp_path / "ledger.sqlite")
    loop = Weigh(chain, chain, own, ledger, NETUID, tables.load("pocket"), BlockCount(50), Silent())
    yield Scene(chain, author, ledger, loop, miner)
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
    weights.record_sent(scene.ledger, Block(20), "f", {BURN: 1.0}, Refused("SettingWeightsTooFast", "wait"))
    scene.loop.step()
    assert [isinstance(s.answer, Included) for s in weights.history(scene.ledger)] == [True, False]


def test_weights_that_the_chain_lost_are_sent_again(scene: Scene) -> None:
    weights.record_sent(scene.ledger, Block(19), "f", {BURN: 1.0}, Included(Block(20), "20-1"))
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


def test_a_validator_without_permit_sends_nothing(scene: Scene) -> None:
    lost = Weigh(
        scene.chain, scene.chain, scene.miner, scene.ledger, NETUID, scene.loop.table, BlockCount(50), Silent()
    )
    lost.step()
    assert scene.sent() == []


def test_a_hotkey_that_lost_its_uid_is_burnt_and_shares_of_one_uid_add_up() -> None:
    here = Neuron(Uid(4), Hotkey("here"), Coldkey("c"), 0.0, False, Block(1), Block(1))
    pay = Pay({Hotkey("here"): 0.5, Hotkey("gone"): 0.3}, burn=0.2)
    assert to_uids(pay, (here,), Uid(0)) == {Uid(4): 0.5, Uid(0): pytest.approx(0.5)}
