"""What mirrors the present: heartbeats and the facts readers need. The newest replaces the one before."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from chain.types import Block, Hotkey, NetUid, Uid
from ledger import network
from ledger.database import Ledger
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
