"""Whether a text keeps a rule: one small function for each name of `evaluation.sources.rules`. Pure; it knows no model
and no score.

Counts and words are those of `evaluation.tasks.words`. An empty text keeps what forbids and breaks what demands.
"""

from collections.abc import Callable, Mapping
from unicodedata import category

from evaluation.sources.rules import Rule
from evaluation.tasks.words import BULLETS, sentences, words

_COMMAS = frozenset(",，、،﹐﹑")
"""The comma, and what is one in Chinese, Japanese and Arabic."""


def bullets(value: str, text: str) -> bool:
    """Exactly so many lines begin with "- " or "* "; an indented one is part of the point before it."""
    return sum(line.startswith(BULLETS) for line in text.splitlines()) == int(value)


def casing(value: str, text: str) -> bool:
    """No letter is of the other case; letters without a case are of either."""
    other = "Lu" if value == "lower" else "Ll"
    return all(category(sign) not in (other, "Lt") for sign in text)


def commas(_: str, text: str) -> bool:
    """There is no comma of any script, inside a number either."""
    return _COMMAS.isdisjoint(text)


def keyword(value: str, text: str) -> bool:
    """The words of the value stand in the text, whole and in a row, in whatever case: "Oat!" has "oat", "boat" not."""
    wanted, given = words(value), words(text)
    if not wanted:  # a sign or an emoji has no word that could be compared
        return value.strip() in text
    return any(given[at : at + len(wanted)] == wanted for at in range(len(given) - len(wanted) + 1))


def without(value: str, text: str) -> bool:
    """Not `keyword`."""
    return not keyword(value, text)


def sentences_at_least(value: str, text: str) -> bool:
    """So many sentences or more."""
    return sentences(text) >= int(value)


def sentences_at_most(value: str, text: str) -> bool:
    """So many sentences or fewer."""
    return sentences(text) <= int(value)


def words_at_least(value: str, text: str) -> bool:
    """So many words or more."""
    return len(words(text)) >= int(value)


def words_at_most(value: str, text: str) -> bool:
    """So many words or fewer."""
    return len(words(text)) <= int(value)


def starts_with(value: str, text: str) -> bool:
    """The text's first words are those of the value, whatever signs stand before or between them."""
    wanted = words(value)
    return words(text)[: len(wanted)] == wanted if wanted else text.lstrip().startswith(value.strip())


def ends_with(value: str, text: str) -> bool:
    """The text's last words are those of the value, whatever signs stand behind or between them."""
    wanted = words(value)
    return words(text)[-len(wanted) :] == wanted if wanted else text.rstrip().endswith(value.strip())


CHECKS: Mapping[str, Callable[[str, str], bool]] = {
    "bullets": bullets,
    "casing": casing,
    "commas": commas,
    "keyword": keyword,
    "without": without,
    "sentences_at_least": sentences_at_least,
    "sentences_at_most": sentences_at_most,
    "words_at_least": words_at_least,
    "words_at_most": words_at_most,
    "starts_with": starts_with,
    "ends_with": ends_with,
}
"""(the rule's value, a text) → whether the text keeps the rule, by the rule's name (`RuleName`)."""


def broken(rules: tuple[Rule, ...], text: str) -> tuple[Rule, ...]:
    """The rules that a text does not keep. Raises KeyError for one that `Rule.fault` refuses."""
    return tuple(rule for rule in rules if not CHECKS[rule.name](rule.value, text))
