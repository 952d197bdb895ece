"""What mirrors the present: heartbeats and the facts readers need. The newest replaces the one before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from chain.types import Block, Hotkey, NetUid, Uid
from ledger import network
from ledger.database import Ledger, LedgerConflict
from ledger.heartbeats import Beat, all_beats, beat

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
IDENTITY = network.Identity("local", NetUid(7), Hotkey("own"), "print", "text = 'é'", "https://hub.example")


def test_a_beat_replaces_the_one_before_and_remembers_the_last_good_one(ledger: Ledger) -> None:
    later, last = NOON + timedelta(seconds=5), NOON + timedelta(seconds=9)
    beat(ledger, "watch", NOON, Block(5), True, "")
    beat(ledger, "fetch", NOON, None, False, "never worked")
    beat(ledger, "watch", later, Block(6), False, "no node answers")
    assert all_beats(ledger) == (
        Beat("fetch", NOON, None, False, "never worked", None),
        Beat("watch", later, Block(6), False, "no node answers", NOON),
    )
    beat(ledger, "watch", last, Block(7), True, "")
    assert all_beats(ledger)[1] == Beat("watch", last, Block(7), True, "", last)


def test_moments_are_kept_in_utc(ledger: Ledger) -> None:
    beat(ledger, "watch", datetime(2026, 3, 14, 14, tzinfo=timezone(timedelta(hours=2))), None, True, "")
    assert all_beats(ledger)[0].at == NOON


def test_a_moment_without_a_time_zone_is_refused(ledger: Ledger) -> None:
    with pytest.raises(StatementError, match="has no time zone"):
        beat(ledger, "watch", datetime(2026, 3, 14), None, True, "")


def test_facts_are_read_as_they_were_last_written(ledger: Ledger) -> None:
    network.record_head(ledger, Block(1), NOON)
    network.record_identity(ledger, IDENTITY)
    network.record_head(ledger, Block(2), NOON)
    network.record_chain_weights(ledger, Block(2), {Uid(3): {Uid(4): 0.25, Uid(5): 0.75}, Uid(6): {}})
    with ledger.reading() as session:
        read = network.identity(session), network.head(session), network.chain_weights(session)
    weights = network.ChainWeights(Block(2), {Uid(3): {Uid(4): 0.25, Uid(5): 0.75}, Uid(6): {}})
    assert read == (IDENTITY, network.HeadSeen(Block(2), NOON), weights)


def test_before_a_validator_started_nothing_is_known(ledger: Ledger) -> None:
    with ledger.reading() as session:
        assert (network.identity(session), network.head(session), network.chain_weights(session)) == (None,) * 3


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(IDENTITY, network="test"), "network was local, now it is test"),
        (replace(IDENTITY, netuid=NetUid(8)), "netuid was 7, now it is 8"),
        (replace(IDENTITY, hotkey=Hotkey("new")), "hotkey was own, now it is new"),
    ],
    ids=["network", "netuid", "hotkey"],
)
def test_another_validators_ledger_is_refused_and_stays_its_own(
    ledger: Ledger, other: network.Identity, words: str
) -> None:
    network.record_identity(ledger, IDENTITY)
    with pytest.raises(LedgerConflict, match=f"{words}. Start with the old settings, or give this validator a folder"):
        network.record_identity(ledger, other)
    with ledger.reading() as session:
        assert network.identity(session) == IDENTITY


def test_the_same_chain_by_another_name_with_another_table_is_the_same_ledger(ledger: Ledger) -> None:
    first = replace(IDENTITY, genesis="0xaa")
    moved = replace(first, network="wss-host", table_fingerprint="new", hub_endpoint="https://other.example")
    for identity in (IDENTITY, first, moved):
        network.record_identity(ledger, identity)
    with ledger.reading() as session:
        assert network.identity(session) == moved
    with pytest.raises(LedgerConflict, match="the chain's first block was 0xaa, now it is 0xbb"):
        network.record_identity(ledger, replace(moved, genesis="0xbb"))
