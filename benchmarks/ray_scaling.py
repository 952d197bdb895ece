"""What a second worker of a Ray cluster is worth, and what the cluster itself costs: one queue of small requests,
judged by a local worker, by one worker of a cluster on this machine, and by two.

`scripts/bench ray_scaling`; the last line is one JSON object. The ways run in turn, each with its workers warm.
`efficiency` is the time of one worker over twice that of two, medians over the repeats; `overhead` is the time of the
cluster's one worker over that of the local one. `verdicts_equal` says that all ways gave every model the same values,
bit for bit. Each worker computes on one thread, so that two want two cores to themselves.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import torch
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils.logging import disable_progress_bar

from benchmarks.samples import samples_of
from benchmarks.ways.side import Side
from chain.signing import create_wallet
from evaluation.executor import Executor, Request
from evaluation.local_executor import LocalExecutor
from evaluation.ray_executor import RayExecutor
from evaluation.sources.bundle import Bundle, TaskSamples, write_bundle
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Scored
from neurons import corpus
from neurons.training import train_tokenizer

WINDOW, VOCABULARY, DEADLINE_S = 256, 2_048, 600.0

Values = tuple[tuple[str, tuple[float, ...]], ...]
"""Every model's values, by its directory's name."""


def make_models(folder: Path, number: int, hidden: int) -> Iterator[Path]:
    """Directories of Llamas that differ in their random weights alone."""
    tokenizer = train_tokenizer((pair.reference for pair in corpus.pairs()), VOCABULARY, WINDOW)
    shape = {"hidden_size": hidden, "intermediate_size": 3 * hidden, "num_hidden_layers": 4, "num_attention_heads": 4}
    config = LlamaConfig(vocab_size=VOCABULARY, max_position_embeddings=WINDOW, bos_token_id=0, eos_token_id=1, **shape)
    for seed in range(number):
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder / f"model{seed}")
        tokenizer.save_pretrained(folder / f"model{seed}")
        yield folder / f"model{seed}"


def make_bundle(folder: Path, samples: int) -> Path:
    """A bundle of prompts and answers from the documentation of Python's library."""
    wallet = create_wallet("producer", "default", folder / "wallets")
    pairs = tuple(signed.sample for signed in samples_of(wallet, 0, samples))
    write_bundle(Bundle((TaskSamples("reference_loss", pairs),)), folder / "bundle.jsonl")
    return folder / "bundle.jsonl"


def judging(executor: Executor, requests: Sequence[Request]) -> Callable[[], Values]:
    """A way to judge a whole queue. Raises ValueError where a model gets no score."""

    def judge() -> Values:
        values = {}
        for request, verdict in executor.judge(requests):
            if not isinstance(verdict, Scored):
                raise ValueError(f"{request.model.name} was not scored: {verdict}")
            values[request.model.name] = verdict.tasks[0].values
        return tuple(sorted(values.items()))

    return judge


def main() -> None:
    """Measure all ways in turn and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=12)
    parser.add_argument("--samples", type=int, default=128)
    parser.add_argument("--hidden", type=int, default=256, help="size of the models, in numbers of one token's state")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    disable_progress_bar()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bundle, task = make_bundle(folder, options.samples), TaskSpec("reference_loss", options.samples, 1.0, 16.0)
        requests = [
            Request(model, bundle, (task,), WINDOW, DEADLINE_S)
            for model in make_models(folder, options.requests, options.hidden)
        ]
        executors: dict[str, Executor] = {
            "local, 1 worker": LocalExecutor(["cpu"]),
            "Ray, 1 worker": RayExecutor(workers=1, cache=str(folder / "cache")),
            "Ray, 2 workers": RayExecutor(workers=2, cache=str(folder / "cache")),
        }
        sides = [Side(name, judging(executor, requests)) for name, executor in executors.items()]
        for executor in executors.values():
            stack.enter_context(closing(executor))
            judging(executor, requests)()  # starts its workers
        for _ in track(range(options.repeats), "measuring", console=Console(stderr=True)):
            for side in sides:
                side.measure()
    report(sides, options)


def report(sides: Sequence[Side[Values]], options: argparse.Namespace) -> None:
    """A table for people, and the figures as the last line."""
    table = Table("way", "wall s", "s a model", title=f"{options.requests} models on {options.samples} samples each")
    for side in sides:
        table.add_row(side.name, f"{side.wall:.2f}", f"{side.wall / options.requests:.2f}")
    local, one, two = sides
    equal = len(local.found | one.found | two.found) == 1
    efficiency, overhead = one.wall / (2 * two.wall), one.wall / local.wall
    console = Console()
    console.print(table)
    console.print(f"efficiency of two workers {efficiency:.2f}; one worker of the cluster takes {overhead:.2f} × local")
    console.print("all ways say the same, bit for bit" if equal else "the ways differ in what they say")
    told = {"efficiency": round(efficiency, 3), "overhead": round(overhead, 3), "verdicts_equal": equal}
    typer.echo(json.dumps(told | {"requests": options.requests, "repeats": options.repeats}))


if __name__ == "__main__":
    main()
