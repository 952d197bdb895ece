"""How the page says things."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from chain.types import Block, Hotkey
from evaluation.sources.drops import Drop
from evaluation.sources.held import Cause
from evaluation.sources.pool import Proof
from leaderboard import sampling, words
from ledger.ancestry import Ancestry, Parent
from ledger.waits import Wait
from models.lineage import Kind
from tests.leaderboard.story import NOW, key


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (7199, "1 h ago"), (200_000, "2 d ago")],
)
def test_moments_are_told_in_the_largest_unit(seconds: int, said: str) -> None:
    assert words.ago(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.percent(0.1234), "12.34%"),
        (words.percent(None), "–"),
        (words.signed(0.05), "+5.00%"),
        (words.signed(-0.05), "−5.00%"),
        (words.signed(None), "–"),
        (words.score(2.71828), "2.7183"),
        (words.score(None), "–"),
        (words.count(1234567), "1 234 567"),
        (words.count(None), "–"),
        (words.short("short"), "short"),
        (words.short("5" * 48), "555555…555555"),
    ],
)
def test_numbers_and_keys_are_told_alike_everywhere(said: str, expected: str) -> None:
    assert said == expected


ONE, OTHER = Parent("a" * 64, 0.75, "alice/answers", Hotkey("hot")), Parent("b" * 64, 0.25, None, None)


@pytest.mark.parametrize(
    ("ancestry", "said"),
    [
        (
            Ancestry(Kind.FINE_TUNE, (replace(ONE, weight=1.0),), 0.0312, 0.998),
            "Lineage: fine-tune of alice/answers, 0.031 of its length away (confidence 1.00)",
        ),
        (
            Ancestry(Kind.MERGE, (ONE, OTHER), 0.5, 0.75),
            "Lineage: merge of 75% alice/answers and 25% bbbbbb…bbbbbb, 0.5 of its length away (confidence 0.75)",
        ),
        (
            Ancestry(Kind.ORIGINAL, (), None, 1.0),
            "Lineage: original, near none of the models committed before it",
        ),
    ],
)
def test_what_a_model_descends_from_is_one_sentence(ancestry: Ancestry, said: str) -> None:
    assert words.descent(ancestry) == said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("No space left on device: '/home/smith/.crucible/models/ab12'", "No space left on device: '…/ab12'"),
        ("cannot read ~/keys/secret or C:\\Users\\smith\\x.txt", "cannot read …/secret or …/x.txt"),
        ("see https://hub.example/user/model/tree/main", "see https://hub.example/user/model/tree/main"),
        ("ws://127.0.0.1:9944/a/b answers", "ws://127.0.0.1:9944/a/b answers"),
        ("smith/model@abc at 3/4 of (390, 450]", "smith/model@abc at 3/4 of (390, 450]"),
    ],
    ids=["unix", "home-and-windows", "web", "socket", "no-path"],
)
def test_folders_of_a_machine_are_left_out_and_nothing_else(text: str, told: str) -> None:
    assert words.discreet(text) == told


def test_addresses_in_a_sentence_are_shortened_and_everything_is_escaped() -> None:
    address = key("somebody")
    said = words.prose(f"<b>copy</b> of {address}")
    short = f'<code title="{address}">{words.short(address)}</code>'
    assert said == f"&lt;b&gt;copy&lt;/b&gt; of {short}"


def test_everything_that_samples_can_be_has_words() -> None:
    named = set(sampling.PROOFS), set(sampling.CAUSES), set(sampling.DROPS)
    assert named == (set(get_args(Proof)), set(Cause), set(Drop))
    assert (sampling.drop("signature"), sampling.drop("of_a_later_version")) == (
        "not signed by their producer",
        "of_a_later_version",
    )


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (
            Wait("no_base", "", 2, Block(5), Block(9)),
            "the competition's base is not here yet, tried in 2 blocks since block 5",
        ),
        (Wait("of_a_later_version", "", 1, Block(5), Block(5)), "of_a_later_version, tried in 1 block since block 5"),
        (Wait(None, "", 1, None, None), "why is not on record, at least once"),
        (Wait(None, "", 3, None, None), "why is not on record, at least 3 times"),
    ],
    ids=["known", "later", "older-once", "older"],
)
def test_a_wait_says_its_cause_and_how_often(wait: Wait, said: str) -> None:
    assert sampling.waited(wait) == said


def test_links_to_models_are_quoted() -> None:
    link = words.model_link("https://hub.example/", "user/a b?#", "../x")
    assert link == "https://hub.example/user/a%20b%3F%23/tree/..%2Fx"
