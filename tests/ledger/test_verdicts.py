"""Verdicts: every attempt kept, the first final one stands, and values come back bit for bit."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from evaluation.verdicts import Abandoned, Outraced, Scored, TaskValues, Verdict
from ledger.database import Ledger, LedgerConflict
from ledger.schema import SampleListRow
from ledger.verdicts import attempts, pack, record_verdict, unpack, verdicts
from models.rejections import Reason, Rejection
from tests.ledger.builders import open_round, scored, submission

REJECTED = Rejection(Reason.NOT_FINITE, "3 of 64 losses are NaN")
OUTRACED = Outraced((TaskValues("a", ("s2", "s5"), (1.5, 0.1)),), 0.5, 70, 9, "env", 1, -0.02, 0.004)
DOUBLES = st.lists(st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0]))


@given(DOUBLES)
def test_values_survive_packing_bit_for_bit(values: list[float]) -> None:
    back = unpack(pack(values))
    assert struct.pack(f"<{len(back)}d", *back) == struct.pack(f"<{len(values)}d", *values)


def test_values_are_packed_as_little_endian_doubles() -> None:
    assert pack([1.0, -0.0, 0.1]).hex() == "000000000000f03f" + "0000000000000080" + "9a9999999999b93f"


@pytest.mark.parametrize(
    "verdict",
    [
        scored(0.1, 1e-300, 16.0),
        Scored(
            (TaskValues("a", ("s1",), (1.0,)), TaskValues("b", ("s2", "s1"), (2.0, 3.0), 0.7, (("cut", 2),))),
            2.5,
            7,
            9,
            "env",
        ),
        Scored((TaskValues("empty", (), ()),), 0.0, 0, 0, "env"),
        OUTRACED,
        REJECTED,
        Abandoned("killed after 120 s"),
    ],
    ids=["one-task", "two-tasks", "no-samples", "outraced", "rejected", "abandoned"],
)
def test_a_verdict_is_read_as_it_was_recorded(ledger: Ledger, verdict: Verdict) -> None:
    round_, id_ = open_round(ledger).id, submission(ledger)
    record_verdict(ledger, round_, id_, verdict)
    assert verdicts(ledger, round_) == {id_: verdict}


def test_an_abandoned_attempt_is_kept_and_may_be_followed(ledger: Ledger) -> None:
    round_, id_ = open_round(ledger).id, submission(ledger)
    for cause in ("crashed", "out of memory"):
        record_verdict(ledger, round_, id_, Abandoned(cause))
    assert (verdicts(ledger, round_), attempts(ledger, round_, id_)) == ({id_: Abandoned("out of memory")}, 2)
    record_verdict(ledger, round_, id_, scored(1.0))
    assert (verdicts(ledger, round_), attempts(ledger, round_, id_)) == ({id_: scored(1.0)}, 3)


@pytest.mark.parametrize("final", [scored(1.0), REJECTED], ids=["scored", "rejected"])
@pytest.mark.parametrize("later", [scored(2.0), REJECTED, Abandoned("x")], ids=["scored", "rejected", "abandoned"])
def test_a_final_verdict_stands(ledger: Ledger, final: Verdict, later: Verdict) -> None:
    round_, id_ = open_round(ledger).id, submission(ledger)
    record_verdict(ledger, round_, id_, final)
    record_verdict(ledger, round_, id_, later)
    assert (verdicts(ledger, round_), attempts(ledger, round_, id_)) == ({id_: final}, 1)


def test_a_lost_race_may_be_followed_by_a_judging_on_all_samples(ledger: Ledger) -> None:
    round_, id_ = open_round(ledger).id, submission(ledger)
    for verdict in (OUTRACED, scored(2.0)):
        record_verdict(ledger, round_, id_, verdict)
        assert verdicts(ledger, round_) == {id_: verdict}


def test_rounds_and_submissions_keep_their_own_verdicts(ledger: Ledger) -> None:
    one, two = submission(ledger, 1), submission(ledger, 2)
    first, second = open_round(ledger, 0).id, open_round(ledger, 1).id
    record_verdict(ledger, first, one, scored(1.0))
    record_verdict(ledger, first, two, REJECTED)
    record_verdict(ledger, second, one, scored(2.0))
    read = verdicts(ledger, first), verdicts(ledger, second), attempts(ledger, second, two)
    assert read == ({one: scored(1.0), two: REJECTED}, {one: scored(2.0)}, 0)


def test_sample_ids_are_stored_once_however_many_were_judged_on_them(ledger: Ledger) -> None:
    round_ = open_round(ledger).id
    for uid in range(1, 5):
        record_verdict(ledger, round_, submission(ledger, uid), scored(1.0, 2.0 + uid))
    with ledger.reading() as session:
        assert session.scalar(select(func.count()).select_from(SampleListRow)) == 1


def test_a_value_that_is_no_number_comes_back_as_it_was(ledger: Ledger) -> None:
    round_, id_ = open_round(ledger).id, submission(ledger)
    record_verdict(ledger, round_, id_, scored(math.nan, math.inf))
    read = verdicts(ledger, round_)[id_]
    assert isinstance(read, Scored)
    assert pack(read.tasks[0].values) == pack([math.nan, math.inf])


def test_a_verdict_on_nothing_is_a_conflict(ledger: Ledger) -> None:
    with pytest.raises(LedgerConflict, match="FOREIGN KEY"):
        record_verdict(ledger, 3, 4, REJECTED)
