"""How much a model knew of texts: negative log-likelihoods of spans, and bits per byte of passages. Knows tensors and
tokens; not where samples come from, nor what a score decides.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from evaluation.batching import batches
from evaluation.encodings import Encodings
from evaluation.memory_plan import HEAD_ELEMENTS
from evaluation.tasks.spec import TaskSpec
from evaluation.tokens import Ids, Span, outside, spans, start_id
from evaluation.windows import Piece
from models.loading import LoadedModel
from models.rejections import Reason, Rejection


@dataclass(frozen=True, slots=True)
class Passage:
    """What of one sample is scored: pieces of text, each on its own after its context and all its bytes."""

    sample_id: str
    pieces: tuple[Piece, ...]

    @property
    def bytes(self) -> int:
        """Raw UTF-8 bytes scored: the denominator."""
        return sum(len(piece.scored.encode()) for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Measured:
    """A value per sample in the given order, and the number of tokens they are made of."""

    values: tuple[float, ...]
    tokens: int


def bits_per_byte(
    loaded: LoadedModel, passages: Sequence[Passage], spec: TaskSpec, max_length: int, encodings: Encodings
) -> Measured | Rejection:
    """Bits the model needs for each passage's bytes given what precedes them, per byte, clipped to [0, spec.cap].

    NaN and infinity reject the model: no cap makes them a score.
    """
    coded: list[tuple[Span, ...]] = []
    for passage in passages:
        made = _spans(loaded, passage, max_length, encodings)
        if isinstance(made, Rejection):
            return made
        coded.append(made)
    keys = [f"{p.sample_id}/{n:06d}" for p, made in zip(passages, coded, strict=True) for n in range(len(made))]
    losses = iter(nats(loaded, [span for made in coded for span in made], keys, spec.token_budget))
    values: list[float] = []
    for passage, made in zip(passages, coded, strict=True):
        value = math.fsum(next(losses) for _ in made) / (math.log(2) * passage.bytes)
        if not math.isfinite(value):
            return Rejection(Reason.NOT_FINITE, f"{spec.name} of sample {passage.sample_id} is {value}")
        values.append(min(max(value, 0.0), spec.cap))
    return Measured(tuple(values), sum(len(span.targets) for made in coded for span in made))


def _spans(
    loaded: LoadedModel, passage: Passage, max_length: int, encodings: Encodings
) -> tuple[Span, ...] | Rejection:
    room = min(max_length, loaded.max_length)
    made: list[Span] = []
    for piece in passage.pieces:
        context: Ids = ()
        for text in piece.context:
            ids = _ids(loaded, text, encodings)
            if isinstance(ids, Rejection):
                return ids
            context += ids
        scored = _ids(loaded, piece.scored, encodings)
        if isinstance(scored, Rejection):
            return scored
        made += spans(context, scored, start_id(loaded.tokenizer), room)
    return tuple(made)


def _ids(loaded: LoadedModel, text: str, encodings: Encodings) -> Ids | Rejection:
    """The text's ids in the model's embedding, which is asked every time: models of one tokenizer differ in it."""
    ids = encodings.ids(loaded.tokenizer, loaded.tokenizer_id, text)
    if isinstance(ids, Rejection):
        return ids
    return outside(ids, loaded.model.get_input_embeddings().num_embeddings) or ids


def nats(loaded: LoadedModel, spans: Sequence[Span], keys: Sequence[str], budget: int) -> list[float]:
    """Negative log-likelihood of each span's targets, in nats, in the spans' order.

    Logits are upcast to float32 and losses summed in float64, exactly. Only rows that are scored go through the head.
    The same spans under the same keys give bit-identical values in whatever order they come.
    """
    losses = [math.nan] * len(spans)
    for batch in batches([len(span.inputs) for span in spans], keys, budget):
        for index, loss in zip(batch, _batch_nats(loaded, [spans[index] for index in batch]), strict=True):
            losses[index] = loss
    return losses


def _batch_nats(loaded: LoadedModel, spans: Sequence[Span]) -> list[float]:
    """One forward pass. Padding stands on the right, where a causal model does not see it, so no mask is needed."""
    device = loaded.model.device
    width = max(len(span.inputs) for span in spans)
    inputs = torch.tensor([span.inputs + (0,) * (width - len(span.inputs)) for span in spans], device=device)
    rows = torch.tensor([place * width + at for place, span in enumerate(spans) for at in _scored(span)], device=device)
    targets = torch.tensor([target for span in spans for target in span.targets], device=device)
    with torch.inference_mode():
        hidden = loaded.model.base_model(input_ids=inputs, use_cache=False).last_hidden_state
        losses = _losses(loaded, hidden.flatten(0, 1)[rows], targets)
    return [math.fsum(part) for part in _split(losses, [len(span.targets) for span in spans])]


def _scored(span: Span) -> range:
    """Positions whose predictions are scored."""
    return range(len(span.inputs) - len(span.targets), len(span.inputs))


def _losses(loaded: LoadedModel, hidden: torch.Tensor, targets: torch.Tensor) -> list[float]:
    """Loss in nats of each row of `hidden` (rows × width) on its target, through the head chunk by chunk."""
    head = loaded.model.get_output_embeddings()
    rows = max(1, HEAD_ELEMENTS // head.weight.shape[0])
    losses: list[float] = []
    for some, wanted in zip(hidden.split(rows), targets.split(rows), strict=True):
        losses += torch.nn.functional.cross_entropy(head(some).float(), wanted, reduction="none").double().tolist()
    return losses


def _split(losses: Sequence[float], lengths: Iterable[int]) -> Iterable[Sequence[float]]:
    start = 0
    for length in lengths:
        yield losses[start : start + length]
        start += length
