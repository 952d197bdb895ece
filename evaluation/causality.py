"""Whether a model sees only the past: change the end of a sequence, and no earlier prediction may move."""

import torch

from evaluation.memory_plan import PROBE_TOKENS
from models.loading import LoadedModel
from models.rejections import Reason, Rejection

TOLERANCE = 1e-4
"""Largest difference of a logit that passes.

Log-probabilities move by at most twice the largest move of a logit, so what hides below it is worth at most 3e-4 bits
a token, a thousandth of the smallest epsilon. A causal model's earlier logits do not move at all: both passes have the
same shape, and masked positions weigh exactly zero.
"""


def refusal(loaded: LoadedModel, max_length: int) -> Rejection | None:
    """Why the model may not be scored: it looks ahead, or its logits are not finite; None where neither shows.

    The tail is changed from several places on, odd ones, so that attention in blocks is caught across a block's border
    or inside it.
    """
    length = min(PROBE_TOKENS, max_length, loaded.max_length)
    rows = loaded.model.get_input_embeddings().num_embeddings
    tokens = torch.randint(rows, (length,), generator=torch.Generator().manual_seed(length))
    plain = _logits(loaded, tokens)
    if not bool(torch.isfinite(plain).all()):
        return Rejection(Reason.NOT_FINITE, f"logits on {length} random tokens are not finite")
    for cut in sorted({1, length // 3, length // 2 + 1, length - 1}):
        changed = torch.where(torch.arange(length) < cut, tokens, (tokens + 1) % rows)
        moved = float((_logits(loaded, changed)[:cut] - plain[:cut]).abs().max())
        if not moved <= TOLERANCE:
            return Rejection(
                Reason.NOT_CAUSAL,
                f"changing tokens from position {cut} on moved a logit before it by {moved:.3g}; {TOLERANCE} is "
                "allowed: use causal attention only",
            )
    return None


def _logits(loaded: LoadedModel, tokens: torch.Tensor) -> torch.Tensor:
    """float32 logits (length × vocabulary) of one sequence, by the model's own full forward pass."""
    with torch.inference_mode():
        logits: torch.Tensor = loaded.model(input_ids=tokens.to(loaded.model.device)[None], use_cache=False).logits
    return logits[0].float()
