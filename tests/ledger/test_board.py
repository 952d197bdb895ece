"""The board: one consistent reading in a fixed number of queries, and a state and reason for every commitment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from chain.types import Block, Commitment, Hotkey, Included, NetUid, Uid, Unreadable
from competitions.records import Reign, Role, RoundOutcome, Standing
from competitions.table import parse
from evaluation.verdicts import Abandoned
from ledger import commitments, heartbeats, network, rounds, submissions, verdicts, waits, weights
from ledger.board import VERSION, Board, ChainWeight, OwnWeights, Unread, board
from ledger.contest import Contest, King
from ledger.database import Ledger
from ledger.directory import Model
from ledger.passports import Files, Named, Passport, Step
from ledger.pools import PoolReading, ProducerReading
from ledger.readings import Place, RoundReading
from ledger.submissions import Accepted, Retry
from ledger.trends import TrendPoint
from ledger.waits import Wait
from models.rejections import Reason, Rejection
from tests.competitions.builders import TABLE
from tests.ledger.builders import (
    AWAY,
    DIGEST,
    NETUID,
    REVISION,
    clear,
    closed_round,
    neuron,
    open_round,
    opened_commitment,
    outcome,
    pool,
    reign,
    scored,
    sealed,
    standing,
    submission,
    text,
)

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
OWN = Hotkey("hot8")
ACCEPTED = Accepted(1_234_567, 5_000_000)


def identify(ledger: Ledger, table_text: str = TABLE) -> network.Identity:
    identity = network.Identity("local", NETUID, OWN, "print", table_text, "https://hub.example")
    network.record_identity(ledger, identity)
    return identity


def accepted(ledger: Ledger, uid: int = 1) -> int:
    id_ = submission(ledger, uid)
    submissions.record_intake(ledger, id_, Block(25), ACCEPTED)
    return id_


def test_an_empty_ledger_reads_as_nothing(ledger: Ledger) -> None:
    assert board(ledger) == Board(VERSION, None, None, (), (), (), (), None, (), ())


def test_a_contest_shows_who_reigns_what_was_decided_and_what_is_judged(ledger: Ledger) -> None:
    identify(ledger)
    king, other = accepted(ledger, 1), accepted(ledger, 2)
    network.record_head(ledger, Block(400), NOON)
    network.record_chain_weights(ledger, Block(399), {Uid(8): {Uid(1): 0.9, Uid(0): 0.1}, Uid(3): {Uid(2): 1.0}})
    round_ = open_round(ledger, 0)
    rounds.set_bundle(ledger, round_.id, "root", {"questions": pool({"hot1": 2}, {"window": 4}, ["hot2"])}, 3)
    verdicts.record_verdict(ledger, round_.id, king, scored(1.0))
    rounds.close_round(ledger, round_.id, outcome(king, other), Block(120))
    next_ = open_round(ledger, 1)
    for block in (151, 151, 152):
        waits.hold(ledger, next_.id, AWAY, Block(block))
    models = [
        Model(n, Uid(n), Hotkey(f"hot{n}"), f"user{n}/model", REVISION, w) for n, w in ((king, 0.9), (other, 0.0))
    ]
    rows = [
        Place(n, model, s.role, s.score, s.improvement, s.needed, s.why)
        for n, (model, s) in enumerate(zip(models, outcome(king, other).standings, strict=True), start=1)
    ]
    given = pool({"hot1": 2}, {"window": 4}, ["hot2"])
    producers = tuple(ProducerReading(p.hotkey, p.coldkey, p.root, p.samples, p.fault) for p in given.producers)
    drawn = PoolReading("questions", "sample", given.root, 2, producers, {"window": 4})
    waited = Wait("unreachable", "the Hub is away", 2, Block(151), Block(152))
    spec = parse(TABLE).competitions[0].epsilon
    needed = spec.end + (min(spec.start, 0.05) - spec.end) * max(0.0, 1 - 390 / spec.decay_blocks)
    (contest,) = board(ledger).contests
    assert contest == Contest(
        name="chat",
        share=contest.share,
        king=King(models[0], 0, Block(100), 0.05, True, 390, pytest.approx(needed)),
        rounds=(
            RoundReading(1, Block(150), "held", "unreachable: the Hub is away", (waited,), None, None, (), None, 0, ()),
            RoundReading(0, Block(100), "closed", None, (), "root", 3, (drawn,), Block(120), 1, tuple(rows)),
        ),
        trend=(TrendPoint(0, Block(100), king, 3.0),),
    )
    assert contest.share is not None


def test_old_rounds_keep_only_their_point_of_the_trend(ledger: Ledger) -> None:
    king = accepted(ledger)
    for number in range(5):
        closed_round(ledger, number, king)
    rounds.close_round(ledger, open_round(ledger, 5).id, RoundOutcome((), None), Block(900))
    (contest,) = board(ledger, rounds=2, trend=3).contests
    assert [round_.number for round_ in contest.rounds] == [5, 4]
    assert [(p.number, p.holder, p.score) for p in contest.trend] == [(3, king, 3.0), (4, king, 3.0), (5, None, None)]
    assert contest.king is None


def test_contests_of_the_table_are_shown_before_their_first_round_largest_share_first(ledger: Ledger) -> None:
    network.record_head(ledger, Block(10**9), NOON)
    identify(ledger)
    shares = {contest.name: contest.share for contest in board(ledger).contests}
    assert list(shares) == sorted(shares, key=lambda name: -(shares[name] or 0))
    assert set(shares) == {competition.name for competition in parse(TABLE).competitions}


def test_a_table_this_version_cannot_read_costs_only_shares_and_epsilon(ledger: Ledger) -> None:
    identify(ledger, table_text="[from.the.future]")
    network.record_head(ledger, Block(400), NOON)
    closed_round(ledger, 0, accepted(ledger))
    (contest,) = board(ledger).contests
    assert contest.king is not None
    assert (contest.share, contest.king.needed, contest.king.age_blocks) == (None, None, 390)


def test_a_hotkey_that_lost_its_uid_is_shown_without_one(ledger: Ledger) -> None:
    identify(ledger)
    closed_round(ledger, 0, accepted(ledger))
    commitments.record_poll(ledger, NETUID, Block(500), [neuron(1, "newcomer"), neuron(8)], [])
    network.record_chain_weights(ledger, Block(501), {Uid(8): {Uid(1): 1.0}})
    seen = board(ledger)
    assert seen.contests[0].king is not None
    assert (seen.contests[0].king.model.uid, seen.contests[0].king.model.weight) == (None, 0.0)
    assert seen.on_chain == OwnWeights(Block(501), (ChainWeight(Uid(1), Hotkey("newcomer"), 1.0),))


def test_weights_sendings_loops_and_unreadable_entries_are_told(ledger: Ledger) -> None:
    identity = identify(ledger)
    network.record_head(ledger, Block(400), NOON)
    odd = Unreadable(Hotkey("hot3"), "odd")
    commitments.record_poll(ledger, NETUID, Block(390), [neuron(n) for n in (1, 2, 8)], [odd])
    network.record_chain_weights(ledger, Block(399), {Uid(8): {Uid(1): 0.25, Uid(2): 0.75}})
    weights.record(ledger, weights.Attempt(Block(395), "print", {Hotkey("hot2"): 0.75}), Included(Block(395), "0xabc"))
    heartbeats.beat(ledger, "watch", NOON, Block(400), True, "")
    seen = board(ledger)
    told = seen.identity, seen.head, seen.on_chain, seen.sendings, seen.loops, seen.unreadable
    assert told == (
        identity,
        network.HeadSeen(Block(400), NOON),
        OwnWeights(Block(399), (ChainWeight(Uid(2), Hotkey("hot2"), 0.75), ChainWeight(Uid(1), Hotkey("hot1"), 0.25))),
        weights.history(ledger),
        heartbeats.all_beats(ledger),
        (Unread(Hotkey("hot3"), "odd", Block(390)),),
    )


def test_a_validator_without_weights_on_chain_shows_an_empty_row(ledger: Ledger) -> None:
    identify(ledger)
    commitments.record_poll(ledger, NETUID, Block(390), [neuron(8)], [])
    network.record_chain_weights(ledger, Block(399), {})
    assert board(ledger).on_chain == OwnWeights(Block(399), ())


def test_a_passport_tells_everything_that_happened_with_its_block(ledger: Ledger) -> None:
    commitments.record_poll(ledger, NETUID, Block(12), [neuron(n) for n in range(1, 9)], [sealed("hot1", 10)])
    id_ = submission(ledger)
    submissions.record_intake(ledger, id_, Block(22), Retry("the Hub is away", Block(24)))
    submissions.record_intake(ledger, id_, Block(25), ACCEPTED)
    closed_round(ledger, 0, id_)
    assert board(ledger).submissions == (
        Passport(
            commitment_id=1,
            hotkey=Hotkey("hot1"),
            uid=Uid(1),
            state="king",
            reason=None,
            detail="place 1",
            model=Named(id_, "chat", "user1/model", REVISION, DIGEST),
            files=Files(1_234_567, 5_000_000),
            ancestry=None,
            commit_block=Block(10),
            reveal_round=900,
            revealed_block=Block(20),
            steps=(
                Step(Block(10), "committed, sealed until beacon round 900"),
                Step(Block(20), "opened by the chain"),
                Step(Block(22), "files could not be had: the Hub is away; asked for again from block 24"),
                Step(Block(25), "files accepted: 1,234,567 parameters, 5.0 MB"),
                Step(Block(110), "round 0: place 1, king, score 3.0000 (place 1)"),
            ),
        ),
    )


def _poll(*entries: Commitment) -> Callable[[Ledger], object]:
    def write(ledger: Ledger) -> None:
        for entry in entries:
            commitments.record_poll(ledger, NETUID, Block(60), [neuron(n) for n in range(1, 9)], [entry])

    return write


def _refused(ledger: Ledger) -> None:
    submissions.refuse(ledger, opened_commitment(ledger), Rejection(Reason.POINTER, "two pointers"))


def _taken_in(result: Accepted | Rejection | Retry) -> Callable[[Ledger], object]:
    return lambda ledger: submissions.record_intake(ledger, submission(ledger), Block(25), result)


def _held(ledger: Ledger) -> None:
    accepted(ledger)
    waits.hold(ledger, open_round(ledger).id, AWAY, Block(101))


def _judged(role: Role, confirmed: bool = True, why: str = "why") -> Callable[[Ledger], object]:
    def write(ledger: Ledger) -> None:
        id_ = accepted(ledger)
        row = replace(standing(id_), role=role, why=why)
        holds: Reign | None = reign(id_, confirmed=confirmed) if role in ("king", "challenger") else None
        rounds.close_round(ledger, open_round(ledger).id, RoundOutcome((row,), holds), Block(120))

    return write


def _dethroned(ledger: Ledger) -> None:
    _judged("king")(ledger)
    rounds.close_round(ledger, open_round(ledger, 1).id, RoundOutcome((), None), Block(170))


def _not_finite(ledger: Ledger) -> None:
    id_, round_ = accepted(ledger), open_round(ledger)
    verdicts.record_verdict(ledger, round_.id, id_, Abandoned("killed"))
    verdicts.record_verdict(ledger, round_.id, id_, Rejection(Reason.NOT_FINITE, "NaN"))
    row = Standing(id_, 1, "rejected", None, None, None, "not_finite: NaN")
    rounds.close_round(ledger, round_.id, RoundOutcome((row,), None), Block(120))


STATES: dict[str, tuple[Callable[[Ledger], object], tuple[str, str | None, str]]] = {
    "sealed": (_poll(sealed("hot1", 10)), ("sealed", None, "opens by itself at beacon round 900")),
    "overwritten": (
        _poll(sealed("hot1", 10), sealed("hot1", 20)),
        ("overwritten", None, "its hotkey committed anew before it opened"),
    ),
    "clear only": (_poll(clear("hot1", 10)), ("ignored", None, "it holds no pointer")),
    "no uid": (
        _poll(clear("stranger", 10, (text("p", 20),))),
        ("ignored", None, "its hotkey held no uid when it was first seen"),
    ),
    "revealed": (opened_commitment, ("revealed", None, "opened by the chain, to be decoded")),
    "pointer refused": (_refused, ("rejected", "pointer", "two pointers")),
    "vetting": (submission, ("vetting", None, "its files are due")),
    "retried": (
        _taken_in(Retry("the Hub is away", Block(30))),
        ("vetting", None, "the Hub is away; due again from block 30"),
    ),
    "files refused": (_taken_in(Rejection(Reason.CONFIG, "auto_map")), ("rejected", "config", "auto_map")),
    "queued": (accepted, ("queued", None, "files accepted; waits to be judged in a round")),
    "held": (_held, ("held", None, "round 0 waits: unreachable: the Hub is away")),
    "king": (_judged("king"), ("king", None, "why")),
    "on trial": (_judged("challenger", confirmed=False), ("scored", None, "why")),
    "dethroned": (_dethroned, ("scored", None, "why")),
    "copy": (_judged("copy"), ("rejected", "copy", "why")),
    "abandoned": (_judged("abandoned"), ("abandoned", None, "why")),
    "refused by a round": (
        _judged("rejected", why="unavailable: it is gone"),
        ("rejected", "unavailable", "unavailable: it is gone"),
    ),
    "judged not finite": (_not_finite, ("rejected", "not_finite", "not_finite: NaN")),
}


@pytest.mark.parametrize(("write", "expected"), STATES.values(), ids=STATES)
def test_every_commitment_has_a_state_and_its_reason(
    ledger: Ledger, write: Callable[[Ledger], object], expected: tuple[str, str | None, str]
) -> None:
    write(ledger)
    oldest = board(ledger).submissions[-1]
    assert (oldest.state, oldest.reason, oldest.detail) == expected


def test_the_newest_commitments_come_first_and_are_bounded(ledger: Ledger) -> None:
    entries = [sealed(f"hot{n}", 10 + n) for n in range(1, 7)]
    commitments.record_poll(ledger, NETUID, Block(60), [neuron(n) for n in range(1, 9)], entries)
    assert [p.commit_block for p in board(ledger, submissions=3).submissions] == [16, 15, 14]


def test_the_number_of_queries_does_not_grow_with_the_ledger(ledger: Ledger) -> None:
    def queries() -> int:
        count = 0

        def step(*_: object) -> None:
            nonlocal count
            count += 1

        event.listen(ledger._engine, "before_cursor_execute", step)
        board(ledger)
        event.remove(ledger._engine, "before_cursor_execute", step)
        return count

    identify(ledger)
    closed_round(ledger, 0, accepted(ledger, 1))
    few = queries()
    for uid in range(2, 8):
        closed_round(ledger, uid, accepted(ledger, uid))
        closed_round(ledger, uid, uid, competition=f"other{uid}")
        weights.record(
            ledger, weights.Attempt(Block(uid), "print", {Hotkey("hot1"): 1.0}), Included(Block(uid), f"0x{uid}")
        )
    assert (queries(), few < 32) == (few, True)


def test_networks_of_other_netuids_do_not_mix_into_who_is_who(ledger: Ledger) -> None:
    identify(ledger)
    commitments.record_poll(ledger, NetUid(99), Block(5), [neuron(5, "hot1")], [])
    closed_round(ledger, 0, accepted(ledger, 1))
    king = board(ledger).contests[0].king
    assert king is not None
    assert king.model.uid == 1
