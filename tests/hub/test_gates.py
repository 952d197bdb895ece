"""A gate lets its owner and those who were let in read, and remembers its answers."""

from pathlib import Path

import pytest

from hub.archive import Archive
from hub.gates import Gates
from hub.repository import Repository


@pytest.fixture
def gated(tmp_path: Path) -> tuple[Gates, Repository]:
    archive = Archive(tmp_path)
    archive.create("alice/x", "model", private=False, author="alice")
    repository = archive.find("alice/x", "model")
    assert repository is not None
    return archive.gates, repository


def readers(gates: Gates, repository: Repository) -> list[str | None]:
    return [user for user in ("alice", "bob", "carol", None) if gates.admits(repository, user)]


def test_without_a_gate_everybody_reads(gated):
    assert readers(*gated) == ["alice", "bob", "carol", None]


def test_at_a_manual_gate_asking_alone_opens_nothing(gated):
    gates, repository = gated
    gates.set(repository, "manual")
    answer = gates.ask(repository, "bob")
    assert (answer, readers(gates, repository)) == ("pending", ["alice"])


def test_at_an_automatic_gate_who_asks_is_let_in_but_not_once_rejected(gated):
    gates, repository = gated
    gates.set(repository, "auto")
    gates.decide(repository, "carol", "rejected")
    answers = [gates.ask(repository, user) for user in ("bob", "carol")]
    assert (answers, readers(gates, repository)) == (["accepted", "rejected"], ["alice", "bob"])


@pytest.mark.parametrize(("answer", "reads"), [("accepted", True), ("pending", False), ("rejected", False)])
def test_the_owners_last_answer_counts(gated, answer, reads):
    gates, repository = gated
    gates.set(repository, "manual")
    for said in ("rejected", "accepted", answer):
        gates.decide(repository, "bob", said)
    assert gates.admits(repository, "bob") is reads
    assert [request.user for request in gates.requests(repository, answer)] == ["bob"]


def test_answers_outlive_a_gate_that_was_opened_for_a_while_and_a_restart(gated, tmp_path):
    gates, repository = gated
    gates.set(repository, "manual")
    gates.decide(repository, "bob", "accepted")
    gates.set(repository, None)
    Archive(tmp_path).gates.set(repository, "manual")
    assert readers(gates, repository) == ["alice", "bob"]


def test_a_deleted_repository_leaves_no_access_to_a_later_one_of_its_name(gated, tmp_path):
    gates, repository = gated
    gates.set(repository, "manual")
    gates.decide(repository, "bob", "accepted")
    archive = Archive(tmp_path)
    archive.delete(repository)
    archive.create("alice/x", "model", private=False, author="alice")
    again = archive.find("alice/x", "model")
    gates.set(again, "manual")
    assert readers(gates, again) == ["alice"]


def test_an_archive_from_before_there_were_gates_opens_with_all_it_held(tmp_path):
    archive = Archive(tmp_path)
    archive.create("alice/x", "model", private=False, author="alice")
    with archive._database.writing() as db:
        db.execute("drop table gate")
        db.execute("drop table access")
    reopened = Archive(tmp_path)
    assert reopened.gates.mode(reopened.find("alice/x", "model")) is None
