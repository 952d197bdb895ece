"""The share of an instruction's rules that a model's answer breaks; one that only plays to them is worth nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.encodings import Encodings
from evaluation.generation import Answer, answers
from evaluation.likelihood import Measured, joined_ids
from evaluation.sources.content import Instruction
from evaluation.sources.rules import Rule
from evaluation.sources.sample import Sample
from evaluation.tasks.rule_checks import broken
from evaluation.tasks.sanity import SanityVerdict, sanity_verdicts
from evaluation.tasks.spec import TaskSpec
from evaluation.tokens import Ids
from evaluation.windows import byte_end
from models.loading import LoadedModel
from models.rejections import Rejection


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer: the rules it breaks of how many, what else is wrong with it, and the tokens it took."""

    broken: tuple[Rule, ...]
    rules: int
    verdicts: tuple[SanityVerdict, ...]
    tokens: int

    @property
    def value(self) -> float:
        """In [0, 1], lower is better: the share of rules broken, and 1 where there is any sanity verdict."""
        return 1.0 if self.verdicts else len(self.broken) / self.rules


def score(
    loaded: LoadedModel, samples: Sequence[Sample], spec: TaskSpec, max_length: int, encodings: Encodings
) -> Measured | Rejection:
    """Each answer's value, clipped to [0, spec.cap]; sanity verdicts are noted by name."""
    found = judged(loaded, samples, spec, max_length, encodings)
    if isinstance(found, Rejection):
        return found
    notes = Counter(verdict for one in found for verdict in one.verdicts)
    values = tuple(min(one.value, spec.cap) for one in found)
    return Measured(values, sum(one.tokens for one in found), notes=tuple(sorted(notes.items())))


def judged(
    loaded: LoadedModel, samples: Sequence[Sample], spec: TaskSpec, max_length: int, encodings: Encodings
) -> tuple[Judged, ...] | Rejection:
    """What is to be said of each answer, in the samples' order.

    Answers are greedy and end at an end id, or at spec.max_new_tokens. A prompt loses its beginning beyond
    spec.context_bytes; what is then too long for the model's window or max_length is cut by `generation.answers`.
    """
    asked = [_instruction(sample) for sample in samples]
    coded: list[Ids] = []
    for one in asked:
        ids = joined_ids(loaded, spec.chat.around(byte_end(one.prompt, spec.context_bytes)), encodings)
        if isinstance(ids, Rejection):
            return ids
        coded.append(ids)
    limits = {"max_new_tokens": spec.max_new_tokens, "max_length": max_length, "budget": spec.token_budget}
    written = answers(loaded, coded, [sample.id for sample in samples], **limits)
    if isinstance(written, Rejection):
        return written
    return tuple(_judged(one, answer) for one, answer in zip(asked, written, strict=True))


def _instruction(sample: Sample) -> Instruction:
    if not isinstance(sample.content, Instruction):
        raise TypeError(f"sample {sample.id} is a {sample.kind}; instruction_following scores instructions")
    return sample.content


def _judged(asked: Instruction, answer: Answer) -> Judged:
    """White space around an answer is the tokenizer's, and no part of it."""
    text = answer.text.strip()
    verdicts = sanity_verdicts(asked.prompt, text, ended=answer.ended)
    return Judged(broken(asked.rules, text), len(asked.rules), verdicts, len(answer.ids))
