"""The plain way to score, which benchmarks compare with: what one writes first, and what is right if slow."""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from evaluation.tokens import Span


def plain_nats(model: PreTrainedModel, spans: Sequence[Span]) -> list[float]:
    """Nats of each span's targets: one span at a time, with a KV cache, logits of every position, cross entropy."""
    return [_nats(model, span) for span in spans]


def _nats(model: PreTrainedModel, span: Span) -> float:
    inputs, targets = (torch.tensor(ids, device=model.device) for ids in (span.inputs, span.targets))
    with torch.inference_mode():
        logits = model(input_ids=inputs[None], use_cache=True).logits[0].float()
        return float(torch.nn.functional.cross_entropy(logits[-len(targets) :], targets, reduction="sum"))
