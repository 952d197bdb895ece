"""How much a model knew of texts: negative log-likelihoods of spans, and bits per byte of passages. Knows tensors and
tokens; not where samples come from, nor what a score decides.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

import torch

from evaluation.batching import batches
from evaluation.chat import Part
from evaluation.encodings import Encodings
from evaluation.head import row_losses
from evaluation.tasks.spec import TaskSpec
from evaluation.tokens import Ids, Span, outside, spans, start_id
from evaluation.windows import Piece
from models.loading import LoadedModel
from models.rejections import Reason, Rejection

CPU_TOKENS = 512
"""Padded tokens of a batch on a CPU where the table's budget is larger: what a layer makes of more leaves its cache."""


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
    nats: float | None = None
    """What the tokens cost in all, where the values are losses."""
    notes: tuple[tuple[str, int], ...] = ()
    """What else there is to say, and of how many samples."""


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
    found = nats(loaded, [span for made in coded for span in made], keys, spec.token_budget)
    losses = iter(found)
    values: list[float] = []
    for passage, made in zip(passages, coded, strict=True):
        value = math.fsum(next(losses) for _ in made) / (math.log(2) * passage.bytes)
        if not math.isfinite(value):
            return Rejection(Reason.NOT_FINITE, f"{spec.name} of sample {passage.sample_id} is {value}")
        values.append(min(max(value, 0.0), spec.cap))
    tokens = sum(len(span.targets) for made in coded for span in made)
    return Measured(tuple(values), tokens, math.fsum(found))


def _spans(
    loaded: LoadedModel, passage: Passage, max_length: int, encodings: Encodings
) -> tuple[Span, ...] | Rejection:
    room = min(max_length, loaded.max_length)
    made: list[Span] = []
    for piece in passage.pieces:
        context = joined_ids(loaded, piece.context, encodings)
        if isinstance(context, Rejection):
            return context
        scored = joined_ids(loaded, (piece.scored,), encodings)
        if isinstance(scored, Rejection):
            return scored
        made += spans(context, scored, start_id(loaded.tokenizer), room)
    return tuple(made)


def joined_ids(loaded: LoadedModel, parts: Sequence[Part], encodings: Encodings) -> Ids | Rejection:
    """The parts' ids, each part encoded by itself, once they are known to be in the model's embedding.

    That is asked every time: models of one tokenizer differ in it.
    """
    rows = loaded.model.get_input_embeddings().num_embeddings
    joined: Ids = ()
    for part in parts:
        ids = encodings.ids(loaded.tokenizer, loaded.tokenizer_id, part)
        if isinstance(ids, Rejection):
            return ids
        if refused := outside(ids, rows):
            return refused
        joined += ids
    return joined


def nats(loaded: LoadedModel, spans: Sequence[Span], keys: Sequence[str], budget: int) -> list[float]:
    """Negative log-likelihood of each span's targets, in nats, in the spans' order.

    Logits are float32 whatever the weights are, and losses are summed in float64, exactly. Only rows that are scored go
    through the head. The same spans under the same keys give bit-identical values in whatever order they come.
    """
    if not spans:
        return []
    tokens = min(budget, CPU_TOKENS) if loaded.model.device.type == "cpu" else budget
    cut = batches([len(span.inputs) for span in spans], keys, tokens)
    # a device is given all its work before anything is read back from it
    made = [_batch_losses(loaded, [spans[index] for index in batch]) for batch in cut]
    each = iter(torch.cat(made).tolist())
    losses = [math.nan] * len(spans)
    for index in chain.from_iterable(cut):
        losses[index] = math.fsum(islice(each, len(spans[index].targets)))
    return losses


def _batch_losses(loaded: LoadedModel, spans: Sequence[Span]) -> torch.Tensor:
    """Loss in nats of each target, span after span, by one forward pass.

    Padding stands on the right, where a causal model does not see it, so no mask is needed.
    """
    device = loaded.model.device
    width = max(len(span.inputs) for span in spans)
    inputs = _on(device, [span.inputs + (0,) * (width - len(span.inputs)) for span in spans])
    rows = _on(device, [place * width + at for place, span in enumerate(spans) for at in _scored(span)])
    targets = _on(device, [target for span in spans for target in span.targets])
    with torch.inference_mode():
        hidden = loaded.model.base_model(input_ids=inputs, use_cache=False).last_hidden_state
        return row_losses(hidden.flatten(0, 1)[rows], loaded.model.get_output_embeddings().weight, targets)


def _on(device: torch.device, numbers: Sequence[int] | Sequence[Ids]) -> torch.Tensor:
    """Whole numbers on the device; a CUDA device fetches them itself, while this process goes on."""
    made = torch.tensor(numbers, dtype=torch.long)
    return made.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else made.to(device)


def _scored(span: Span) -> range:
    """Positions whose predictions are scored."""
    return range(len(span.inputs) - len(span.targets), len(span.inputs))
