"""Watching: the same commitments become the same submissions, whoever polled when, and no stranger stops a poll."""

import pytest

from chain.reader import UnknownBlock
from chain.simulated.chain import SimulatedChain
from chain.simulated.state import Field
from chain.types import BeaconRound, Block, Hotkey, Sealed
from ledger import network, registrations, submissions
from ledger.board import board
from ledger.database import Ledger
from models.ref import CLEAR, WITHDRAWN
from neurons import tables
from neurons.loops.watch import Watch
from neurons.rulebook import Rulebook
from neurons.supervisor import Wakes
from tests.neurons.scenes import NETUID, commit, pointer, put, subnet

TABLE = tables.load("pocket")
IDENTITY = network.Identity(
    "simulated", NETUID, Hotkey("validator"), TABLE.fingerprint, tables.read("pocket"), "https://hub.example"
)

FIRST, SECOND = pointer("first", hotkey="miner"), pointer("second", "e", hotkey="miner")


def moving(until: int = 1_000, finality_lag: int = 0) -> SimulatedChain:
    """One hotkey that commits again in the very block in which its seal opens, and once more in the clear."""
    chain = subnet("miner", "stranger", finality_lag=finality_lag)
    commit(chain, "miner", 100, FIRST, opens=110)
    commit(chain, "miner", 110, SECOND, opens=120)
    if until >= 130:
        commit(chain, "miner", 130)
    chain.advance_to(until)
    return chain


@pytest.fixture
def ledger(new_ledger: Ledger) -> Ledger:
    return new_ledger


def watch(chain: SimulatedChain, ledger: Ledger, block: int, catch_up: int = 100) -> None:
    """Watch when a block is the newest final one, until nothing more is to be done."""
    chain.hold_finality(block)
    loop = Watch(chain, ledger, NETUID, Rulebook.of(TABLE), Wakes(), catch_up)
    while loop.step():
        pass


def found(ledger: Ledger) -> list[tuple[str, int, int]]:
    """Each submission's repository, commit block and opening."""
    return [(s.repo, s.commit_block, s.revealed_block) for s in submissions.all_of(ledger, "answers")]


@pytest.mark.parametrize(
    "polls",
    [range(1, 140), (105, 115, 125, 135), (112, 135), (125,), (500,)],
    ids=["every-block", "now-and-then", "after-the-first", "after-the-second", "a-newcomer"],
)
def test_every_validator_sees_the_same_submissions_whenever_it_polled(ledger: Ledger, polls: range) -> None:
    chain = moving()
    for block in polls:
        watch(chain, ledger, block)
    assert found(ledger) == [("first/model", 100, 110), ("second/model", 110, 120)]


def test_an_older_seal_that_never_opened_lends_its_age_to_no_text(ledger: Ledger) -> None:
    chain = subnet("miner")
    commit(chain, "miner", 1, SECOND, opens=900)
    commit(chain, "miner", 150, FIRST, opens=160)
    commit(chain, "miner", 160, SECOND, opens=900)
    chain.advance_to(200)
    for block in (10, 170):
        watch(chain, ledger, block)
    assert found(ledger) == [("first/model", 150, 160)]


def test_a_node_without_the_past_costs_what_stood_there_and_not_the_poll(ledger: Ledger) -> None:
    chain = moving()
    chain.prune(115)
    watch(chain, ledger, 500)
    assert found(ledger) == [("second/model", 110, 120)]
    (gap,) = board(ledger).gaps
    assert (gap.last, gap.cause) == (110, "the state of block 110 is discarded on simulated; ask an archive node")


def test_a_node_that_does_not_know_a_recent_block_is_asked_again_and_leaves_no_gap(ledger: Ledger) -> None:
    chain = moving()
    chain.faults.fail(UnknownBlock("a node that lags behind"), "subnet", after=1)
    with pytest.raises(UnknownBlock):
        watch(chain, ledger, 125)
    watch(chain, ledger, 125)
    assert (len(found(ledger)), board(ledger).gaps) == (2, ())


def test_after_a_long_absence_reading_goes_on_at_the_oldest_block_that_is_left(ledger: Ledger) -> None:
    chain = moving(until=600)
    commit(chain, "miner", 700)
    chain.advance_to(1_000)
    watch(chain, ledger, 105)
    chain.prune(640)
    chain.looks.clear()
    watch(chain, ledger, 900)
    (gap,) = board(ledger).gaps
    told = (gap.first, gap.last, registrations.last_poll(ledger, NETUID), len(chain.looks) < 40)
    assert told == (106, 130, 900, True)


def test_one_step_reads_a_bounded_stretch_and_the_next_ones_the_rest(ledger: Ledger) -> None:
    chain = subnet("miner")
    for block in range(1, 901):
        commit(chain, "miner", block)
    loop = Watch(chain, ledger, NETUID, Rulebook.of(TABLE), Wakes(), catch_up=100)
    reads: list[int] = []
    while loop.step():
        reads.append(len(chain.looks))
        chain.looks.clear()
    assert (max(reads) <= 101, len(reads) >= 8, len(board(ledger, submissions=2_000).submissions)) == (True, True, 900)


def test_a_newcomer_looks_no_further_back_than_its_first_round_needs(ledger: Ledger) -> None:
    chain = moving()
    watch(chain, ledger, 900, catch_up=0)
    longest = max(
        max(c.eval_delay_blocks, c.max_seal_blocks + c.fetch_blocks) + c.round_blocks for c in TABLE.competitions
    )
    assert min(chain.looks) >= 900 - longest
    assert found(ledger) == []


def test_what_may_still_be_reverted_is_not_recorded(ledger: Ledger) -> None:
    chain = moving(until=125, finality_lag=10)
    loop = Watch(chain, ledger, NETUID, Rulebook.of(TABLE), Wakes(), catch_up=100)
    while loop.step():
        pass
    assert (found(ledger), max(chain.looks)) == ([("first/model", 100, 110)], 115)


def test_a_stranger_who_seals_to_a_round_beyond_all_numbers_stops_nobody(ledger: Ledger) -> None:
    chain = subnet("miner", "stranger")
    put(chain, "stranger", 90, Sealed(b"cipher", BeaconRound(2**64 - 1)), CLEAR)
    commit(chain, "miner", 100, FIRST, opens=110)
    chain.advance_to(125)
    watch(chain, ledger, 125)
    assert found(ledger) == [("first/model", 100, 110)]


HASHED = b"space:name:" + b"a" * 40 + b":" + b"A" * 42 + b"A=" + b":answers"
SEALED = Sealed(b"cipher", BeaconRound(900))
BROKEN = Sealed(b"cipher", BeaconRound(53))
"""A seal that fails to open in block 52."""

SEVERAL = "the commitment holds more than one pointer, sealed or in clear: commit one at a time"


@pytest.mark.parametrize(
    ("fields", "state", "detail"),
    [
        ((HASHED,), "vetting", "its files are due"),
        ((WITHDRAWN,), "withdrawal", "withdraws what its hotkey committed before"),
        ((CLEAR,), "ignored", "it holds no pointer"),
        (("日本語 \N{SNOWMAN}".encode(),), "ignored", "it holds no pointer"),
        ((b"\xff\x00" * 64,), "ignored", "it holds no pointer"),
        ((), "ignored", "it holds no pointer"),
        ((HASHED.replace(b"answers", b"chess"),), "rejected", "the table has no competition 'chess'"),
        ((HASHED[:-20],), "ignored", "it holds no pointer"),
        ((HASHED.replace(b"a" * 40, b"main"),), "rejected", "revision 'main' is not 40 lower-case hex digits"),
        ((b"crucible/2 new",), "rejected", "the clear text b'crucible/2 new' is neither"),
        ((SEALED, HASHED), "rejected", SEVERAL),
        ((SEALED, WITHDRAWN), "rejected", SEVERAL),
        ((BROKEN, HASHED), "rejected", SEVERAL),
        ((HASHED, HASHED), "rejected", SEVERAL),
        ((CLEAR, CLEAR), "rejected", SEVERAL),
        ((SEALED, CLEAR), "sealed", "opens by itself at beacon round 900"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_was_committed_is_a_state_with_its_reason(
    ledger: Ledger, fields: tuple[Field, ...], state: str, detail: str
) -> None:
    chain = subnet("miner")
    network.record_identity(ledger, IDENTITY)
    put(chain, "miner", 50, *fields)
    chain.advance_to(100)
    for block in (60, 61):
        watch(chain, ledger, block)
    (passport,) = board(ledger).submissions
    assert passport.state == state
    assert passport.detail.startswith(detail)


def test_two_seals_in_one_commitment_are_refused_though_they_open_apart(ledger: Ledger) -> None:
    chain = subnet("miner")
    chain.advance_to(49)
    put(chain, "miner", 50, chain.sealed(FIRST, Block(55)), chain.sealed(SECOND, Block(58)))
    chain.advance_to(100)
    watch(chain, ledger, 60)
    (passport,) = board(ledger).submissions
    assert (passport.state, passport.detail) == ("rejected", SEVERAL)
