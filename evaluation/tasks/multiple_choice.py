"""How unsure a model is of the right answer among the given ones. Prompt and choices are encoded separately."""

import math
from collections.abc import Sequence
from string import ascii_uppercase

from evaluation.branches import Tree, branch_nats, trees
from evaluation.encodings import Encodings
from evaluation.likelihood import Measured, joined_ids
from evaluation.sources.content import Choice
from evaluation.sources.sample import Sample
from evaluation.tasks.spec import TaskSpec
from evaluation.tokens import Ids, start_id
from evaluation.windows import byte_end
from models.loading import LoadedModel
from models.rejections import Reason, Rejection


def score(
    loaded: LoadedModel, samples: Sequence[Sample], spec: TaskSpec, max_length: int, encodings: Encodings
) -> Measured | Rejection:
    """1 − p(right choice), where p is the softmax over all choices of log p(choice | BOS, prompt) / its UTF-8 bytes.

    By letter, the choices are listed in the prompt and their letters are scored in their place: 0 where the right one
    is likelier than every other, else 1. A prompt loses its beginning beyond spec.context_bytes, and `branches.trees`
    says what happens to what is too long for max_length tokens. NaN and infinity reject the model.
    """
    questions = [_question(sample) for sample in samples]
    forests: list[tuple[Tree, ...]] = []
    for question in questions:
        made = _trees(loaded, question, spec, max_length, encodings)
        if isinstance(made, Rejection):
            return made
        forests.append(made)
    keys = [f"{sample.id}/{n:06d}" for sample, made in zip(samples, forests, strict=True) for n in range(len(made))]
    every = [tree for made in forests for tree in made]
    nats = iter(branch_nats(loaded, every, keys, spec.token_budget))
    values: list[float] = []
    for sample, question, made in zip(samples, questions, forests, strict=True):
        losses = _losses(len(question.choices), made, [next(nats) for _ in made])
        if not all(map(math.isfinite, losses)):
            return Rejection(Reason.NOT_FINITE, f"{spec.name} of sample {sample.id}: its choices' losses are {losses}")
        values.append(min(_value(question, losses, spec), spec.cap))
    return Measured(tuple(values), sum(len(branch.targets) for tree in every for branch in tree.branches))


def doubt(losses: Sequence[float], sizes: Sequence[int], right: int) -> float:
    """1 − softmax(−losses / sizes) at the right one. It is summed of the others: near 0 no digit is lost."""
    scores = [-loss / size for loss, size in zip(losses, sizes, strict=True)]
    weights = [math.exp(score - max(scores)) for score in scores]
    return math.fsum(weight for place, weight in enumerate(weights) if place != right) / math.fsum(weights)


def _value(question: Choice, losses: Sequence[float], spec: TaskSpec) -> float:
    if spec.by == "letter":
        others = (loss for place, loss in enumerate(losses) if place != question.answer)
        return 0.0 if losses[question.answer] < min(others) else 1.0
    return doubt(losses, [len(choice.encode()) for choice in question.choices], question.answer)


def _losses(number: int, trees: Sequence[Tree], nats: Sequence[Sequence[float]]) -> list[float]:
    """Each choice's loss in nats, over all its branches."""
    found = [
        (branch.of, loss)
        for tree, some in zip(trees, nats, strict=True)
        for branch, loss in zip(tree.branches, some, strict=True)
    ]
    return [math.fsum(loss for of, loss in found if of == choice) for choice in range(number)]


def _trees(
    loaded: LoadedModel, question: Choice, spec: TaskSpec, max_length: int, encodings: Encodings
) -> tuple[Tree, ...] | Rejection:
    prompt, choices = (question.prompt, question.choices) if spec.by == "likelihood" else _lettered(question)
    context = joined_ids(loaded, spec.chat.around(byte_end(prompt, spec.context_bytes)), encodings)
    if isinstance(context, Rejection):
        return context
    coded: list[Ids] = []
    for choice in choices:
        ids = joined_ids(loaded, (choice,), encodings)
        if isinstance(ids, Rejection):
            return ids
        coded.append(ids)
    return trees(context, coded, start_id(loaded.tokenizer), min(max_length, loaded.max_length))


def _lettered(question: Choice) -> tuple[str, tuple[str, ...]]:
    """The prompt with the choices below it, one a line after its letter; and the letters."""
    letters = tuple(ascii_uppercase[: len(question.choices)])
    lines = [f"{letter}) {choice}\n" for letter, choice in zip(letters, question.choices, strict=True)]
    return "".join((question.prompt.removesuffix("\n"), "\n", *lines)), letters


def _question(sample: Sample) -> Choice:
    if not isinstance(sample.content, Choice):
        raise TypeError(f"sample {sample.id} is a {sample.kind}; multiple_choice scores choices")
    return sample.content
