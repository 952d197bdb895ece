"""Weights on a faulty chain: refusals, lost answers and reorganisations cost nothing but a pause, and no row twice."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from chain.embedded.hyperparameters import Hyperparameters
from chain.reader import ChainError, ChainUnreachable
from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.types import Block, BlockCount, Included, NetUid, Refused, Uid
from ledger import weights
from ledger.database import Ledger
from neurons import tables
from neurons.loops.weigh import SEEN, Weigh
from neurons.reporting import Silent
from neurons.rulebook import Rulebook
from neurons.weighing import BURN, SETTLING
from tests.neurons.crowning import crown

NETUID = NetUid(1)
REFUSED = Refused("NotEnoughStakeToSetWeights", "more stake is needed")


@dataclass
class Scene:
    """A subnet with an owner (uid 0), a validator (uid 1) and a miner (uid 2) who reigns, and the validator's loop."""

    chain: SimulatedChain
    rules: Hyperparameters
    ledger: Ledger
    loop: Weigh
    miner: Wallet

    def steps(self, blocks: int) -> None:
        """A block, then a step; an unreachable chain is the supervisor's business."""
        for _ in range(blocks):
            self.chain.advance()
            with suppress(ChainError):
                self.loop.step()

    def told(self) -> list[tuple[Block, str, str]]:
        """Every sending, oldest first: its block, its cause, and what became of it."""
        return [(s.block, s.cause, fate(s)) for s in reversed(weights.history(self.ledger))]

    def standing(self) -> dict[Uid, float]:
        return {uid: round(share, 4) for uid, share in self.chain.weights(NETUID).get(Uid(1), {}).items()}


def fate(sending: weights.Sending) -> str:
    match sending.answer:
        case None:
            return "unknown"
        case Refused(name, _):
            return name
        case Included(_, extrinsic):
            seen = "seen, " if extrinsic == SEEN else ""
            return seen + ("read back" if sending.confirmed_block is not None else "included")


@pytest.fixture(params=[False, True], ids=["clear", "commit-reveal"])
def scene(request: pytest.FixtureRequest, new_ledger: Ledger, wallets: Callable[[str], Wallet]) -> Iterator[Scene]:
    chain = SimulatedChain(finality_lag=2)
    owner, own, miner = (wallets(f"weighing {name}") for name in ("owner", "own", "miner"))
    rules = Hyperparameters(tempo=10, commit_reveal=request.param, weights_rate_limit=5)
    chain.create_subnet(NETUID, rules)
    for wallet in (owner, own, miner):
        chain.register(NETUID, wallet.hotkey, wallet.coldkey)
    chain.permit(NETUID, own.hotkey)
    chain.advance(20)
    ledger = new_ledger
    crown(ledger, chain, NETUID, miner.hotkey, "answers", 0)
    chain.advance(10)
    loop = Weigh(chain, chain, own, ledger, NETUID, Rulebook.of(tables.load("pocket")), BlockCount(1_000), Silent(), 1)
    yield Scene(chain, rules, ledger, loop, miner)
    ledger.close()


PAID = {0: 0.3, 2: 0.7}


def test_a_refused_setting_is_repeated_after_pauses_that_double_and_one_row_each(scene: Scene) -> None:
    scene.chain.faults.refuse(REFUSED, "set_weights", times=4)
    scene.steps(150)
    blocks = [block for block, _, _ in scene.told()]
    assert [after - before for before, after in pairwise(blocks)] == [8, 16, 32, 64]
    assert [what for _, _, what in scene.told()] == [REFUSED.name] * 4 + ["read back"]
    assert (scene.standing(), scene.chain.faults.calls["set_weights"]) == (PAID, 5)


def test_pauses_after_refusals_outlast_a_restart(scene: Scene) -> None:
    scene.chain.faults.refuse(REFUSED, "set_weights", times=2)
    for _ in range(40):
        scene.loop = replace(scene.loop)
        scene.steps(1)
    assert [what for _, _, what in scene.told()][:2] == [REFUSED.name] * 2
    assert scene.chain.faults.calls["set_weights"] == 3


def test_other_weights_are_tried_at_once_after_a_refusal(scene: Scene) -> None:
    scene.chain.faults.refuse(REFUSED, "set_weights", times=3)
    scene.steps(30)
    scene.chain.deregister(NETUID, scene.miner.hotkey)
    before = len(scene.told())
    scene.steps(3)
    newest = weights.history(scene.ledger)[0]
    assert (len(scene.told()) - before, dict(newest.weights)) == (1, {BURN: 1.0})


def test_other_rules_are_tried_at_once_after_a_refusal(scene: Scene) -> None:
    scene.chain.faults.refuse(REFUSED, "set_weights", times=3)
    scene.steps(30)
    before = len(scene.told())
    scene.chain.set_rules(NETUID, replace(scene.rules, weights_rate_limit=4))
    scene.steps(2)
    assert len(scene.told()) - before == 1


def test_an_answer_that_never_came_is_found_on_chain(scene: Scene) -> None:
    scene.chain.faults.lose("set_weights", landed=True)
    scene.steps(30)
    assert [(cause, what) for _, cause, what in scene.told()] == [("first", "seen, read back")]
    assert (scene.standing(), scene.chain.faults.calls["set_weights"]) == (PAID, 1)


def test_weights_that_never_arrived_are_sent_again_after_growing_pauses(scene: Scene) -> None:
    scene.chain.faults.lose("set_weights", landed=False, times=3)
    scene.steps(85)
    blocks = [block for block, _, _ in scene.told()]
    assert [after - before for before, after in pairwise(blocks)] == [8, 16, 32]
    assert [(cause, what) for _, cause, what in scene.told()] == [
        ("first", "unknown"),
        ("lost", "unknown"),
        ("lost", "unknown"),
        ("lost", "read back"),
    ]
    assert scene.standing() == PAID


def test_weights_that_arrive_after_they_were_given_up_are_found(scene: Scene) -> None:
    scene.chain.faults.lose("set_weights", landed=False)
    scene.steps(3)
    scene.chain.set_weights(NETUID, scene.loop.wallet, {Uid(0): 0.3, Uid(2): 0.7}, version_key=1)
    scene.steps(30)
    assert [(cause, what) for _, cause, what in scene.told()] == [("first", "seen, read back")]


def test_a_process_killed_while_it_sent_leaves_a_row_that_the_next_one_settles(scene: Scene) -> None:
    head = scene.chain.finalized().number
    values = {Uid(0): 28_086, Uid(2): 65_535}
    wanted = {scene.miner.hotkey: 0.7, BURN: 0.3}
    sealed = scene.rules.commit_reveal
    weights.begin(scene.ledger, weights.Attempt(head, "f", wanted, values, "first", "", sealed))
    scene.steps(SETTLING + 25)
    assert [(cause, what) for _, cause, what in scene.told()] == [("first", "unknown"), ("lost", "read back")]


def test_weights_in_blocks_that_were_given_up_are_sent_again(scene: Scene) -> None:
    head = scene.chain.head()
    attempt = weights.Attempt(head, "f", {scene.miner.hotkey: 0.7, BURN: 0.3}, cause="first")
    weights.record(scene.ledger, attempt, Included(head, "gone"))
    scene.steps(30)
    assert [(cause, what) for _, cause, what in scene.told()] == [("first", "included"), ("lost", "read back")]


def test_weights_that_somebody_else_set_over_ours_are_replaced_where_they_show(scene: Scene) -> None:
    scene.steps(30)
    scene.chain.set_weights(NETUID, scene.loop.wallet, {Uid(0): 1.0}, version_key=1)
    scene.steps(30)
    causes = [cause for _, cause, _ in scene.told()]
    assert causes == (["first"] if scene.rules.commit_reveal else ["first", "lost"])


def test_a_map_that_comes_back_short_is_no_loss(scene: Scene) -> None:
    scene.chain.permit(NETUID, scene.chain.neurons(NETUID)[0].hotkey)
    scene.steps(30)
    scene.chain.faults.halve("weights", times=20)
    scene.steps(30)
    assert [(cause, what) for _, cause, what in scene.told()] == [("first", "read back")]


@pytest.mark.parametrize("method", ["finalized", "neurons", "weights", "weight_rules"])
def test_a_read_that_fails_costs_a_step_and_nothing_else(scene: Scene, method: str) -> None:
    scene.chain.faults.fail(ChainUnreachable("no node answers"), method, times=3)
    scene.steps(30)
    assert [(cause, what) for _, cause, what in scene.told()] == [("first", "read back")]
    assert scene.standing() == PAID


def test_a_uid_that_changes_hands_is_weighed_anew_in_the_same_epoch(
    scene: Scene, wallets: Callable[[str], Wallet]
) -> None:
    scene.chain.set_rules(NETUID, replace(scene.rules, tempo=60))
    scene.steps(3)
    scene.chain.deregister(NETUID, scene.miner.hotkey)
    newcomer = wallets("weighing newcomer")
    assert scene.chain.register(NETUID, newcomer.hotkey, newcomer.coldkey) == 2
    scene.steps(130)
    assert [(dict(s.weights), s.block < 60) for s in weights.history(scene.ledger)][:1] == [({BURN: 1.0}, True)]
    assert (scene.standing(), len(scene.told())) == ({0: 1.0}, 2)


def test_a_hotkey_that_lost_its_uid_and_came_back_sends_again(scene: Scene) -> None:
    scene.steps(30)
    own = scene.loop.wallet
    scene.chain.deregister(NETUID, own.hotkey)
    scene.steps(5)
    scene.chain.register(NETUID, own.hotkey, own.coldkey)
    scene.steps(30)
    assert [(cause, what) for _, cause, what in scene.told()] == [
        ("first", "read back"),
        ("lost", "HotKeyNotRegisteredInSubNet"),
        ("lost", "read back"),
    ]


def test_a_subnet_that_nobody_is_on_is_no_failure(scene: Scene) -> None:
    scene.chain.create_subnet(NetUid(9))
    scene.chain.advance(2)
    replace(scene.loop, netuid=NetUid(9)).step()
    assert [what for _, _, what in scene.told()] == ["HotKeyNotRegisteredInSubNet"]


def test_a_burn_uid_that_the_subnet_has_not_is_named(scene: Scene) -> None:
    replace(scene.loop, rulebook=Rulebook.of(replace(tables.load("pocket"), burn_uid=Uid(77)))).step()
    assert weights.history(scene.ledger)[0].answer == Refused(
        "UidVecContainInvalidOne",
        "uid 77 is to be weighed and the subnet has none such: the table's burn_uid must name another",
    )
