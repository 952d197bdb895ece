"""A model belongs to the coldkey that committed it first, whatever the order in which validators saw it."""

from hypothesis import given
from hypothesis import strategies as st

from competitions.ownership import Claim, Ownership, tie_break
from tests.competitions.builders import submit

DIGEST = "d" * 64


def test_the_same_digest_under_another_coldkey_is_a_copy() -> None:
    first, copy = submit(1, 10, digest=DIGEST), submit(2, 30, digest=DIGEST)
    owners = Ownership([copy, first], b"seed")
    assert [owners.copied_from(first), owners.copied_from(copy)] == [
        None,
        Claim(first.coldkey, first.hotkey, first.commit_block),
    ]


def test_the_same_repository_and_revision_under_another_coldkey_is_a_copy() -> None:
    first = submit(1, 10)
    copy = submit(2, 30, repo=first.repo, revision=first.revision)
    assert Ownership([first, copy], b"").copied_from(copy) == Claim(first.coldkey, first.hotkey, first.commit_block)


def test_a_coldkey_may_move_its_model_to_another_hotkey_and_keeps_its_age() -> None:
    first, moved = submit(1, 10, digest=DIGEST), submit(2, 30, digest=DIGEST, coldkey="cold1")
    owners = Ownership([first, moved], b"")
    assert (owners.copied_from(moved), owners.first_commit(moved)) == (None, 10)


@given(st.binary(max_size=40), st.permutations([1, 2, 3]))
def test_ties_in_a_block_are_decided_by_seed_and_hotkey_alone(seed: bytes, order: list[int]) -> None:
    subs = {n: submit(n) for n in order}
    winner = min(subs.values(), key=lambda s: tie_break(seed, s.hotkey))
    assert Ownership([subs[n] for n in order], seed).copied_from(winner) is None


def test_who_has_no_digest_yet_claims_and_copies_by_revision_alone() -> None:
    first, unknown = submit(1, 10, digest=None), submit(2, 20, digest=None)
    owners = Ownership([first, unknown], b"")
    assert (owners.copied_from(unknown), owners.first_commit(unknown)) == (None, 20)
    copy = submit(3, 30, digest=None, repo=first.repo, revision=first.revision)
    assert owners.copied_from(copy) == Claim(first.coldkey, first.hotkey, first.commit_block)
