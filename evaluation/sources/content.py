"""What a sample asks: four kinds of content. Pure data; it knows neither who made it nor how it is scored.

They are structs, not dataclasses: a pool has tens of thousands, and a struct is made in a tenth of the time and does
not burden the collector of cycles, having none.
"""

from typing import TypeAlias

import msgspec

from evaluation.sources.rules import Rule
from evaluation.tasks.spec import SampleKind

MAX_CHOICES = 26
"""A choice has a letter."""
MAX_RULES = 16


class Pair(msgspec.Struct, frozen=True, gc=False):
    """A prompt (it may be empty) and the reference answer that is scored."""

    prompt: str
    reference: str


class Text(msgspec.Struct, frozen=True, gc=False):
    """A text that is scored from its first byte on."""

    text: str


class Choice(msgspec.Struct, frozen=True, gc=False):
    """A question, the answers to choose from, and the index of the right one."""

    prompt: str
    choices: tuple[str, ...]
    answer: int


class Instruction(msgspec.Struct, frozen=True, gc=False):
    """A prompt and the rules that whatever a model writes in answer to it must keep."""

    prompt: str
    rules: tuple[Rule, ...]


Content: TypeAlias = Pair | Text | Choice | Instruction

KIND_OF: dict[type[Content], SampleKind] = {Pair: "pair", Text: "text", Choice: "choice", Instruction: "instruction"}


def texts_of(content: Content) -> tuple[str, ...]:
    """Every text in it that somebody wrote, in a fixed order."""
    match content:
        case Pair():
            return content.prompt, content.reference
        case Text():
            return (content.text,)
        case Choice(prompt, choices, _):
            return prompt, *choices
        case Instruction(prompt, rules):
            return prompt, *(rule.value for rule in rules)


def fault_of(content: Content) -> str | None:
    """Why nothing can be scored by it; None where something can."""
    match content:
        case Pair():
            return None if content.reference else "the scored text of this pair is empty"
        case Text():
            return None if content.text else "the scored text of this text is empty"
        case Choice(prompt, choices, answer):
            return _choice_fault(prompt, choices, answer)
        case Instruction(prompt, rules):
            return _instruction_fault(prompt, rules)


def _choice_fault(prompt: str, choices: tuple[str, ...], answer: int) -> str | None:
    if not prompt:
        return "the question of this choice is empty"
    if not 2 <= len(choices) <= MAX_CHOICES or not all(choices) or len(set(choices)) < len(choices):
        return f"{len(choices)} choices: there must be 2 to {MAX_CHOICES}, distinct and none empty"
    return None if 0 <= answer < len(choices) else f"answer {answer} is no index of {len(choices)} choices"


def _instruction_fault(prompt: str, rules: tuple[Rule, ...]) -> str | None:
    if not prompt:
        return "the prompt of this instruction is empty"
    if not 1 <= len(rules) <= MAX_RULES or len(set(rules)) < len(rules):
        return f"{len(rules)} rules: there must be 1 to {MAX_RULES}, distinct"
    return next((fault for rule in rules if (fault := rule.fault)), None)
