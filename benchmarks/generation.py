"""How much faster answers are written in batches than one prompt at a time with a KV cache.

`scripts/bench generation`; the last line is one JSON object. `--continuous` also tries transformers' continuous
batching, which nothing in the house uses (docs/decisions/generation-in-fixed-batches.md): the share of answers that are
the same, and of those whose log-probabilities keep every bit in another run and another order.
"""

import argparse
import json
import random
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
import typer
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.generation.configuration_utils import ContinuousBatchingConfig

from benchmarks.ways.side import Side
from evaluation.generation import answers
from evaluation.tokens import Ids
from models.loading import DTYPES, LoadedModel
from models.rejections import Rejection

WINDOW = 2048
PAGE = 256
END = 1
Written = tuple[Ids, ...]


def made_model(options: argparse.Namespace) -> LoadedModel:
    """A Llama of random weights with a byte-level tokenizer; twice as loud as others, its end id ends many answers."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=options.vocabulary,
        hidden_size=options.hidden,
        intermediate_size=options.hidden * 3,
        num_hidden_layers=options.layers,
        num_attention_heads=options.hidden // 64,
        num_key_value_heads=max(1, options.hidden // 256),
        max_position_embeddings=WINDOW,
        attn_implementation="sdpa",
        bos_token_id=None,
        eos_token_id=END,
    )
    model = LlamaForCausalLM(config).to(options.device, DTYPES[options.dtype]).eval()
    model.lm_head.weight.data[END] *= 2
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(letters)}, []))
    tokenizer.decoder = decoders.ByteLevel()
    return LoadedModel(model, PreTrainedTokenizerFast(tokenizer_object=tokenizer), "benchmark", WINDOW)


def made_prompts(options: argparse.Namespace) -> list[Ids]:
    """Prompts of 20 to 120 ids, like instructions."""
    draws = random.Random(0)
    lengths = [draws.randint(20, 120) for _ in range(options.samples)]
    return [tuple(draws.randrange(options.vocabulary) for _ in range(length)) for length in lengths]


def in_batches(loaded: LoadedModel, prompts: Sequence[Ids], keys: Sequence[str], new: int, budget: int) -> Written:
    """What the task does."""
    made = answers(loaded, prompts, keys, max_new_tokens=new, max_length=WINDOW, budget=budget)
    if isinstance(made, Rejection):
        raise ValueError(made.detail)
    return tuple(answer.ids for answer in made)


def one_by_one(loaded: LoadedModel, prompts: Sequence[Ids], keys: Sequence[str], new: int) -> Written:
    """The plain way: a batch for each prompt."""
    alone = [in_batches(loaded, [prompt], [key], new, 1) for prompt, key in zip(prompts, keys, strict=True)]
    return tuple(ids for (ids,) in alone)


def continuously(loaded: LoadedModel, prompts: Sequence[Ids], new: int) -> tuple[Written, tuple[Any, ...]]:
    """Answers and their log-probabilities by continuous batching, its cache no function of free memory."""
    pages = sum(-(-(1 + len(prompt) + new) // PAGE) for prompt in prompts)
    made = loaded.model.generate_batch(
        [[0, *prompt] for prompt in prompts],
        generation_config=GenerationConfig(max_new_tokens=new, do_sample=False, eos_token_id=END, pad_token_id=0),
        continuous_batching_config=ContinuousBatchingConfig(
            page_size=PAGE,
            num_blocks=pages,
            max_batch_tokens=1024,
            allow_block_sharing=False,
            return_logprobs=True,
        ),
    )
    rows = list(made.values())
    return tuple(tuple(id_ for id_ in row.generated_tokens if id_ != END) for row in rows), tuple(
        tuple(row.logprobs) for row in rows
    )


def same(one: Sequence[object], other: Sequence[object]) -> float:
    """The share of places at which two sequences are the same."""
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one)


def steadiness(loaded: LoadedModel, prompts: Sequence[Ids], new: int, expected: Written) -> dict[str, float]:
    """What of continuous batching stays as it was: against batches, in another run, in another order."""
    found, chances = continuously(loaded, prompts, new)
    _, again = continuously(loaded, prompts, new)
    _, back = continuously(loaded, prompts[::-1], new)
    shares = {"same_answers": same(found, expected), "same_run": same(chances, again)}
    return {f"continuous_{name}": share for name, share in (shares | {"same_order": same(chances, back[::-1])}).items()}


def main() -> None:
    """Measure the ways in turn and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in {"samples": 32, "new": 64, "hidden": 512, "layers": 6, "vocabulary": 32_000}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--budget", type=int, default=4096)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="float32")
    parser.add_argument("--continuous", action="store_true")
    options = parser.parse_args()
    loaded, prompts = made_model(options), made_prompts(options)
    keys = [f"{number:06d}" for number in range(len(prompts))]
    sides: list[Side[Written]] = [
        Side("one by one", partial(one_by_one, loaded, prompts, keys, options.new)),
        Side("in batches", partial(in_batches, loaded, prompts, keys, options.new, options.budget)),
    ]
    if options.continuous:
        sides.append(Side("continuous", lambda: continuously(loaded, prompts, options.new)[0]))
    for _ in range(options.repeats):
        for side in sides:
            side.measure()
    report(loaded, prompts, sides, options)


def report(loaded: LoadedModel, prompts: Sequence[Ids], sides: Sequence[Side[Written]], options: Any) -> None:
    """A table for people, and the figures as the last line. Raises ValueError where batches found two answers."""
    plain, batched, *others = sides
    [expected], [alone] = batched.found, plain.found
    tokens = sum(map(len, expected))
    table = Table("way", "wall s", "new tokens/s")
    for side in sides:
        table.add_row(side.name, f"{side.wall:.2f}", f"{tokens / side.wall:.0f}")
    Console().print(table)
    figures = {"ratio": plain.ratio_to(batched), "same_answers": same(alone, expected)}
    for side in others:
        figures["continuous_ratio"] = plain.ratio_to(side)
        figures |= steadiness(loaded, prompts, options.new, expected)
    rounded = {name: round(figure, 3) for name, figure in figures.items()}
    parameters = sum(number.numel() for number in loaded.model.parameters())
    told = {name: getattr(options, name) for name in ("samples", "new", "device", "dtype")} | {"tokens": tokens}
    typer.echo(json.dumps(rounded | told | {"parameters": parameters, "tokens_per_s": round(tokens / batched.wall)}))


if __name__ == "__main__":
    main()
