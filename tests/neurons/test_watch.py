"""Watching: the same commitments become the same submissions, whoever polled when, and no stranger stops a poll."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.types import BeaconRound, Block, Commitment, Hotkey, NetUid, Sealed
from ledger import registrations, submissions
from ledger.board import board
from ledger.database import Ledger, open_ledger
from models.ref import CLEAR, WITHDRAWN
from neurons import tables
from neurons.loops.watch import Watch
from neurons.supervisor import Wakes
from tests.neurons.past_chain import PastChain, entry, member, pointer

NETUID = NetUid(1)
TABLE = tables.load("pocket")

FIRST, SECOND = pointer("first", hotkey="miner"), pointer("second", "e", hotkey="miner")
MOVING = PastChain(
    {
        1: (),
        100: (entry("miner", 100, closed=True),),
        110: (entry("miner", 110, (FIRST, 110), closed=True),),  # opens, and is replaced in the same block
        120: (entry("miner", 110, (FIRST, 110), (SECOND, 120)),),
        130: (entry("miner", 130, (FIRST, 110), (SECOND, 120)),),
    },
    (member("miner", 0),),
)
"""One hotkey that commits again in the very block in which its seal opens, and once more in the clear."""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def watch(chain: PastChain, ledger: Ledger, block: int, catch_up: int = 100) -> None:
    """Watch when a block is the newest final one, until nothing more is to be done."""
    loop = Watch(replace(chain, final=block), ledger, NETUID, TABLE, Wakes(), catch_up)
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
    for block in polls:
        watch(MOVING, ledger, block)
    assert found(ledger) == [("first/model", 100, 110), ("second/model", 110, 120)]


def test_an_older_seal_that_never_opened_lends_its_age_to_no_text(ledger: Ledger) -> None:
    states = {
        1: (entry("miner", 1, closed=True),),
        150: (entry("miner", 150, closed=True),),
        160: (entry("miner", 160, (FIRST, 160), closed=True),),
    }
    for block in (10, 170):
        watch(replace(MOVING, states=states), ledger, block)
    assert found(ledger) == [("first/model", 150, 160)]


def test_a_node_without_the_past_costs_what_stood_there_and_not_the_poll(ledger: Ledger) -> None:
    watch(replace(MOVING, pruned=115), ledger, 125)
    assert found(ledger) == [("second/model", 110, 120)]
    (gap,) = board(ledger).gaps
    assert (gap.last, gap.cause) == (110, "the state of block 110 is gone")


def test_after_a_long_absence_reading_goes_on_at_the_oldest_block_that_is_left(ledger: Ledger) -> None:
    states = {**MOVING.states, 700: (entry("miner", 700, (FIRST, 110), (SECOND, 120)),)}
    watch(MOVING, ledger, 105)
    chain = replace(MOVING, states=states, pruned=640, read=[])
    watch(chain, ledger, 900)
    (gap,) = board(ledger).gaps
    told = (gap.first, gap.last, registrations.last_poll(ledger, NETUID), len(chain.read) < 40)
    assert told == (106, 130, 900, True)


def test_one_step_reads_a_bounded_stretch_and_the_next_ones_the_rest(ledger: Ledger) -> None:
    busy = {block: (entry("miner", block),) for block in range(1, 1_000)}
    chain = replace(MOVING, states=busy, final=900, read=[])
    loop = Watch(chain, ledger, NETUID, TABLE, Wakes(), catch_up=100)
    reads: list[int] = []
    while loop.step():
        reads.append(len(chain.read))
        chain.read.clear()
    assert (max(reads) <= 101, len(reads) >= 8, len(board(ledger, submissions=2_000).submissions)) == (True, True, 900)


def test_a_newcomer_looks_no_further_back_than_its_first_round_needs(ledger: Ledger) -> None:
    chain = replace(MOVING, read=[])
    watch(chain, ledger, 900, catch_up=0)
    longest = max(
        max(c.eval_delay_blocks, c.max_seal_blocks + c.fetch_blocks) + c.round_blocks for c in TABLE.competitions
    )
    assert min(chain.read) >= 900 - longest
    assert found(ledger) == []


def test_what_may_still_be_reverted_is_not_recorded(ledger: Ledger) -> None:
    chain = replace(MOVING, number=125, final=115, read=[])
    loop = Watch(chain, ledger, NETUID, TABLE, Wakes(), catch_up=100)
    while loop.step():
        pass
    assert (found(ledger), max(chain.read)) == ([("first/model", 100, 110)], 115)


def test_a_stranger_who_seals_to_a_round_beyond_all_numbers_stops_nobody(ledger: Ledger) -> None:
    never = replace(entry("stranger", 90), sealed=Sealed(b"cipher", BeaconRound(2**64 - 1)))
    states = {since: (never, *state) for since, state in MOVING.states.items()}
    watch(replace(MOVING, states=states), ledger, 125)
    assert len(found(ledger)) == 2


HASHED = b"space:name:" + b"a" * 40 + b":" + b"A" * 42 + b"A=" + b":answers"
SEALED = Sealed(b"cipher", BeaconRound(9))


def clear(raw: bytes | None, **more: object) -> Commitment:
    plain = Commitment(Hotkey("miner"), Block(50), None, raw, ())
    return replace(plain, **more)  # type: ignore[arg-type]  # the tests name real fields


SEVERAL = "the commitment holds more than one pointer, sealed or in clear: commit one at a time"


@pytest.mark.parametrize(
    ("commitment", "state", "detail"),
    [
        (clear(HASHED), "vetting", "its files are due"),
        (clear(WITHDRAWN), "withdrawal", "withdraws what its hotkey committed before"),
        (clear(CLEAR), "ignored", "it holds no pointer"),
        (clear("日本語 \N{SNOWMAN}".encode()), "ignored", "it holds no pointer"),
        (clear(b"\xff\x00" * 64), "ignored", "it holds no pointer"),
        (clear(None), "ignored", "it holds no pointer"),
        (clear(HASHED.replace(b"answers", b"chess")), "rejected", "the table has no competition 'chess'"),
        (clear(HASHED[:-20]), "ignored", "it holds no pointer"),
        (clear(HASHED.replace(b"a" * 40, b"main")), "rejected", "revision 'main' is not 40 lower-case hex digits"),
        (clear(b"crucible/2 new"), "rejected", "the clear text b'crucible/2 new' is neither"),
        (clear(HASHED, sealed=SEALED), "rejected", SEVERAL),
        (clear(WITHDRAWN, sealed=SEALED), "rejected", SEVERAL),
        (clear(HASHED, failed=True), "rejected", SEVERAL),
        (clear(HASHED, surplus=True), "rejected", SEVERAL),
        (clear(CLEAR, surplus=True), "rejected", SEVERAL),
        (clear(CLEAR, sealed=SEALED), "sealed", "opens by itself at beacon round 9"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_was_committed_is_a_state_with_its_reason(
    ledger: Ledger, commitment: Commitment, state: str, detail: str
) -> None:
    watch(replace(MOVING, states={1: (), 50: (commitment,)}), ledger, 60)
    watch(replace(MOVING, states={1: (), 50: (commitment,)}), ledger, 61)
    (passport,) = board(ledger).submissions
    assert passport.state == state
    assert passport.detail.startswith(detail)


def test_two_seals_in_one_commitment_are_refused_though_they_open_apart(ledger: Ledger) -> None:
    twice = clear(None, sealed=SEALED, surplus=True)
    opened = replace(entry("miner", 50, (FIRST, 55)), raw=None)
    watch(replace(MOVING, states={1: (), 50: (twice,), 55: (opened,)}), ledger, 60)
    (passport,) = board(ledger).submissions
    assert (passport.state, passport.detail) == ("rejected", SEVERAL)
