"""How fast likelihoods are, against the plain way of one sample at a time, on models of random weights already loaded.

`scripts/bench throughput`; the last line is one JSON object. Both ways run in turn in one process on as many threads as
`--threads` says; `ratio_…` is the median ratio of wall-clock time of neighbouring runs, and `cpu_ratio_…` that of CPU
time, which other processes disturb less. `ceiling_share` is what useful operations reach, at the worst of the shapes,
of a large matrix product in the same dtype on the same threads. Expected on two cores: 1.5 with a vocabulary of 100k,
1.1 with 32k, 0.55 of the ceiling.

`scripts/bench throughput --device cuda --dtype bfloat16 --samples 512 --shape 1b` (or 8b) is the same on a GPU of 48 GB
or more. Expected there: 5 times the plain way at 1B, 3 times at 8B, 0.45 of the ceiling in bfloat16.
"""

import argparse
import json
import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.ways.plain import plain_nats
from benchmarks.ways.shapes import SHAPES, Shape, draw_spans, make_model
from benchmarks.ways.side import Side
from evaluation.likelihood import nats
from evaluation.tokens import Span
from models.loading import DTYPES, LoadedModel

AGREE = {"float32": 1e-4, "bfloat16": 2e-2}
"""Largest relative difference of a sample between the ways: the plain one has its logits in the weights' dtype."""


@dataclass
class Compared:
    """One shape: both ways and the matrix product, measured in turn."""

    name: str
    shape: Shape
    spans: list[Span]
    plain: Side[tuple[float, ...]]
    ours: Side[tuple[float, ...]]
    ceilings: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """How many times the plain way's speed ours is."""
        return self.plain.ratio_to(self.ours)

    @property
    def cpu_ratio(self) -> float:
        """The same in CPU time."""
        return self.plain.cpu / self.ours.cpu

    @property
    def ceiling(self) -> float:
        """Operations a second of a large matrix product."""
        return statistics.median(self.ceilings)

    def rate(self, side: Side[tuple[float, ...]]) -> float:
        """Useful operations a second."""
        return self.shape.useful_flops(self.spans) / side.wall

    def check(self, within: float) -> None:
        """Raises ValueError where the ways disagree, or ours with itself."""
        [ours] = self.ours.found
        for plain in self.plain.found:
            worst = max(abs(one - other) / one for one, other in zip(plain, ours, strict=True))
            if not worst <= within:
                raise ValueError(f"{self.name}: the ways differ by {worst:.2g}; {within:g} is allowed")


def synchronised(device: str, run: Callable[[], list[float]], exact: bool) -> Callable[[], tuple[float, ...]]:
    """A run that is over when the device has done it, with deterministic algorithms or whatever is fastest."""

    def measured() -> tuple[float, ...]:
        torch.use_deterministic_algorithms(exact)
        found = tuple(run())
        if device != "cpu":
            torch.cuda.synchronize()
        return found

    return measured


def product_rate(device: str, dtype: torch.dtype, size: int) -> float:
    """Operations a second of a product of two square matrices, the best of three."""
    left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    seconds: list[float] = []
    for _ in range(4):
        if device != "cpu":
            torch.cuda.synchronize()
        started = time.perf_counter()
        torch.mm(left, right)
        if device != "cpu":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds[1:])


def compare(name: str, options: argparse.Namespace) -> Compared:
    """Measure one shape."""
    shape, dtype, device = SHAPES[name], DTYPES[options.dtype], options.device
    model = make_model(shape, device, dtype)
    loaded = LoadedModel(model, None, "", model.config.max_position_embeddings)
    spans = draw_spans(options.samples, shape.vocabulary, options.prompt_tokens, options.answer_tokens)
    keys = [f"{number:06d}" for number in range(len(spans))]
    plain = Side("plain", synchronised(device, lambda: plain_nats(model, spans), exact=False))
    ours = Side("ours", synchronised(device, lambda: nats(loaded, spans, keys, options.token_budget), exact=True))
    plain_nats(model, spans[:2])
    nats(loaded, spans[:2], keys[:2], options.token_budget)
    compared = Compared(name, shape, spans, plain, ours)
    for _ in track(range(options.repeats), f"measuring {name}", console=Console(stderr=True)):
        compared.ceilings.append(product_rate(device, dtype, 2048 if device == "cpu" else 8192))
        for side in (plain, ours):
            side.measure()
    compared.check(AGREE[options.dtype])
    return compared


def main() -> None:
    """Measure every shape and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=sorted(SHAPES), action="append", help="default: 32k and 100k")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--dtype", choices=sorted(AGREE), default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--prompt-tokens", type=float, default=75, help="mean")
    parser.add_argument("--answer-tokens", type=float, default=75, help="mean; these are scored")
    parser.add_argument("--token-budget", type=int, default=4096)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # as workers have it: products are deterministic then
    torch.set_num_threads(options.threads)
    report([compare(name, options) for name in options.shape or ["32k", "100k"]], options)


def report(every: list[Compared], options: argparse.Namespace) -> None:
    """A table for people, and the figures as the last line."""
    where = f"{options.device}, {options.dtype}, {options.threads} threads, {options.samples} samples"
    table = Table("shape", "way", "wall s", "CPU s", "tokens/s", "useful GFLOP/s", "of the ceiling", title=where)
    figures: dict[str, float] = {}
    for one in every:
        tokens = sum(len(span.inputs) for span in one.spans)
        for side in (one.plain, one.ours):
            rate = one.rate(side)
            timed = f"{side.wall:.2f}", f"{side.cpu:.2f}", f"{tokens / side.wall:,.0f}"
            table.add_row(one.name, side.name, *timed, f"{rate / 1e9:,.0f}", f"{rate / one.ceiling:.0%}")
        figures[f"ratio_{one.name}"] = one.ratio
        figures[f"cpu_ratio_{one.name}"] = one.cpu_ratio
    figures["ceiling_share"] = min(one.rate(one.ours) / one.ceiling for one in every)
    console = Console()
    console.print(table)
    for one in every:
        lengths = [len(span.inputs) for span in one.spans]
        scored = sum(len(span.targets) for span in one.spans)
        mean = statistics.mean(lengths)
        [losses] = one.ours.found
        console.print(
            f"{one.name}: {one.shape.parameters / 1e6:,.0f}M parameters, {mean:.0f} tokens a sample "
            f"({min(lengths)} to {max(lengths)}), {scored / sum(lengths):.0%} of them scored at "
            f"{math.fsum(losses) / scored:.2f} nats a token; {one.ratio:.2f} times the plain way, "
            f"{one.cpu_ratio:.2f} in CPU time; matrix product {one.ceiling / 1e9:,.0f} GFLOP/s"
        )
    told = {"device": options.device, "dtype": options.dtype, "threads": options.threads, "samples": options.samples}
    typer.echo(json.dumps({name: round(figure, 3) for name, figure in figures.items()} | told))


if __name__ == "__main__":
    main()
