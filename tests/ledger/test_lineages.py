"""Sketches and lineages in the ledger: each once, and read back as they were."""

import math

from ledger.database import Ledger
from ledger.lineages import Sketches, add_sketch, found, newest, record, sketched
from models.lineage import Kind, Lineage
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
    assert (found(ledger, "b", ("a",)), newest(ledger, "a"), newest(ledger, "b")) == (None, NOBODY, None)
