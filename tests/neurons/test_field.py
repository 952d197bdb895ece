"""The field: who enters is a matter of the chain at the seed block, and who must be fetched before it is judged."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.types import Block, NetUid
from competitions.records import Reign, RoundOutcome
from ledger import rounds, submissions
from ledger.database import Ledger, open_ledger
from models.rejections import Reason, Rejection
from neurons import tables
from neurons.field import Field, assemble
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
    round_ = rounds.open_round(ledger, "answers", number, at, chain.block_hash(at), bytes(32))
    return assemble(chain, ledger, NETUID, TABLE, ANSWERS, round_)


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
