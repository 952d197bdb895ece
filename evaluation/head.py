"""The language-model head and the loss behind it, in tiles: at no time are there more logits than a cache holds.
Knows tensors; nothing of samples, sequences or models.
"""

import torch

ROWS = {"cpu": 512, "cuda": 2048}
COLUMNS = {"cpu": 4096, "cuda": 8192}
"""Rows and words of a tile, by the kind of device; constants, so that no free memory moves a score."""


def row_losses(hidden: torch.Tensor, head: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """−log p of each row's target in nats, float64: hidden is rows × width, head is vocabulary × width.

    Logits are made as float32 whatever dtype hidden and head have: those of bfloat16 would be rounded to steps of
    0.06 near 10. NaN where a row has a logit that is NaN or +infinity.
    """
    rows = ROWS[hidden.device.type]
    parts = zip(hidden.split(rows), targets.split(rows), strict=True)
    return torch.cat([_losses(some, head, wanted) for some, wanted in parts])


def _losses(hidden: torch.Tensor, head: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """log Σ exp(logit) − target's logit: tops and sums of tiles in float32, put together in float64."""
    wanted = torch.zeros(len(hidden), device=hidden.device)
    tops: list[torch.Tensor] = []
    sums: list[torch.Tensor] = []
    first = 0
    for words in head.split(COLUMNS[hidden.device.type]):
        logits = _logits(hidden, words)
        place = targets - first
        is_here = (place >= 0) & (place < len(words))
        wanted = torch.where(is_here, logits.gather(1, place.clamp(0, len(words) - 1)[:, None])[:, 0], wanted)
        tops.append(logits.amax(1))
        sums.append(logits.sub_(tops[-1][:, None]).exp_().sum(1))
        first += len(words)
    every = torch.stack(tops).double()
    top = every.amax(0)
    return top - wanted.double() + (torch.stack(sums).double() * (every - top).exp()).sum(0).log()


def _logits(hidden: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
    """float32 products of rows and words, which bfloat16 numbers have exactly and float32 sums them up."""
    if hidden.is_cuda and words.dtype in (torch.bfloat16, torch.float16):
        return torch.mm(hidden, words.T, out_dtype=torch.float32)
    return torch.nn.functional.linear(hidden.float(), words.float())
