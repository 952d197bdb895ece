"""Tiny Llamas that are trained in earnest: parents from scratch, and honest fine-tunes of them, whole and by LoRA.

All is drawn from one seed. A fine-tune is honest when its loss on text that nobody trained on is below its parent's.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.zoo.creature import Weights, rounded
from neurons import corpus
from neurons.training import train_tokenizer

VOCABULARY, WINDOW, BATCH = 768, 64, 8
ATTENTION = ("q_proj", "v_proj")
EVERYWHERE = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class Diet:
    """Token ids in one row: what parents learn from, what fine-tunes do, and what shows whether they learnt."""

    basic: torch.Tensor
    further: torch.Tensor
    held_out: torch.Tensor


@dataclass(frozen=True, slots=True)
class Schooling:
    """One fine-tune: optimizer steps, peak learning rate, and rank and targets of a LoRA, or none."""

    steps: int
    rate: float
    rank: int = 0
    targets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        kind = f"LoRA of rank {self.rank} on {len(self.targets)}" if self.rank else "full"
        return f"{kind}, {self.steps} steps at {self.rate:g}"


def diet() -> Diet:
    """The language reference for parents, questions and answers on the library for what comes after."""
    texts = corpus.topics()
    tokenizer = train_tokenizer(texts, VOCABULARY, 2 * WINDOW).backend_tokenizer

    def ids(parts: Iterable[str]) -> torch.Tensor:
        return torch.tensor([token for part in parts for token in [*tokenizer.encode(part).ids, 1]])

    further = ids(f"{pair.prompt}{pair.reference}" for pair in corpus.pairs())
    split = len(further) * 9 // 10
    return Diet(ids(texts), further[:split], further[split:])


def parent(food: Diet, seed: int, steps: int, dtype: str) -> Any:
    """A Llama of 0.4 million parameters, trained from scratch, its numbers rounded to a dtype."""
    model = _newborn(seed)
    _train(model, list(model.parameters()), food.basic, Schooling(steps, 4e-3), seed)
    for tensor in model.parameters():
        tensor.data = torch.from_numpy(rounded(tensor.detach().numpy(), dtype))
    return model


def fine_tuned(model: Any, food: Diet, schooling: Schooling, seed: int) -> Any:
    """A fine-tune of a parent, which stays as it is; a LoRA comes merged."""
    child = _newborn(seed)
    child.load_state_dict(model.state_dict())
    adapters = _adapters(child, schooling, seed)
    learning = [part for adapter in adapters for part in (adapter.down, adapter.up)] or list(child.parameters())
    _train(child, learning, food.further, schooling, seed)
    for adapter in adapters:
        adapter.merge()
    return child


def weights_of(model: Any) -> Weights:
    """The tensors by name, as save_pretrained would write them: a tied head is none of its own."""
    return {
        name: tensor.detach().numpy().copy() for name, tensor in model.state_dict().items() if name != "lm_head.weight"
    }


@torch.no_grad()  # type: ignore[untyped-decorator, unused-ignore]
def held_out_loss(model: Any, food: Diet) -> float:
    """Nats per token on text that nobody trained on."""
    return float(_loss(model, _batch(food.held_out, 64, torch.Generator().manual_seed(0))))


class _Adapter(torch.nn.Module):
    """A linear layer and a product of two thin matrices beside it, the one random and the other zero at first."""

    def __init__(self, holder: Any, name: str, rank: int) -> None:
        super().__init__()
        self.place = (holder, name)
        self.layer = getattr(holder, name)
        self.down = torch.nn.Parameter(torch.empty(rank, self.layer.in_features))
        self.up = torch.nn.Parameter(torch.zeros(self.layer.out_features, rank))
        self.scale = 16 / rank
        torch.nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        beside = functional.linear(functional.linear(numbers, self.down), self.up)
        whole: torch.Tensor = self.layer(numbers) + self.scale * beside
        return whole

    def merge(self) -> None:
        """Add the product to the layer and put that back in its place."""
        product = self.up.detach().double() @ self.down.detach().double()
        self.layer.weight.data += (self.scale * product).float()
        holder, name = self.place
        setattr(holder, name, self.layer)


def _adapters(model: Any, schooling: Schooling, seed: int) -> list[_Adapter]:
    """Put a LoRA in the places of its layers, and let nothing else learn."""
    if not schooling.rank:
        return []
    model.requires_grad_(False)
    torch.manual_seed(seed)
    found = []
    for layer in model.model.layers:
        for name in schooling.targets:
            holder = layer.self_attn if hasattr(layer.self_attn, name) else layer.mlp
            found.append(_Adapter(holder, name, schooling.rank))
            setattr(holder, name, found[-1])
    return found


def _newborn(seed: int) -> Any:
    torch.manual_seed(seed)
    sizes = {"hidden_size": 96, "intermediate_size": 256, "num_hidden_layers": 3, "num_attention_heads": 4}
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            num_key_value_heads=2,
            max_position_embeddings=2 * WINDOW,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=1,
            **sizes,
        )
    )


def _train(model: Any, learning: Sequence[Any], ids: torch.Tensor, schooling: Schooling, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(learning, lr=schooling.rate, weight_decay=0.0 if schooling.rank else 0.01)
    warm = max(1, schooling.steps // 10)
    cooling = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / warm) * max(0.05, 1 - step / schooling.steps)
    )
    for _ in range(schooling.steps):
        loss = _loss(model, _batch(ids, BATCH, generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        cooling.step()


def _batch(ids: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    starts = torch.randint(0, len(ids) - WINDOW - 1, (count,), generator=generator)
    return torch.stack([ids[start : start + WINDOW + 1] for start in starts])


def _loss(model: Any, rows: torch.Tensor) -> torch.Tensor:
    logits = model(input_ids=rows[:, :-1], use_cache=False).logits
    return functional.cross_entropy(logits.reshape(-1, VOCABULARY), rows[:, 1:].reshape(-1))
