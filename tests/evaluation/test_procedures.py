"""Exercises out of the seed: what each procedure makes for one key, and that its answers are right."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.sources.content import Choice, Content, Instruction, Pair, fault_of
from evaluation.sources.procedures.arithmetic import arithmetic
from evaluation.sources.procedures.brackets import brackets
from evaluation.sources.procedures.draws import Draws
from evaluation.sources.procedures.facts import facts, table
from evaluation.sources.procedures.registry import PROCEDURES
from evaluation.sources.procedures.rules import BEGINNINGS, ENDINGS, rules
from evaluation.sources.procedures.word_sorting import word_sorting
from evaluation.sources.procedures.words import WORDS
from evaluation.sources.rules import Rule
from evaluation.sources.spec import KIND_OF_PROCEDURE, Procedure

GOLDEN: dict[Procedure, Content] = {
    "word_sorting": Pair(
        "Put these words into order of length, the shortest first, equally long ones alphabetically: "
        "steam almond board crayon kitchen\n",
        "board steam almond crayon kitchen",
    ),
    "brackets": Pair(
        "Count from 1 and name the places of each pair of brackets, in the order in which they open: {{}[]}\n",
        "1-6 2-3 4-5",
    ),
    "arithmetic": Pair("Work out 179 - 592 + (830 × 825 - 354 × (821 + 150 + 302))\n", "233695"),
    "rules": Instruction(
        'Write about how glass is made. Use the word "OLIVE". Do not use the word "WHEAT". Use capital letters only. '
        "Use no commas.\n",
        (Rule("keyword", "OLIVE"), Rule("without", "WHEAT"), Rule("casing", "upper"), Rule("commas", "none")),
    ),
    "facts": Choice(
        "Which module of Python's standard library has the function a85encode?\n",
        ("statistics", "secrets", "platform", "ast", "base64"),
        4,
    ),
}
"""What the key b"golden 6" makes."""


def many(procedure: Callable[[Draws], Content], number: int = 400) -> list[Content]:
    """What a procedure makes of many keys."""
    return [procedure(Draws(f"key {place}".encode())) for place in range(number)]


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_key_makes_this_exercise_everywhere(name: Procedure) -> None:
    assert PROCEDURES[name](Draws(b"golden 6")) == GOLDEN[name]


def test_draws_are_these_numbers_everywhere() -> None:
    draws = Draws(b"golden")
    assert [draws.below(number) for number in (2, 10, 1_000, 2**63 + 1, 7, 1)] == [0, 1, 203, 6480759084589067794, 0, 0]


@given(key=st.binary(max_size=40), number=st.integers(1, 2**64), items=st.lists(st.integers(), unique=True))
def test_draws_stay_in_their_range_and_take_nothing_twice(key: bytes, number: int, items: list[int]) -> None:
    draws = Draws(key)
    assert 0 <= draws.below(number) < number
    assert sorted(draws.some_of(items, len(items))) == sorted(items)


@pytest.mark.parametrize("name", PROCEDURES)
def test_every_exercise_can_be_scored_and_is_of_its_kind(name: Procedure) -> None:
    kind = {"pair": Pair, "choice": Choice, "instruction": Instruction}[KIND_OF_PROCEDURE[name]]
    assert [(type(content), fault_of(content)) for content in many(PROCEDURES[name])] == [(kind, None)] * 400


def test_words_are_sorted_as_asked() -> None:
    for pair in many(word_sorting):
        asked, given_ = pair.prompt.rstrip("\n").split(": ")
        words, answer = (re.split(", | ", text) for text in (given_, pair.reference))
        rank = {
            "Put these words into alphabetical order": lambda left, right: left < right,
            "Put these words into reverse alphabetical order": lambda left, right: left > right,
        }.get(asked, lambda left, right: (len(left), left) < (len(right), right))
        assert set(words) == set(answer)
        assert 3 <= len(words) == len(answer) <= 14
        assert all(rank(left, right) for left, right in pairwise(answer))


def reduced(text: str) -> str:
    """Brackets, without all that cancel one another."""
    while (shorter := re.sub(r"\(\)|\[\]|\{\}|<>", "", text)) != text:
        text = shorter
    return text


def test_brackets_close_and_match() -> None:
    for pair in many(brackets):
        asked, text = pair.prompt.rstrip("\n").split(": ")
        if asked.startswith("Write"):
            assert (reduced(text + pair.reference), len(reduced(text))) == ("", len(pair.reference))
            continue
        places = [tuple(map(int, both.split("-"))) for both in pair.reference.split()]
        assert places == sorted(places)
        assert sorted(place for both in places for place in both) == list(range(1, len(text) + 1))
        assert all(text[a - 1] + text[b - 1] in ("()", "[]", "{}", "<>") for a, b in places)
        assert all(reduced(text[a : b - 1]) == "" for a, b in places)


def test_arithmetic_comes_to_what_python_makes_of_it() -> None:
    for pair in many(arithmetic):
        expression = pair.prompt.removeprefix("Work out ").replace("×", "*")
        assert re.fullmatch(r"[\d ()*+-]+\n", expression)
        assert str(eval(expression)) == pair.reference


def kept(rule: Rule, text: str) -> bool:
    """Whether a text keeps a rule, in the plainest way to count."""
    words = re.findall(r"[A-Za-z]+", text)
    sentences = text.count(".")
    match rule.name, rule.value:
        case "bullets", number:
            return sum(line.startswith("- ") for line in text.splitlines()) == int(number)
        case "casing", case:
            return text == (text.upper() if case == "upper" else text.lower())
        case "commas", _:
            return "," not in text
        case "keyword", word:
            return word in words
        case "without", word:
            return word.casefold() not in text.casefold()
        case "sentences_at_least", number:
            return sentences >= int(number)
        case "sentences_at_most", number:
            return sentences <= int(number)
        case "words_at_least", number:
            return len(words) >= int(number)
        case "words_at_most", number:
            return len(words) <= int(number)
        case "starts_with", beginning:
            return text.startswith(beginning)
        case "ends_with", ending:
            return text.rstrip(".\n").endswith(ending)
    raise AssertionError(rule)


def obedient(rules_: Iterable[Rule]) -> str:
    """A text that keeps all the rules, put together without a look at how they were chosen."""
    asked = {rule.name: rule.value for rule in rules_}
    length = int(asked.get("words_at_least", 0)) + 1
    sentences = int(asked.get("sentences_at_least", 1))
    opening = f"{asked.get('starts_with', 'zz')} {asked.get('keyword', 'zz')}"
    middle = [". zz"] * (sentences - 1) + ["\n- zz"] * int(asked.get("bullets", 0))
    filling = " zz" * (length - len(opening.split()) - len(middle))
    text = f"{opening}{filling}{''.join(middle)} {asked.get('ends_with', 'zz')}."
    return {"upper": str.upper, "lower": str.lower}.get(asked.get("casing", ""), str)(text)


def test_one_text_can_keep_all_rules_of_an_instruction() -> None:
    for instruction in many(rules, 2_000):
        text = obedient(instruction.rules)
        assert [rule for rule in instruction.rules if not kept(rule, text)] == []


def test_an_instruction_says_every_rule_it_sets_and_sets_one_to_four() -> None:
    made = many(rules, 2_000)
    assert {len(instruction.rules) for instruction in made} == {1, 2, 3, 4}
    assert len({rule.name for instruction in made for rule in instruction.rules}) == 11
    for instruction in made:
        assert instruction.prompt.count(".") == 1 + len(instruction.rules)
        assert all(rule.name in ("casing", "commas") or rule.value in instruction.prompt for rule in instruction.rules)


def test_no_word_that_may_be_forbidden_is_part_of_what_may_be_asked_for() -> None:
    phrases = " ".join((*BEGINNINGS, *ENDINGS)).lower()
    assert [word for word in WORDS if word in phrases] == []


FALSE_FACTS = """
import importlib, inspect, sys
facts = [line.split() for line in sys.stdin]
modules = {name: importlib.import_module(name) for name, _ in facts}
for name, function in facts:
    owners = [other for other, module in modules.items() if hasattr(module, function)]
    if owners != [name] or not inspect.isroutine(getattr(modules[name], function)):
        print(name, function, owners)
"""


def test_the_table_of_facts_is_true_of_this_python() -> None:
    lines = "".join(f"{fact.module} {fact.function}\n" for fact in table())
    alone = [sys.executable, "-I", "-W", "ignore", "-c", FALSE_FACTS]  # here others have put hooks into modules
    checked = subprocess.run(alone, input=lines, capture_output=True, text=True)
    assert (checked.stdout, checked.stderr) == ("", "")
    assert len(set(table())) == len(table()) > 500


def test_exactly_the_answer_of_a_question_is_right() -> None:
    owner = {fact.function: fact.module for fact in table()}
    for choice in many(facts, 1_000):
        subject = re.findall(r"[\w.]+", choice.prompt)[-1]
        if choice.prompt.startswith("Which module"):
            right = [module == owner[subject] for module in choice.choices]
        else:
            right = [(owner[function] == subject) is (" not " not in choice.prompt) for function in choice.choices]
        assert right == [place == choice.answer for place in range(len(choice.choices))]
