"""From an opened commitment to vetted files: what is due next, and that every step is taken once."""

from dataclasses import replace

import pytest

from chain.types import Block, Coldkey, Hotkey, Uid
from competitions.records import Submission
from ledger import submissions
from ledger.database import Ledger, LedgerConflict, NoSuchRecord
from ledger.submissions import Accepted, Retry
from models.rejections import Reason, Rejection
from tests.ledger.builders import DIGEST, REVISION, opened_commitment, submission

NAMES = ("chat", "code")
ACCEPTED = Accepted(parameters=1_000, bytes=4_000)
REFUSED = Rejection(Reason.WEIGHTS, "tensor x holds NaN")


def test_an_opened_commitment_becomes_a_submission_as_it_was_first_seen(ledger: Ledger) -> None:
    id_ = submission(ledger, uid=2, commit=10, opens=20)
    assert submissions.get(ledger, id_) == Submission(
        id=id_,
        competition="chat",
        repo="user2/model",
        revision=REVISION,
        digest=DIGEST,
        hotkey=Hotkey("hot2"),
        coldkey=Coldkey("cold-hot2"),
        uid=Uid(2),
        registered_at=Block(1),
        commit_block=Block(10),
        revealed_block=Block(20),
        intake="due",
    )
    assert submissions.undecoded(ledger) == ()


def test_the_most_senior_commitment_is_decoded_first(ledger: Ledger) -> None:
    for uid, commit in ((1, 14), (2, 11), (3, 12)):
        opened_commitment(ledger, uid, commit)
    assert [waiting.commit_block for waiting in submissions.undecoded(ledger)] == [11, 12, 14]


def test_adding_twice_gives_the_same_submission(ledger: Ledger) -> None:
    commitment = opened_commitment(ledger)
    ids = {submissions.add(ledger, commitment, "chat", "a/b", REVISION, DIGEST) for _ in range(2)}
    assert (len(ids), len(submissions.all_of(ledger, "chat"))) == (1, 1)


def test_a_commitment_cannot_become_another_model(ledger: Ledger) -> None:
    commitment = opened_commitment(ledger)
    submissions.add(ledger, commitment, "chat", "a/b", REVISION, DIGEST)
    with pytest.raises(LedgerConflict, match=f"commitment {commitment} is a/b@{REVISION}, it cannot become"):
        submissions.add(ledger, commitment, "chat", "a/c", REVISION, DIGEST)


def test_a_refused_pointer_is_asked_about_no_more_and_keeps_its_first_reason(ledger: Ledger) -> None:
    commitment = opened_commitment(ledger)
    submissions.refuse(ledger, commitment, Rejection(Reason.POINTER, "first"))
    submissions.refuse(ledger, commitment, Rejection(Reason.COMPETITION, "second"))
    assert submissions.undecoded(ledger) == ()
    with pytest.raises(LedgerConflict, match="was refused"):
        submissions.add(ledger, commitment, "chat", "a/b", REVISION, DIGEST)


def test_a_submission_is_not_refused_as_a_pointer(ledger: Ledger) -> None:
    commitment = opened_commitment(ledger)
    submissions.add(ledger, commitment, "chat", "a/b", REVISION, DIGEST)
    with pytest.raises(LedgerConflict, match="is a submission already"):
        submissions.refuse(ledger, commitment, REFUSED)


def test_only_what_the_chain_opened_becomes_a_submission(ledger: Ledger) -> None:
    with pytest.raises(NoSuchRecord, match="no commitment 5"):
        submissions.add(ledger, 5, "chat", "a/b", REVISION, DIGEST)


def test_files_are_due_by_seniority_until_they_are_accepted_or_refused(ledger: Ledger) -> None:
    young, old, middle = (submission(ledger, uid, commit) for uid, commit in ((1, 14), (2, 11), (3, 12)))
    assert [s.id for s in submissions.due_for_intake(ledger, NAMES, Block(30))] == [old, middle, young]
    submissions.record_intake(ledger, old, Block(30), ACCEPTED)
    submissions.record_intake(ledger, middle, Block(30), REFUSED)
    assert [s.id for s in submissions.due_for_intake(ledger, NAMES, Block(30))] == [young]
    assert [s.intake for s in submissions.all_of(ledger, "chat")] == ["accepted", "rejected", "due"]


def test_files_of_a_competition_that_no_table_has_yet_wait_for_one_that_has(ledger: Ledger) -> None:
    id_ = submission(ledger)
    due = {names: [s.id for s in submissions.due_for_intake(ledger, names, Block(30))] for names in (("chess",), NAMES)}
    assert due == {("chess",): [], NAMES: [id_]}


def test_an_abandoned_attempt_is_due_again_at_its_block(ledger: Ledger) -> None:
    id_ = submission(ledger)
    submissions.record_intake(ledger, id_, Block(30), Retry("the Hub is away", Block(35)))
    due = {block: len(submissions.due_for_intake(ledger, NAMES, Block(block))) for block in (34, 35, 36)}
    assert due == {34: 0, 35: 1, 36: 1}
    submissions.record_intake(ledger, id_, Block(36), Retry("still away", Block(40)))
    assert submissions.due_for_intake(ledger, NAMES, Block(36)) == ()
    assert submissions.get(ledger, id_).intake == "due"


def test_a_retry_and_its_success_in_one_block_both_count(ledger: Ledger) -> None:
    id_ = submission(ledger)
    submissions.record_intake(ledger, id_, Block(30), Retry("away", Block(30)))
    submissions.record_intake(ledger, id_, Block(30), ACCEPTED)
    assert submissions.get(ledger, id_).intake == "accepted"


@pytest.mark.parametrize("later", [REFUSED, ACCEPTED, Retry("late", Block(90))], ids=["refused", "accepted", "retry"])
def test_the_first_final_answer_about_files_stands(ledger: Ledger, later: Accepted | Rejection | Retry) -> None:
    id_ = submission(ledger)
    submissions.record_intake(ledger, id_, Block(30), ACCEPTED)
    submissions.record_intake(ledger, id_, Block(31), later)
    assert (submissions.get(ledger, id_).intake, submissions.rejection(ledger, id_)) == ("accepted", None)


def test_a_refusal_of_files_is_told_with_its_reason(ledger: Ledger) -> None:
    id_ = submission(ledger)
    submissions.record_intake(ledger, id_, Block(30), REFUSED)
    assert submissions.rejection(ledger, id_) == REFUSED


def test_competitions_are_kept_apart_and_ordered_by_seniority(ledger: Ledger) -> None:
    late = submission(ledger, 1, 14)
    other = submission(ledger, 2, 11, competition="code")
    early = submission(ledger, 3, 12)
    found = submissions.all_of(ledger, "chat"), submissions.all_of(ledger, "code")
    assert [[s.id for s in each] for each in found] == [[early, late], [other]]


def test_a_hotkey_may_submit_again_and_both_are_kept(ledger: Ledger) -> None:
    first = submission(ledger, 1, commit=10, opens=20)
    second = submission(ledger, 1, commit=30, opens=40)
    one, two = submissions.all_of(ledger, "chat")
    assert two == replace(one, id=second, commit_block=Block(30), revealed_block=Block(40))
    assert one.id == first


def test_an_unknown_submission_is_named(ledger: Ledger) -> None:
    with pytest.raises(NoSuchRecord, match=r"no submission 77 in .*ledger\.db"):
        submissions.get(ledger, 77)
