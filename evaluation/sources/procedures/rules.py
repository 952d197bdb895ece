"""Instructions: something to write about, and rules in words and as data, no two of which contradict one another."""

from evaluation.sources.content import Instruction
from evaluation.sources.procedures.draws import Draws
from evaluation.sources.procedures.words import TOPICS, WORDS
from evaluation.sources.rules import Rule

_MOST = 4
BEGINNINGS = ("Once there was", "To begin with", "Most people know", "It is said that", "Nobody expected")
ENDINGS = ("that is all", "and so it ended", "as everybody knew", "until next year", "without any doubt")
_PLAIN = {
    "bullets": 'Make exactly {} bullet points, each on a line of its own that begins with "- ".',
    "commas": "Use no commas.",
    "keyword": 'Use the word "{}".',
    "without": 'Do not use the word "{}".',
    "sentences_at_least": "Write at least {} sentences.",
    "sentences_at_most": "Write at most {} sentences.",
    "words_at_least": "Write at least {} words.",
    "words_at_most": "Write at most {} words.",
    "starts_with": 'Let your text begin with the words "{}".',
    "ends_with": 'Let your text end with the words "{}".',
}
_CASING = {"lower": "Use no capital letters.", "upper": "Use capital letters only."}


def rules(draws: Draws) -> Instruction:
    """A topic and one to four rules that one text can keep together."""
    topic, candidates = draws.one_of(TOPICS), _candidates(draws)
    chosen = draws.some_of(candidates, draws.between(1, _MOST))
    casing = next((rule.value for rule in chosen if rule.name == "casing"), None)
    if casing is not None:
        chosen = [_cased(rule, casing) for rule in chosen]
    prompt = " ".join([f"Write about {topic}.", *map(in_words, chosen)])
    return Instruction(f"{prompt}\n", tuple(chosen))


def in_words(rule: Rule) -> str:
    """A rule as a sentence."""
    return _CASING[rule.value] if rule.name == "casing" else _PLAIN[rule.name].format(rule.value)


def _candidates(draws: Draws) -> list[Rule]:
    """One rule of each family; every choice among them can be kept: counts leave room for all the words asked for."""
    wanted, unwanted = draws.some_of(WORDS, 2)
    if unwanted in wanted:  # "boat" cannot be used without "oat", if one looks at letters
        wanted, unwanted = unwanted, wanted
    return [
        _layout(draws),
        _length(draws),
        Rule("casing", draws.one_of(tuple(_CASING))),
        Rule("commas", "none"),
        Rule("keyword", wanted),
        Rule("without", unwanted),
        Rule("starts_with", draws.one_of(BEGINNINGS)),
        Rule("ends_with", draws.one_of(ENDINGS)),
    ]


def _layout(draws: Draws) -> Rule:
    name = draws.one_of(("bullets", "sentences_at_least", "sentences_at_most"))
    return Rule(name, str(draws.between(2, 6)))


def _length(draws: Draws) -> Rule:
    if draws.below(2):
        return Rule("words_at_least", str(draws.between(20, 80)))
    return Rule("words_at_most", str(draws.between(40, 120)))


def _cased(rule: Rule, casing: str) -> Rule:
    """The words a rule asks for, in the letters that may be used."""
    if rule.name not in ("keyword", "without", "starts_with", "ends_with"):
        return rule
    return Rule(rule.name, rule.value.upper() if casing == "upper" else rule.value.lower())
