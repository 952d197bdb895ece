"""Contents and their rules: what can be scored, and the fault of each that cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.sources.content import Choice, Content, Instruction, Pair, Text, fault_of, texts_of
from evaluation.sources.rules import NAMES, Rule, parse_rule

COMMAS = Rule("commas", "none")
DISTINCT = tuple(Rule("keyword", f"word{number}") for number in range(17))
LETTERS = tuple(f"answer {number}" for number in range(27))


@pytest.mark.parametrize(
    "content",
    [
        Pair("", "r"),
        Text("t"),
        Choice("q", ("a", "b"), 0),
        Choice("q", LETTERS[:26], 25),
        Instruction("p", (COMMAS,)),
        Instruction("p", DISTINCT[:16]),
    ],
    ids=["no prompt", "text", "fewest choices", "most choices", "one rule", "most rules"],
)
def test_what_can_be_scored_has_no_fault(content: Content) -> None:
    assert fault_of(content) is None


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (Pair("p", ""), "the scored text of this pair is empty"),
        (Text(""), "the scored text of this text is empty"),
        (Choice("", ("a", "b"), 0), "the question of this choice is empty"),
        (Choice("q", ("a",), 0), "1 choices: there must be 2 to 26, distinct and none empty"),
        (Choice("q", LETTERS, 0), "27 choices: there must be 2 to 26, distinct and none empty"),
        (Choice("q", ("a", ""), 0), "2 choices: there must be 2 to 26, distinct and none empty"),
        (Choice("q", ("a", "b", "a"), 0), "3 choices: there must be 2 to 26, distinct and none empty"),
        (Choice("q", ("a", "b"), 2), "answer 2 is no index of 2 choices"),
        (Choice("q", ("a", "b"), -1), "answer -1 is no index of 2 choices"),
        (Instruction("", (COMMAS,)), "the prompt of this instruction is empty"),
        (Instruction("p", ()), "0 rules: there must be 1 to 16, distinct"),
        (Instruction("p", DISTINCT), "17 rules: there must be 1 to 16, distinct"),
        (Instruction("p", (COMMAS, COMMAS)), "2 rules: there must be 1 to 16, distinct"),
        (Instruction("p", (COMMAS, Rule("commas", "few"))), "commas='few' is none of none"),
    ],
)
def test_what_cannot_be_scored_says_why(content: Content, fault: str) -> None:
    assert fault_of(content) == fault


def test_every_text_that_somebody_wrote_is_among_the_texts() -> None:
    rules = (COMMAS, Rule("keyword", "harbour"))
    contents = (Pair("p", "r"), Text("t"), Choice("q", ("a", "b"), 1), Instruction("p", rules))
    assert [texts_of(content) for content in contents] == [
        ("p", "r"),
        ("t",),
        ("q", "a", "b"),
        ("p", "none", "harbour"),
    ]


COUNTED = ["bullets", "sentences_at_least", "sentences_at_most", "words_at_least", "words_at_most"]


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize("value", ["1", "7", "1000"])
def test_a_count_may_be_a_plain_number_from_1_to_1000(name: str, value: str) -> None:
    assert Rule(name, value).fault is None


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize("value", ["0", "1001", "01", "+1", "1_0", "", " 1", "-1", "1.0", "٣", "²", "9" * 5_000])
def test_no_other_spelling_of_a_count_is_one(name: str, value: str) -> None:
    assert Rule(name, value).fault == f"{name}={value[:20]!r} is no number from 1 to 1000"


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("casing=lower", None),
        ("casing=upper", None),
        ("casing=Lower", "casing='Lower' is none of lower, upper"),
        ("commas=none", None),
        ("commas=", "commas='' is none of none"),
    ],
)
def test_a_value_of_a_rule_with_choices_is_one_of_them(rule: str, fault: str | None) -> None:
    assert parse_rule(rule).fault == fault


@pytest.mark.parametrize("name", ["keyword", "without", "starts_with", "ends_with"])
@pytest.mark.parametrize(
    ("value", "good"),
    [("w", True), ("ü" * 100, True), ("ü" * 100 + "x", False), ("", False), (" \t\n", False), ("\ud800" * 67, False)],
    ids=["word", "200 bytes", "201 bytes", "nothing", "spaces", "surrogates"],
)
def test_a_text_of_a_rule_is_bounded_in_bytes(name: str, value: str, good: bool) -> None:
    assert Rule(name, value).fault == (None if good else f"{name} needs a text of at most 200 bytes")


def test_every_rule_has_its_own_way_of_being_checked() -> None:
    textual = {"keyword", "without", "starts_with", "ends_with"}
    assert {name for name in NAMES if Rule(name, "any text").fault is None} == textual
    assert set(COUNTED) | textual | {"casing", "commas"} == NAMES


def test_an_unknown_rule_is_named_beside_the_known_ones() -> None:
    assert parse_rule("x" * 50).fault == (
        f"no rule is called {'x' * 40!r}; known are bullets, casing, commas, ends_with, keyword, sentences_at_least, "
        "sentences_at_most, starts_with, without, words_at_least, words_at_most"
    )


def test_only_the_first_equals_sign_parts_a_rule() -> None:
    assert (parse_rule("keyword=a=b"), parse_rule("keyword")) == (Rule("keyword", "a=b"), Rule("keyword", ""))


@given(st.builds(Rule, st.sampled_from(sorted(NAMES)), st.text()))
def test_a_rule_of_a_known_name_survives_its_text(rule: Rule) -> None:
    assert parse_rule(str(rule)) == rule


@given(st.text())
def test_whatever_is_written_is_a_rule_or_has_a_fault(text: str) -> None:
    rule = parse_rule(text)
    assert rule.fault is None or 0 < len(rule.fault) < 400
