"""Watching: the same commitments become the same submissions, whoever polled when, and no stranger stops a poll."""

from dataclasses import replace
from pathlib import Path

import pytest

from chain.types import BeaconRound, Block, NetUid, Sealed
from ledger import submissions
from ledger.database import Ledger, open_ledger
from neurons import tables
from neurons.loops.watch import Watch, poll
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


def found(ledger: Ledger) -> list[tuple[str, int, int]]:
    """Each submission's repository, commit block and opening."""
    return [(s.repo, s.commit_block, s.revealed_block) for s in submissions.all_of(ledger, "answers")]


@pytest.mark.parametrize(
    "polls",
    [range(1, 140), (105, 115, 125, 135), (112, 135), (125,), (500,)],
    ids=["every-block", "now-and-then", "after-the-first", "after-the-second", "a-newcomer"],
)
def test_every_validator_sees_the_same_submissions_whenever_it_polled(tmp_path: Path, polls: range) -> None:
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    for block in polls:
        poll(MOVING, ledger, NETUID, TABLE, Block(block))
    assert found(ledger) == [("first/model", 100, 110), ("second/model", 110, 120)]
    ledger.close()


def test_an_older_seal_that_never_opened_lends_its_age_to_no_text(tmp_path: Path) -> None:
    states = {
        1: (entry("miner", 1, closed=True),),
        150: (entry("miner", 150, closed=True),),
        160: (entry("miner", 160, (FIRST, 160), closed=True),),
    }
    chain, ledger = replace(MOVING, states=states), open_ledger(tmp_path / "ledger.sqlite")
    for block in (10, 170):
        poll(chain, ledger, NETUID, TABLE, Block(block))
    assert found(ledger) == [("first/model", 150, 160)]
    ledger.close()


def test_a_node_without_the_past_costs_that_submission_and_not_the_poll(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    poll(replace(MOVING, pruned=115), ledger, NETUID, TABLE, Block(125))
    assert found(ledger) == [("second/model", 110, 120)]
    ledger.close()


def test_what_may_still_be_reverted_is_not_recorded(tmp_path: Path) -> None:
    chain, ledger = replace(MOVING, number=125, final=115, read=[]), open_ledger(tmp_path / "ledger.sqlite")
    Watch(chain, ledger, NETUID, TABLE, Wakes()).step()
    assert (found(ledger), max(chain.read)) == ([("first/model", 100, 110)], 115)
    ledger.close()


def test_a_stranger_who_seals_to_a_round_beyond_all_numbers_stops_nobody(tmp_path: Path) -> None:
    never = replace(entry("stranger", 90), sealed=Sealed(b"cipher", BeaconRound(2**64 - 1)))
    states = {since: (never, *state) for since, state in MOVING.states.items()}
    chain, ledger = replace(MOVING, states=states), open_ledger(tmp_path / "ledger.sqlite")
    poll(chain, ledger, NETUID, TABLE, Block(125))
    assert len(found(ledger)) == 2
    ledger.close()
