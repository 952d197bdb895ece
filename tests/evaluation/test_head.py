"""Losses behind the head: those of exact logits whatever the dtype of the weights, over tiles and their edges."""

import math

import pytest
import torch

from evaluation.head import row_losses
from evaluation.memory_plan import TILE_COLUMNS, TILE_ROWS

SIZES = {"one tile": (3, 7), "edges of tiles": (TILE_ROWS["cpu"] + 1, 2 * TILE_COLUMNS["cpu"] + 1)}


def drawn(rows: int, words: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Hidden rows, a head that makes logits of about ±16 of them, and targets in the first and the last place too."""
    made = torch.Generator().manual_seed(rows)
    hidden, head = (torch.randn(count, 64, generator=made).to(dtype) for count in (rows, words))
    targets = torch.randint(words, (rows,), generator=made)
    targets[:2] = torch.tensor([0, words - 1])
    return hidden, head, targets


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_losses_are_those_of_float64_logits(size: tuple[int, int], dtype: torch.dtype) -> None:
    hidden, head, targets = drawn(*size, dtype)
    logits = hidden.double() @ head.double().T
    exact = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    assert float((row_losses(hidden, head, targets) - exact).abs().max()) < 2e-5


def test_a_zeroed_head_loses_the_logarithm_of_the_vocabulary() -> None:
    hidden, head, targets = drawn(5, TILE_COLUMNS["cpu"] + 9, torch.bfloat16)
    losses = row_losses(hidden, torch.zeros_like(head), targets)
    assert losses.tolist() == pytest.approx([math.log(len(head))] * 5, rel=1e-15)


def test_a_target_that_is_certain_loses_nothing() -> None:
    hidden, head, _ = drawn(4, TILE_COLUMNS["cpu"] + 9, torch.float32)
    targets = (hidden @ head.T).argmax(1)
    assert row_losses(hidden * 1e6, head, targets).tolist() == [0.0] * 4


@pytest.mark.parametrize("number", [math.nan, math.inf], ids=str)
def test_a_logit_that_is_no_number_makes_the_loss_none(number: float) -> None:
    hidden, head, targets = drawn(4, TILE_COLUMNS["cpu"] + 9, torch.float32)
    head[7, 3] = number
    hidden[:, 3] = hidden[:, 3].abs() + 1
    assert [math.isnan(loss) for loss in row_losses(hidden, head, targets).tolist()] == [True] * 4
