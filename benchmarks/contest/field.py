"""A king and its challengers for benchmarks: one small Llama, trained a little on real text, and models on the way to
it and from it, so that who is better is known and pairs of losses differ as those of fine-tunes do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.progress import track
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

Weights = dict[str, torch.Tensor]

WORSE = (0.9, 0.8, 0.75, 0.7, 0.65, 0.6, 0.57, 0.54, 0.51, 0.48, 0.45)
"""How much of the way back to the beginning each of the clearly worse models has gone."""
EQUAL = (0.3, 0.26, 0.22)
"""The same of models about as good as the king, on other samples than his. A little of this way does no harm, since the
mean of some weights of a training is as good as the last of them."""
BETTER = (0.25, 0.5)
"""How much of the way on to a longer training each of the better models has gone."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides the size: 23 million numbers unless told otherwise."""

    vocab: int = 32_768
    hidden: int = 384
    inner: int = 1_024
    layers: int = 6
    heads: int = 6
    window: int = 1_024

    def config(self) -> LlamaConfig:
        """As transformers wants it."""
        return LlamaConfig(
            vocab_size=self.vocab,
            hidden_size=self.hidden,
            intermediate_size=self.inner,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads // 2,
            max_position_embeddings=self.window,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=1,
        )


@dataclass(frozen=True, slots=True)
class Challenger:
    """A model's folder, and what is true of it: worse, equal or better than the king."""

    folder: Path
    truth: str


def make_field(shape: Shape, texts: Sequence[str], steps: int, folder: Path) -> tuple[Path, list[Challenger]]:
    """Train twice `steps` steps; the king stands in the middle. Gives its folder and the challengers, worst first."""
    tokenizer = train_tokenizer(texts)
    torch.manual_seed(1)
    model = LlamaForCausalLM(shape.config())
    beginning, king, end = (_copy(model) for _ in _trained(model, tokenizer, texts, steps))
    made = [
        *((f"worse{n}", "worse", _between(king, beginning, part)) for n, part in enumerate(WORSE)),
        *((f"equal{n}", "equal", _between(king, beginning, part)) for n, part in enumerate(EQUAL)),
        *((f"better{n}", "better", _between(king, end, part)) for n, part in enumerate(BETTER)),
    ]
    challengers = []
    for name, truth, weights in made:
        challengers.append(Challenger(_save(model, weights, tokenizer, folder / name), truth))
    return _save(model, king, tokenizer, folder / "king"), challengers


def train_tokenizer(texts: Sequence[str], vocab: int = 4_096) -> PreTrainedTokenizerFast:
    """A byte-level BPE with BOS 0 and EOS 1."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>")


def _trained(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], steps: int
) -> Iterator[None]:
    """Pauses before the first step, after `steps` and after twice as many."""
    ids = torch.tensor(tokenizer("\n".join(texts), add_special_tokens=False).input_ids)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    yield
    for step in track(range(2 * steps), "training"):
        starts = torch.randint(len(ids) - 128, (8,), generator=torch.Generator().manual_seed(step))
        batch = torch.stack([ids[start : start + 128] for start in starts])
        model(input_ids=batch, labels=batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if step + 1 in (steps, 2 * steps):
            yield


def _copy(model: LlamaForCausalLM) -> Weights:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def _between(one: Weights, other: Weights, part: float) -> Weights:
    return {name: torch.lerp(tensor, other[name], part) for name, tensor in one.items()}


def _save(model: LlamaForCausalLM, weights: Weights, tokenizer: PreTrainedTokenizerFast, folder: Path) -> Path:
    model.load_state_dict(weights)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
