"""Sanity verdicts: what fires them, and that what people write does not."""

import pytest

from evaluation.tasks.sanity import sanity_verdicts
from neurons import corpus

PROMPT = 'Write about a market in a small town. Use the word "harbour". Write at least 20 words.\n'
STORY = "Once there was a market by the harbour of a small town, where on Mondays old men sold nets, and so it ended."


@pytest.mark.parametrize(
    ("answer", "ended", "named"),
    [
        (STORY, True, ()),
        (STORY.upper(), True, ()),
        ("No.", True, ()),
        (STORY, False, ("cut",)),
        ("", True, ("empty",)),
        (" - \n- \n…🙂", False, ("empty", "cut")),
        ("The harbour was calm. " * 3, True, ("repetitive",)),
        ("The harbour was calm. THE HARBOUR: was calm! * the harbour... was calm", True, ("repetitive",)),
        ("a" * 100, True, ("repetitive",)),
        (PROMPT, True, ("parrot",)),
        (PROMPT.upper().replace(" ", " - "), True, ("parrot",)),
        (f"Here it is. {PROMPT}", True, ("parrot",)),
        (PROMPT * 9, False, ("cut", "repetitive", "parrot")),
    ],
)
def test_an_answer_that_only_plays_to_the_rules_is_named(answer: str, ended: bool, named: tuple[str, ...]) -> None:
    assert sanity_verdicts(PROMPT, answer, ended=ended) == named


def test_no_real_text_is_named() -> None:
    asked = [*corpus.pairs(), *(corpus.Pair("", text) for text in corpus.passages())]
    named = [(pair, found) for pair in asked if (found := sanity_verdicts(pair.prompt, pair.reference, ended=True))]
    assert (named, len(asked) > 1_000) == ([], True)
