"""Screens: length in bytes, phrases whatever their casing, and language where a table asks for it."""

import os
import subprocess
import sys

import pytest

from evaluation.sources.content import Choice, Content, Instruction, Pair, Text
from evaluation.sources.drops import Drop
from evaluation.sources.rules import Rule
from evaluation.sources.screening import Screening
from evaluation.sources.spec import PhraseList, Screen


def screening(*phrases: str, max_bytes: int = 100, language: str | None = None) -> Screening:
    return Screening(Screen(max_bytes, PhraseList("owner", 1, phrases) if phrases else None, language))


def everywhere(text: str) -> list[Content]:
    """Contents of every kind in which a text stands, in each place that somebody writes."""
    rule = Rule("commas", "none")
    return [
        Pair(text, "r"),
        Pair("p", text),
        Text(text),
        Choice(text, ("a", "b"), 0),
        Choice("q", ("a", text), 0),
        Instruction(text, (rule,)),
        Instruction("p", (rule, Rule("keyword", text))),
    ]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("x" * 8, None),
        ("x" * 9, Drop.LENGTH),
        ("ü" * 4, None),
        ("ü" * 4 + "x", Drop.LENGTH),
        ("🙂" * 2, None),
        ("🙂" * 2 + "x", Drop.LENGTH),
    ],
    ids=["8 of 1", "9 of 1", "4 of 2", "4 of 2 and 1", "2 of 4", "2 of 4 and 1"],
)
def test_each_text_may_have_so_many_bytes_and_not_characters(text: str, outcome: Drop | None) -> None:
    screen = screening(max_bytes=8)
    assert [screen.broken(content) for content in everywhere(text)] == [outcome] * 7


def test_texts_are_measured_one_by_one() -> None:
    assert screening(max_bytes=8).broken(Pair("x" * 8, "y" * 8)) is None


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("as an AI", "AS AN ai model"),
        ("Straße", "in der STRASSE"),
        ("STRASSE", "in der straße"),
        ("ΣΟΦΟΣ", "σοφος"),
        ("i̇stanbul", "İSTANBUL"),
    ],
    ids=["ascii", "sharp s", "no sharp s", "final sigma", "dotted I"],
)
def test_a_phrase_is_found_whatever_its_casing_in_every_text(phrase: str, text: str) -> None:
    screen = screening("never met", phrase)
    assert [screen.broken(content) for content in everywhere(text)] == [Drop.PHRASE] * 7


def test_a_phrase_counts_within_one_text_whatever_its_spaces_and_unseen_characters() -> None:
    apart = [Text("as a n AI"), Pair("as an", "AI"), Choice("as", ("an", "AI"), 0)]
    assert [screening("as an AI").broken(content) for content in apart] == [None] * 3
    hidden = [Text("as  an\nAI"), Text("as an A\u200bI"), Text("a\u00ads an AI"), Text("\uff41s an AI")]
    assert [screening("as an AI").broken(content) for content in hidden] == [Drop.PHRASE] * 4


def test_length_is_told_before_a_phrase() -> None:
    assert screening("buy", max_bytes=8).broken(Text("buy " * 3)) is Drop.LENGTH


ENGLISH = "Return the number of items in a container, or raise an error where there is none."
GERMAN = "Gib die Anzahl der Elemente zurück, oder melde einen Fehler, wenn es keine gibt."
FRENCH = "Renvoie le nombre d'éléments du conteneur, ou signale une erreur s'il n'y en a pas."


@pytest.mark.parametrize(("language", "own"), [("en", ENGLISH), ("de", GERMAN), ("fr", FRENCH)])
def test_only_the_language_that_is_asked_for_passes(language: str, own: str) -> None:
    screen = screening(language=language)
    assert [text for text in (ENGLISH, GERMAN, FRENCH) if not screen.is_foreign(Text(text))] == [own]


def test_the_language_is_that_of_all_texts_together() -> None:
    screen = screening(language="en")
    assert [screen.is_foreign(content) for content in (Pair(ENGLISH, "ja"), Pair("so?", GERMAN))] == [False, True]


@pytest.mark.parametrize(
    ("text", "foreign"),
    [("Yes, it is.", False), ("The answer is 42.", False), ("yes", True), ("Hello", True), ("42", True)],
)
def test_a_text_of_one_word_is_too_short_for_its_language_to_be_told(text: str, foreign: bool) -> None:
    """Whoever asks for a language does without samples as short as this."""
    assert screening(language="en").is_foreign(Text(text)) is foreign


def test_where_no_language_is_asked_for_nothing_is_foreign_and_no_model_is_loaded() -> None:
    program = (
        "import sys; from evaluation.sources.content import Text; from evaluation.sources.screening import Screening; "
        "from evaluation.sources.spec import Screen; screen = Screening(Screen()); "
        "print(screen.is_foreign(Text('Gib die Anzahl zurück')), screen.broken(Text('x')), 'py3langid' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], env=dict(os.environ), capture_output=True, check=True)
    assert told.stdout == b"False None False\n"
