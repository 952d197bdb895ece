"""The probe: stock models pass, models that look ahead do not."""

import pytest
import torch

from evaluation.causality import refusal
from models.loading import load
from models.rejections import Reason


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("family", ["Llama", "Qwen2", "Mistral"])
def test_a_causal_model_passes(family: str, dtype: str, make_model) -> None:
    assert refusal(load(make_model(family), device="cpu", dtype=dtype), 128) is None


def test_a_model_that_sees_the_future_is_caught(make_model) -> None:
    refused = refusal(load(make_model(is_causal=False), device="cpu", dtype="float32"), 128)
    assert refused.reason is Reason.NOT_CAUSAL


@pytest.mark.parametrize("block", [2, 7, 32, 63])
def test_a_look_into_the_rest_of_a_block_is_caught(block: int, make_model) -> None:
    loaded = load(make_model(), device="cpu", dtype="float32")

    def leak(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        """Adds to every position of a block the embedding of the block's last one."""
        last = torch.arange(output.shape[1]) // block * block + block - 1
        return output + 0.1 * output[:, last.clamp(max=output.shape[1] - 1)]

    loaded.model.get_input_embeddings().register_forward_hook(leak)
    assert refusal(loaded, 128).reason is Reason.NOT_CAUSAL


def test_logits_that_are_not_finite_are_refused(make_model) -> None:
    broken = make_model(alter=lambda model: model.model.norm.weight.data.fill_(float("nan")))
    assert refusal(load(broken, device="cpu", dtype="float32"), 128).reason is Reason.NOT_FINITE


@pytest.mark.parametrize("length", [3, 4, 5])
def test_short_windows_are_probed_too(length: int, make_model) -> None:
    looking = load(make_model(is_causal=False), device="cpu", dtype="float32")
    assert refusal(looking, length).reason is Reason.NOT_CAUSAL
