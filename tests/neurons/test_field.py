"""The field: who enters is a matter of the chain at the seed block, and who must be fetched before it is judged."""

import pytest

from chain.simulated.chain import SimulatedChain
from chain.types import Block, Head, Hotkey
from competitions.records import Reign, RoundOutcome, Submission
from ledger import rounds, submissions
from ledger.database import Ledger
from models.ref import WITHDRAWN, secure_hash
from models.rejections import Reason, Rejection
from neurons import tables
from neurons.field import Field, assemble, awaited
from neurons.history import advance
from neurons.loops.watch import Watch
from neurons.pointers import read_pointers
from neurons.rulebook import Rulebook
from neurons.supervisor import Wakes
from tests.neurons.scenes import NETUID, commit, join, pointer, put, subnet

TABLE = tables.load("pocket")
ANSWERS = TABLE.competitions[0]
SEED_BLOCK = Block(120)


@pytest.fixture
def ledger(new_ledger: Ledger) -> Ledger:
    return new_ledger


def field(chain: SimulatedChain, ledger: Ledger, number: int = 3, at: Block = SEED_BLOCK) -> Field:
    chain.hold_finality(at)
    watch = Watch(chain, ledger, NETUID, Rulebook.of(TABLE), Wakes())
    while watch.step():
        pass
    round_ = rounds.open_round(ledger, "answers", number, at, chain.block_hash(at), bytes(32))
    found = assemble(chain, ledger, NETUID, TABLE, ANSWERS, round_)
    assert found is not None
    return found


def waited_for(found: Field) -> list[Submission]:
    """Whose files must be here before all that are live can be judged."""
    return list(awaited(found, found.live, ANSWERS))


def claims(late: int) -> SimulatedChain:
    """Two hotkeys name the same model: `quick` in block 70, opened soon, and `late`, opened shortly before the seed."""
    chain = subnet("late", "quick")
    for at, hotkey, opens in sorted([(late, "late", 115), (70, "quick", 75)]):
        commit(chain, hotkey, at, pointer(hotkey), opens)
    chain.advance_to(150)
    return chain


def test_a_king_that_registered_anew_after_its_commit_has_lost_its_place(ledger: Ledger) -> None:
    chain = subnet("king")
    commit(chain, "king", 30, pointer("king"), opens=40)
    chain.advance_to(129)
    before = field(chain, ledger)
    (king,) = before.live
    reign = Reign(king.id, king.hotkey, 3, SEED_BLOCK, Block(30), 0.01, confirmed=True)
    (open_,) = [rounds.open_round_of(ledger, "answers")]
    assert open_ is not None
    rounds.close_round(ledger, open_.id, RoundOutcome((), reign), SEED_BLOCK)
    chain.deregister(NETUID, king.hotkey, purge=False)
    join(chain, king.hotkey)
    chain.advance_to(150)
    assert field(chain, ledger, 4, Block(144)).live == ()


def test_a_round_waits_for_a_senior_claim_on_an_entrants_model_until_it_is_refused(ledger: Ledger) -> None:
    """The claimant, opened too late to enter, may or may not have been fetched yet: that must not decide."""
    chain = claims(late=60)
    first = field(chain, ledger)
    assert [s.hotkey for s in first.live] == ["quick"]
    assert [s.hotkey for s in waited_for(first)] == ["late", "quick"]
    late, quick = waited_for(first)
    submissions.record_intake(ledger, quick.id, SEED_BLOCK, submissions.Accepted(1, 1))
    submissions.record_intake(ledger, late.id, SEED_BLOCK, Rejection(Reason.DIGEST, "it holds another"))
    after = field(chain, ledger)
    assert (waited_for(after), after.ownership.copied_from(quick)) == ([], None)


def test_a_junior_claim_is_not_waited_for(ledger: Ledger) -> None:
    found = field(claims(late=80), ledger)
    assert [s.hotkey for s in waited_for(found)] == ["quick"]


def test_a_round_waits_until_everything_committed_by_its_seed_block_is_recorded(ledger: Ledger) -> None:
    chain = subnet("king")
    chain.advance_to(150)
    chain.hold_finality(SEED_BLOCK - 1)
    round_ = rounds.open_round(ledger, "answers", 3, SEED_BLOCK, chain.block_hash(SEED_BLOCK), bytes(32))
    watch = Watch(chain, ledger, NETUID, Rulebook.of(TABLE), Wakes())
    watch.step()
    assert assemble(chain, ledger, NETUID, TABLE, ANSWERS, round_) is None
    chain.hold_finality(SEED_BLOCK)
    watch.step()
    assert assemble(chain, ledger, NETUID, TABLE, ANSWERS, round_) is not None


def test_a_round_waits_until_what_is_recorded_by_its_seed_block_is_read(ledger: Ledger) -> None:
    """A watch that is killed, or overtaken, between the two has recorded a withdrawal that nobody knows of yet."""
    chain = subnet("king")
    commit(chain, "king", 30, pointer("king"), opens=40)
    put(chain, "king", 110, WITHDRAWN)
    chain.advance_to(150)
    upto = Head(SEED_BLOCK, chain.block_hash(SEED_BLOCK))
    advance(chain, ledger, NETUID, Head(Block(100), chain.block_hash(Block(100))), Block(0))
    read_pointers(ledger)
    advance(chain, ledger, NETUID, upto, Block(0))
    round_ = rounds.open_round(ledger, "answers", 3, SEED_BLOCK, upto.hash, bytes(32))
    assert assemble(chain, ledger, NETUID, TABLE, ANSWERS, round_) is None
    read_pointers(ledger)
    found = assemble(chain, ledger, NETUID, TABLE, ANSWERS, round_)
    assert found is not None
    assert found.live == ()


HASHED = b"late:model:" + b"b" * 40 + b":" + secure_hash("c" * 64, Hotkey("late")).encode() + b":answers"


def test_a_senior_pointer_in_clear_is_waited_for_and_owns_the_model_it_turns_out_to_be(ledger: Ledger) -> None:
    """Until its files are here nobody knows its model: whoever fetched sooner must not judge otherwise."""
    chain = subnet("late", "quick")
    put(chain, "late", 60, HASHED)
    commit(chain, "quick", 70, pointer("quick", "c"), opens=75)
    chain.advance_to(150)
    first = field(chain, ledger)
    late, quick = waited_for(first)
    assert (late.hotkey, quick.hotkey) == ("late", "quick")
    for s in (late, quick):
        submissions.record_intake(ledger, s.id, SEED_BLOCK, submissions.Accepted(1, 1, "c" * 64))
    after = field(chain, ledger)
    claim = after.ownership.copied_from(quick)
    assert (waited_for(after), claim and claim.hotkey) == ([], "late")


def test_a_king_that_withdraws_has_lost_its_place_and_its_model_stays_its_own(ledger: Ledger) -> None:
    chain = subnet("king", "copy")
    commit(chain, "king", 30, pointer("king"), opens=40)
    commit(chain, "copy", 100, pointer("copy"), opens=105)
    put(chain, "king", 130, WITHDRAWN)
    chain.advance_to(150)
    king = field(chain, ledger).live[0]
    reign = Reign(king.id, king.hotkey, 3, SEED_BLOCK, Block(30), 0.01, confirmed=True)
    open_ = rounds.open_round_of(ledger, "answers")
    assert open_ is not None
    rounds.close_round(ledger, open_.id, RoundOutcome((), reign), SEED_BLOCK)
    after = field(chain, ledger, 5, Block(144))
    (left,) = after.live
    claim = after.ownership.copied_from(left)
    assert (left.hotkey, claim and claim.hotkey) == ("copy", "king")
