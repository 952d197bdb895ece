"""Near duplicates: the signature that every validator must compute alike, and where near begins."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.signing import Wallet
from evaluation.sources.content import Choice, Content, Pair, Text
from evaluation.sources.novelty import PERMUTATIONS, Novelty, signature_of
from evaluation.sources.sample import Sample

TEXT = "The harbour master writes down each ship, its cargo and the hour at which it has come in."
LIKE = TEXT.removesuffix(" has come in.")
"""Shares 107 of 128 values of the signature with TEXT, as the test below counts them."""
OTHER = "An orchard is a planting of fruit trees; a meadow is cut for hay twice in a summer."


@dataclass(frozen=True)
class Maker:
    """Samples of one producer by their content."""

    make: Callable[..., Sample]
    wallet: Wallet

    def __call__(self, content: Content | str) -> Sample:
        return self.make(self.wallet, Text(content) if isinstance(content, str) else content)


@pytest.fixture(scope="session")
def sample(make_sample: Callable[..., Sample], wallets: tuple[Wallet, ...]) -> Maker:
    return Maker(make_sample, wallets[0])


def alike(one: str, other: str) -> int:
    return int((signature_of(one) == signature_of(other)).sum())


def test_the_golden_signature_keeps_its_numbers() -> None:
    signature = signature_of("Was heißt „naïve“? The quick brown fox jumps over the lazy dog. 🙂")
    digest = hashlib.sha256(signature.astype("<u4").tobytes()).hexdigest()
    assert (signature.shape, signature.dtype.itemsize) == ((PERMUTATIONS,), 4)
    assert ([int(value) for value in signature[:4]], digest) == (
        [50554117, 3523491, 15312350, 249412912],
        "48d2d7d3b73637a4d240f4283940c679b78d31183ae820161cc4bad92006b4dd",
    )


@given(st.text(), st.text())
def test_neither_casing_nor_spaces_matter(one: str, other: str) -> None:
    spaced = f"\n{one.upper().casefold()}\t \r{other.upper().casefold()} "
    assert np.array_equal(signature_of(f"{one.upper()} {other.upper()}"), signature_of(spaced))


def test_texts_shorter_than_a_shingle_are_alike_only_if_equal() -> None:
    assert [alike("abc", other) for other in ("ABC ", "abd", "")] == [128, 0, 0]


def test_the_last_characters_of_a_text_count() -> None:
    assert alike("12345678", "123456789") < 128


def test_near_begins_at_the_threshold(sample: Maker) -> None:
    equal = alike(TEXT, LIKE)
    admitted = []
    for threshold in (equal / 128, (equal + 0.5) / 128, (equal + 1) / 128):
        novelty = Novelty(threshold)
        admitted.append([novelty.admits(sample(text)) for text in (TEXT, LIKE, OTHER)])
    assert (equal, admitted) == (107, [[True, False, True], [True, True, True], [True, True, True]])


def test_a_threshold_of_one_leaves_out_what_differs_in_casing_alone(sample: Maker) -> None:
    novelty = Novelty(1.0)
    assert [novelty.admits(sample(text)) for text in (TEXT, TEXT.upper(), TEXT + " 1")] == [True, False, True]


def test_what_was_not_admitted_keeps_nothing_out(sample: Maker) -> None:
    novelty, further = Novelty(0.8), LIKE.removesuffix(" at which it")
    assert (alike(TEXT, LIKE) >= 103, alike(LIKE, further) >= 103, alike(TEXT, further) < 103) == (True, True, True)
    assert [novelty.admits(sample(text)) for text in (TEXT, LIKE, further)] == [True, False, True]


def test_every_sample_drawn_before_is_looked_at(sample: Maker) -> None:
    novelty = Novelty(0.8)
    assert [novelty.admits(sample(text)) for text in (TEXT, OTHER, LIKE, OTHER + "!")] == [True, True, False, False]


def test_all_texts_of_a_sample_count(sample: Maker) -> None:
    novelty = Novelty(0.8)
    contents = [Pair(TEXT, "yes"), Pair(TEXT, OTHER), Choice(TEXT, ("yes", "no"), 0)]
    assert [novelty.admits(sample(content)) for content in contents] == [True, True, False]


def test_without_a_threshold_everything_is_new(sample: Maker) -> None:
    novelty = Novelty(None)
    assert [novelty.admits(sample(TEXT)) for _ in range(2)] == [True, True]


def test_after_a_restart_nothing_was_drawn(sample: Maker) -> None:
    novelty = Novelty(0.8)
    before = [novelty.admits(sample(text)) for text in (TEXT, LIKE)]
    novelty.restart()
    assert (before, [novelty.admits(sample(text)) for text in (LIKE, TEXT)]) == ([True, False], [True, False])
