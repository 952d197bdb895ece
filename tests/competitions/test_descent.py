"""Whose work a model is: disguises lead to whoever committed the original, and nobody is accused of their own."""

from chain.types import Block
from competitions.descent import Disguise, disguise
from competitions.ownership import Claim, Ownership
from competitions.records import Submission
from competitions.spec import LineageSpec
from models.lineage import Kind, Lineage
from tests.competitions.builders import submit

RULES = LineageSpec()
Told = dict[str | None, tuple[Kind, tuple[Submission, ...]]]


class Tracing:
    """Answers what it was told, and notes what it was asked."""

    def __init__(self, *told: tuple[Submission, Kind, tuple[Submission, ...]]) -> None:
        self.told = {its.digest: lineage(kind, *parents) for its, kind, parents in told}
        self.asked: dict[str, tuple[str, ...]] = {}

    def __call__(self, digest: str, seniors: tuple[str, ...]) -> Lineage | None:
        self.asked[digest] = seniors
        return self.told.get(digest)


def lineage(kind: Kind, *parents: Submission) -> Lineage:
    named = tuple(its.digest or "" for its in parents)
    return Lineage(kind, named, tuple(1 / len(named) for _ in named), 0.001, 0.99)


def claim(its: Submission) -> Claim:
    return Claim(its.coldkey, its.hotkey, its.commit_block)


FIRST, SECOND, THIRD = submit(1, 10), submit(2, 20), submit(3, 30)


def test_noise_on_another_ones_model_makes_a_copy_of_it() -> None:
    owners = Ownership([FIRST, SECOND], b"")
    tracing = Tracing((SECOND, Kind.NOISE, (FIRST,)))
    found = disguise(SECOND, owners, RULES, tracing)
    assert found == Disguise(lineage(Kind.NOISE, FIRST), claim(FIRST))
    assert found.why == "noise of 000000000000, which hot1 began in block 10; relative distance 0.001"
    assert disguise(FIRST, owners, RULES, tracing) is None


def test_a_model_is_compared_with_those_committed_before_it_alone() -> None:
    tracing = Tracing()
    for its in (FIRST, SECOND, THIRD):
        disguise(its, Ownership([THIRD, FIRST, SECOND], b""), RULES, tracing)
    assert list(map(len, tracing.asked.values())) == [0, 1, 2]


def test_nobody_is_accused_of_building_on_their_own() -> None:
    again = submit(2, 20, coldkey=FIRST.coldkey)
    tracing = Tracing((again, Kind.NOISE, (FIRST,)))
    assert disguise(again, Ownership([FIRST, again], b""), RULES, tracing) is None


def test_a_copy_of_a_copy_leads_to_the_original() -> None:
    again = submit(3, 30, coldkey=SECOND.coldkey)
    owners = Ownership([FIRST, SECOND, again], b"")
    tracing = Tracing((SECOND, Kind.NOISE, (FIRST,)), (again, Kind.SCALED, (SECOND,)))
    assert disguise(again, owners, RULES, tracing) == Disguise(lineage(Kind.SCALED, SECOND), claim(FIRST))


def test_who_was_copied_may_submit_what_looks_like_the_copy() -> None:
    """Else noise on a king's model, refused itself, would get the king's next one refused."""
    successor = submit(3, 30, coldkey=FIRST.coldkey)
    owners = Ownership([FIRST, SECOND, successor], b"")
    tracing = Tracing((SECOND, Kind.NOISE, (FIRST,)), (successor, Kind.NOISE, (SECOND,)))
    assert disguise(successor, owners, RULES, tracing) is None


def test_kinds_that_the_table_does_not_refuse_are_only_shown() -> None:
    owners = Ownership([FIRST, SECOND, THIRD], b"")
    tracing = Tracing((THIRD, Kind.MERGE, (FIRST, SECOND)))
    assert disguise(THIRD, owners, RULES, tracing) is None
    found = disguise(THIRD, owners, LineageSpec((Kind.MERGE,)), tracing)
    assert found == Disguise(lineage(Kind.MERGE, FIRST, SECOND), claim(FIRST))


def test_a_merge_of_ones_own_with_another_ones_is_another_ones_too() -> None:
    mixed = submit(3, 30, coldkey=FIRST.coldkey)
    tracing = Tracing((mixed, Kind.MERGE, (FIRST, SECOND)))
    found = disguise(mixed, Ownership([FIRST, SECOND, mixed], b""), LineageSpec((Kind.MERGE,)), tracing)
    assert found == Disguise(lineage(Kind.MERGE, FIRST, SECOND), claim(SECOND))


def test_a_base_is_nobodys_and_senior_to_all() -> None:
    base = submit(9, 99)
    tracing = Tracing((FIRST, Kind.COPY, (base,)))
    found = disguise(FIRST, Ownership([FIRST], b""), RULES, tracing, (base.digest or "",))
    assert found == Disguise(lineage(Kind.COPY, base), None)
    assert tracing.asked == {FIRST.digest: (base.digest,)}


def test_a_base_stays_nobodys_where_somebody_commits_it() -> None:
    noisy = submit(2, 20)
    owners, free = Ownership([FIRST, noisy], b""), (FIRST.digest or "",)
    tracing = Tracing((noisy, Kind.NOISE, (FIRST,)))
    found = [disguise(its, owners, RULES, tracing, free) for its in (FIRST, noisy)]
    copy = Lineage(Kind.COPY, free, (1.0,), 0.0, 1.0)
    assert found == [Disguise(copy, None), Disguise(lineage(Kind.NOISE, FIRST), None)]
    assert disguise(FIRST, owners, LineageSpec((Kind.NOISE,)), tracing, free) is None


def test_who_has_no_digest_yet_or_no_sketch_is_accused_of_nothing() -> None:
    unknown = submit(2, 20, digest=None)
    owners = Ownership([FIRST, unknown], b"")
    assert [disguise(its, owners, RULES, Tracing()) for its in (unknown, FIRST)] == [None, None]


def test_the_one_who_moved_a_model_to_another_hotkey_still_owns_it() -> None:
    moved = submit(4, 40, digest=FIRST.digest, coldkey=FIRST.coldkey)
    tuned = submit(5, 50, coldkey=FIRST.coldkey)
    owners = Ownership([FIRST, moved, tuned], b"")
    assert disguise(tuned, owners, RULES, Tracing((tuned, Kind.NOISE, (moved,)))) is None
    assert owners.owner(moved.digest or "") == Claim(FIRST.coldkey, FIRST.hotkey, Block(10))
