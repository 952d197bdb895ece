"""The field: who enters is a matter of the chain at the seed block, and who must be fetched before it is judged."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.types import Block, Commitment, Hotkey, NetUid
from competitions.records import Reign, RoundOutcome
from ledger import rounds, submissions
from ledger.database import Ledger, open_ledger
from models.ref import WITHDRAWN, secure_hash
from models.rejections import Reason, Rejection
from neurons import tables
from neurons.field import Field, assemble
from neurons.loops.watch import Watch
from neurons.supervisor import Wakes
from tests.neurons.past_chain import PastChain, entry, member, pointer

NETUID, TABLE = NetUid(1), tables.load("pocket")
ANSWERS = TABLE.competitions[0]
SEED_BLOCK = Block(120)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def field(chain: PastChain, ledger: Ledger, number: int = 3, at: Block = SEED_BLOCK) -> Field:
    watch = Watch(replace(chain, final=at), ledger, NETUID, TABLE, Wakes())
    while watch.step():
        pass
    round_ = rounds.open_round(ledger, "answers", number, at, chain.block_hash(at), bytes(32))
    found = assemble(chain, ledger, NETUID, TABLE, ANSWERS, round_)
    assert found is not None
    return found


def test_a_king_that_registered_anew_after_its_commit_has_lost_its_place(ledger: Ledger) -> None:
    states = {1: (entry("king", 30, (pointer("king"), 40)),)}
    chain = PastChain(states, (member("king", 0),))
    before = field(chain, ledger)
    (king,) = before.entrants
    reign = Reign(king.id, king.hotkey, 3, SEED_BLOCK, Block(30), 0.01, confirmed=True)
    (open_,) = [rounds.open_round_of(ledger, "answers")]
    assert open_ is not None
    rounds.close_round(ledger, open_.id, RoundOutcome((), reign), SEED_BLOCK)
    back = PastChain(states, (member("king", 5, since=130),))
    assert field(back, ledger, 4, Block(144)).entrants == ()


def test_a_round_waits_for_a_senior_claim_on_an_entrants_model_until_it_is_refused(ledger: Ledger) -> None:
    """The claimant, opened too late to enter, may or may not have been fetched yet: that must not decide."""
    shared = {1: (entry("late", 60, (pointer("late"), 115)), entry("quick", 70, (pointer("quick"), 75)))}
    chain = PastChain(shared, (member("late", 0), member("quick", 1)))
    first = field(chain, ledger)
    assert [s.hotkey for s in first.entrants] == ["quick"]
    assert [s.hotkey for s in first.awaited] == ["late", "quick"]
    late, quick = first.awaited
    submissions.record_intake(ledger, quick.id, SEED_BLOCK, submissions.Accepted(1, 1))
    submissions.record_intake(ledger, late.id, SEED_BLOCK, Rejection(Reason.DIGEST, "it holds another"))
    after = field(chain, ledger)
    assert (after.awaited, after.ownership.copied_from(quick)) == ((), None)


def test_a_junior_claim_is_not_waited_for(ledger: Ledger) -> None:
    shared = {1: (entry("late", 80, (pointer("late"), 115)), entry("quick", 70, (pointer("quick"), 75)))}
    found = field(PastChain(shared, (member("late", 0), member("quick", 1))), ledger)
    assert [s.hotkey for s in found.awaited] == ["quick"]


def test_a_round_waits_until_everything_committed_by_its_seed_block_is_recorded(ledger: Ledger) -> None:
    chain = PastChain({1: ()}, (member("king", 0),), final=SEED_BLOCK - 1)
    round_ = rounds.open_round(ledger, "answers", 3, SEED_BLOCK, chain.block_hash(SEED_BLOCK), bytes(32))
    watch = Watch(chain, ledger, NETUID, TABLE, Wakes())
    watch.step()
    assert assemble(chain, ledger, NETUID, TABLE, ANSWERS, round_) is None
    replace(watch, chain=replace(chain, final=SEED_BLOCK)).step()
    assert assemble(chain, ledger, NETUID, TABLE, ANSWERS, round_) is not None


HASHED = b"late:model:" + b"b" * 40 + b":" + secure_hash("c" * 64, Hotkey("late")).encode() + b":answers"


def test_a_senior_pointer_in_clear_is_waited_for_and_owns_the_model_it_turns_out_to_be(ledger: Ledger) -> None:
    """Until its files are here nobody knows its model: whoever fetched sooner must not judge otherwise."""
    late = Commitment(Hotkey("late"), Block(60), None, HASHED, ())
    shared = {1: (late, entry("quick", 70, (pointer("quick", "c"), 75)))}
    chain = PastChain(shared, (member("late", 0), member("quick", 1)))
    first = field(chain, ledger)
    assert [s.hotkey for s in first.awaited] == ["late", "quick"]
    for s in first.awaited:
        submissions.record_intake(ledger, s.id, SEED_BLOCK, submissions.Accepted(1, 1, "c" * 64))
    after = field(chain, ledger)
    claim = after.ownership.copied_from(first.awaited[1])
    assert (after.awaited, claim and claim.hotkey) == ((), "late")


def test_a_king_that_withdraws_has_lost_its_place_and_its_model_stays_its_own(ledger: Ledger) -> None:
    empty = Commitment(Hotkey("king"), Block(130), None, WITHDRAWN, ())
    copy = entry("copy", 100, (pointer("copy"), 105))
    states = {1: (entry("king", 30, (pointer("king"), 40)),), 100: (entry("king", 30, (pointer("king"), 40)), copy)}
    chain = PastChain({**states, 130: (empty, copy)}, (member("king", 0), member("copy", 1)))
    king = field(chain, ledger).entrants[0]
    reign = Reign(king.id, king.hotkey, 3, SEED_BLOCK, Block(30), 0.01, confirmed=True)
    open_ = rounds.open_round_of(ledger, "answers")
    assert open_ is not None
    rounds.close_round(ledger, open_.id, RoundOutcome((), reign), SEED_BLOCK)
    after = field(chain, ledger, 5, Block(144))
    (left,) = after.entrants
    claim = after.ownership.copied_from(left)
    assert (left.hotkey, claim and claim.hotkey) == ("copy", "king")
