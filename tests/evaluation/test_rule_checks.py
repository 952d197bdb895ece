"""What keeps a rule and what does not: examples to read, and what holds for every text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.sources.rules import NAMES, Rule, parse_rule
from evaluation.tasks.rule_checks import CHECKS, broken
from evaluation.tasks.words import sentences, words

EXAMPLES = [
    ("bullets=2", ["- one\n* two", "Two:\n- one\n- two\n"], ["- one", "- one\n- two\n- three", "-one\n-two"]),
    ("bullets=1", ["- one\n  - a part of it"], ["– one", "a - b", ""]),
    ("casing=lower", ["all low, 1 é ß 語", ""], ["one Capital", "É", "ǅ"]),
    ("casing=upper", ["ALL HIGH, 1 É 語", ""], ["ALL BUT ONE é", "STRAßE", "ǅ"]),
    ("commas=none", ["none; at all", ""], ["a, b", "1,000", "一，二", "一、二", "نعم، لا"]),
    (
        "keyword=oat",
        ["An oat.", "OAT!", "(oat)", "an oat—or two", "oat,wheat", "oat...wheat"],
        ["a boat", "oats", "oat-milk", "oat's", "o a t", ""],
    ),
    ("keyword=old harbour", ["the Old\nHarbour", "old, harbour"], ["old the harbour", "harbour old", "old harbours"]),
    ("keyword=café", ["cafe\u0301", "CAFÉ"], ["cafe"]),
    ("keyword=→", ["a→b"], ["a->b"]),
    ("without=oat", ["a boat", ""], ["An oat."]),
    (
        "sentences_at_least=2",
        ["One. Two", "Who? Me!", "- one\n- two", "one\n\ntwo", "一。二"],
        ["Only one.", "...", ""],
    ),
    ("sentences_at_most=1", ["Dr. J. Smith (e.g. 3.5) of us", "wrapped\nline", "..."], ["It is. So!", '"It is." So']),
    ("words_at_least=3", ["one two three", "one—two—three", "один два три"], ["- * … 🙂", "don't well-known", ""]),
    ("words_at_most=2", ["don't well-known", "3.14 U.S.", "हिन्दी भाषा", ""], ["a, b, c", "and/or not"]),
    (
        "starts_with=Once there was",
        ["once there was a", '- "Once there was"', "Once there, was"],
        ["Once there wasn't", ""],
    ),
    ("ends_with=that is all", ["That is all.", "(and THAT is all!)\n- 🙂"], ["that is all of it", "is all", ""]),
]


@pytest.mark.parametrize(("rule", "kept", "not_kept"), EXAMPLES, ids=[rule for rule, _, _ in EXAMPLES])
def test_the_golden_examples(rule: str, kept: list[str], not_kept: list[str]) -> None:
    one = parse_rule(rule)
    assert one.fault is None
    assert [text for text in kept if broken((one,), text)] == []
    assert [text for text in not_kept if not broken((one,), text)] == []


def test_every_rule_has_a_check_and_an_example() -> None:
    assert CHECKS.keys() == NAMES == {parse_rule(rule).name for rule, _, _ in EXAMPLES}


TEXTS = st.one_of(st.text(max_size=80), st.text(alphabet="aB é.!?,-'\n*。—", max_size=80))
COUNTS = st.integers(1, 12)
VALUES = st.one_of(st.sampled_from(["a", "B é", "oat", "🙂"]), st.text(min_size=1, max_size=5).filter(str.strip))


@given(TEXTS, VALUES)
def test_a_word_is_used_or_it_is_not(text: str, value: str) -> None:
    assert CHECKS["keyword"](value, text) != CHECKS["without"](value, text)


@given(TEXTS, COUNTS)
def test_a_text_has_exactly_one_number_of_words_and_of_sentences(text: str, count: int) -> None:
    for name, number in (("words", len(words(text))), ("sentences", sentences(text))):
        least, most = CHECKS[f"{name}_at_least"], CHECKS[f"{name}_at_most"]
        assert (least(str(count), text), most(str(count), text)) == (number >= count, number <= count)
        assert most(str(count), text) != least(str(count + 1), text)


@given(TEXTS, VALUES)
def test_what_a_text_starts_or_ends_with_it_has(text: str, value: str) -> None:
    for name in ("starts_with", "ends_with"):
        assert not CHECKS[name](value, text) or CHECKS["keyword"](value, text)


@given(TEXTS, TEXTS)
def test_words_and_sentences_of_paragraphs_add_up(first: str, second: str) -> None:
    whole = f"{first}\n\n{second}"
    assert words(whole) == words(first) + words(second)
    assert sentences(whole) == sentences(first) + sentences(second)
    assert sentences(first) <= len(words(first))


@given(st.lists(st.sampled_from(EXAMPLES), max_size=6, unique_by=lambda one: one[0]), TEXTS)
def test_broken_rules_are_those_whose_checks_fail_in_their_order(chosen: list, text: str) -> None:
    rules = tuple(parse_rule(rule) for rule, _, _ in chosen)
    assert broken(rules, text) == tuple(r for r in rules if not CHECKS[r.name](r.value, text))
    assert broken((*rules, Rule("commas", "none")), text + ",")[-1] == Rule("commas", "none")
