"""Sketches and lineages in the ledger: each once, and read back as they were."""

import math

from chain.types import Block, Hotkey
from ledger import submissions
from ledger.ancestry import Ancestry, Parent, ancestries
from ledger.database import Ledger
from ledger.lineages import Sketches, add_sketch, found, record, sketched, submitted
from ledger.submissions import Accepted
from models.lineage import Kind, Lineage
from tests.ledger.builders import DIGEST, REVISION, opened_commitment, submission
from tests.models.pedigree import parent, sketch

ONE, OTHER = sketch(parent(1)), sketch(parent(2))
MERGE = Lineage(Kind.MERGE, ("b", "c"), (0.25, 0.75), 0.125, 0.875)
NOBODY = Lineage(Kind.ORIGINAL, (), (), math.inf, 1.0)


def test_sketches_are_read_back_by_digest_and_the_first_of_a_digest_stands(ledger: Ledger) -> None:
    add_sketch(ledger, "a", ONE.encode())
    add_sketch(ledger, "b", OTHER.encode())
    add_sketch(ledger, "a", OTHER.encode())
    assert sketched(ledger) == ("a", "b")
    assert dict(Sketches(ledger, ("a", "b"))) == {"a": ONE, "b": OTHER}
    assert "x" not in Sketches(ledger, ("a",))


def test_a_lineage_is_found_for_the_same_known_models_in_any_order(ledger: Ledger) -> None:
    record(ledger, "a", ("b", "c"), MERGE)
    record(ledger, "a", (), NOBODY)
    record(ledger, "a", ("c", "b"), NOBODY)  # the first answer to a question stands
    asked = [found(ledger, "a", known) for known in (("c", "b"), (), ("b",))]
    assert asked == [MERGE, NOBODY, None]
    assert found(ledger, "b", ("a",)) is None


def test_a_sketch_is_kept_with_the_acceptance_of_its_files(ledger: Ledger) -> None:
    told = submission(ledger)
    hashed = submissions.add_hashed(ledger, opened_commitment(ledger, uid=2), "chat", "user2/model", REVISION, "hash")
    submissions.record_intake(ledger, told, Block(30), Accepted(1, 2, None, ONE.encode()))
    submissions.record_intake(ledger, hashed, Block(30), Accepted(1, 2, "e" * 64, OTHER.encode()))
    assert dict(Sketches(ledger, sketched(ledger))) == {DIGEST: ONE, "e" * 64: OTHER}
    assert submitted(ledger) == {"user1/model@aaaaaaaa of hot1": DIGEST, "user2/model@aaaaaaaa of hot2": "e" * 64}


def test_an_ancestry_is_the_newest_lineage_with_the_first_submissions_of_the_parents(ledger: Ledger) -> None:
    first, again = submission(ledger, uid=1, commit=10), submission(ledger, uid=2, commit=12)
    for id_ in (again, first):
        submissions.record_intake(ledger, id_, Block(30), Accepted(1, 2))
    record(ledger, "a", (), NOBODY)
    record(ledger, "a", ("base", DIGEST), Lineage(Kind.MERGE, (DIGEST, "base"), (0.75, 0.25), 0.125, 0.875))
    parents = Parent(DIGEST, 0.75, "user1/model", Hotkey("hot1")), Parent("base", 0.25, None, None)
    with ledger.reading() as session:
        assert ancestries(session, ["a", "x"]) == {"a": Ancestry(Kind.MERGE, parents, 0.125, 0.875)}
