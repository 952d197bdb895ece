"""Models of given shapes with random weights, made on the device, and sequences of random tokens to score on them."""

import math
import random
from dataclasses import dataclass

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from evaluation.tokens import Span

LONGEST = 1024
"""Tokens of the longest sequence that is drawn."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama with an untied head."""

    vocabulary: int
    hidden: int
    inner: int
    layers: int
    heads: int
    key_value_heads: int

    @property
    def body(self) -> int:
        """Parameters that every token is multiplied with, which leaves out embedding, norms and head."""
        attention = 2 * self.hidden**2 * (1 + self.key_value_heads / self.heads)
        return round(self.layers * (attention + 3 * self.hidden * self.inner))

    @property
    def parameters(self) -> int:
        """All parameters but the norms'."""
        return self.body + 2 * self.vocabulary * self.hidden

    def useful_flops(self, spans: list[Span]) -> float:
        """What scoring cannot do without: body and causal attention on every token, the head on scored ones."""
        tokens, scored = sum(len(span.inputs) for span in spans), sum(len(span.targets) for span in spans)
        pairs = sum(len(span.inputs) ** 2 / 2 for span in spans)
        return (
            2 * self.body * tokens + 4 * self.layers * self.hidden * pairs + 2 * self.hidden * self.vocabulary * scored
        )


SHAPES = {
    "32k": Shape(32_000, 512, 1376, 8, 8, 8),
    "100k": Shape(100_000, 512, 1376, 8, 8, 8),
    "1b": Shape(128_256, 2048, 8192, 16, 32, 8),
    "8b": Shape(128_256, 4096, 14_336, 32, 32, 8),
    "tiny": Shape(1_000, 64, 128, 2, 4, 4),
}


def make_model(shape: Shape, device: str, dtype: torch.dtype) -> PreTrainedModel:
    """A model of this shape with random weights, in eval mode; nothing of it is made elsewhere than on the device."""
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_value_heads,
        max_position_embeddings=LONGEST,
        tie_word_embeddings=False,
    )
    torch.manual_seed(7)
    with torch.device(device):
        model: PreTrainedModel = LlamaForCausalLM._from_config(config, attn_implementation="sdpa", dtype=dtype)
    return model.eval()


def draw_spans(number: int, vocabulary: int, prompt: float, answer: float) -> list[Span]:
    """Prompts and answers of random tokens, their lengths log-normal (sigma 0.7) with these means, within LONGEST."""
    draw = random.Random(7)
    spans: list[Span] = []
    for _ in range(number):
        before, after = (_length(draw, mean) for mean in (prompt, answer))
        ids = [draw.randrange(vocabulary) for _ in range(before + after)]
        spans.append(Span(tuple(ids[:-1]), tuple(ids[before:])))
    return spans


def _length(draw: random.Random, mean: float) -> int:
    spread = 0.7
    drawn = round(draw.lognormvariate(math.log(mean) - spread**2 / 2, spread))
    return min(max(2, drawn), LONGEST // 2)
