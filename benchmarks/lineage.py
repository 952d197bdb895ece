"""Whether lineage tells copies, noise, merges and honest fine-tunes apart, on a zoo of tiny Llamas bred for it.

`scripts/bench lineage`; the last line is one JSON object, the exit status 1 where an honest fine-tune is accused. The
seed is not one that any threshold was chosen on. Every model is written to files and measured from those, as vetting
does. `--small` is the form that the tests run.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.zoo.creature import Creature
from benchmarks.zoo.roster import SMALL, WHOLE, Zoo, breed
from models.lineage import Kind, Lineage, trace

ACCUSED = (Kind.COPY, Kind.SCALED, Kind.PERMUTED, Kind.NOISE, Kind.MERGE)
LEARNT = (Kind.ADAPTER, Kind.FINE_TUNE)
FOUND = 1e-3
"""Noise of up to this relative size is to be found."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A suspect, and what lineage says of it."""

    creature: Creature
    told: Lineage

    @property
    def is_right(self) -> bool:
        """Whether it names the parents, and calls noise that rounding lost a copy.

        Of what was learnt it may name a sibling that lies nearer than the parent, and take a LoRA for more than that.
        """
        if self.is_honest:
            return self.told.kind in LEARNT and self.told.parents[0].startswith(self.creature.parents)
        kinds = (Kind.NOISE, Kind.COPY) if self.creature.kind is Kind.NOISE else (self.creature.kind,)
        return self.told.kind in kinds and set(self.creature.parents) <= set(self.told.parents)

    @property
    def is_honest(self) -> bool:
        """Whether it was learnt."""
        return self.creature.kind in LEARNT


def shown(items: Iterable[T], title: str, total: int | None = None) -> Iterable[T]:
    """The items, with a bar for whoever looks."""
    return track(items, title, total=total, console=Console(stderr=True))


def ask(zoo: Zoo) -> list[Asked]:
    """The lineage of every suspect among what is known when it comes."""
    with tempfile.TemporaryDirectory() as folder:
        sketches = {
            name: its.sketch(Path(folder)) for name, its in shown(zoo.known.items(), "measuring", len(zoo.known))
        }
        return [
            Asked(creature, trace(creature.sketch(Path(folder)), {name: sketches[name] for name in known}))
            for creature, known in shown(zoo.suspects, "tracing", len(zoo.suspects))
        ]


def share(asked: Iterable[Asked]) -> float:
    """How many of these it is right about."""
    right = [its.is_right for its in asked]
    return sum(right) / len(right)


def figures(asked: list[Asked]) -> dict[str, float | int]:
    """What the benchmark promises."""
    small = [
        its for its in asked if its.creature.cage.startswith("noise") and float(its.creature.cage.split()[-1]) <= FOUND
    ]
    return {
        "honest_accused": sum(its.told.kind in ACCUSED for its in asked if its.is_honest),
        "copies_found": share(its for its in asked if its.creature.cage == "copy"),
        "noise_found": share(small),
        "merges_named": share(its for its in asked if its.creature.kind is Kind.MERGE),
        "rearranged_found": share(its for its in asked if its.creature.kind in (Kind.SCALED, Kind.PERMUTED)),
        "honest": sum(its.is_honest for its in asked),
        "models": len(asked),
    }


def confusion(asked: list[Asked]) -> Table:
    """What each cage is called."""
    table = Table(title="What lineage calls them")
    kinds = [kind for kind in Kind if any(its.told.kind is kind for its in asked)]
    for head in ("model", *(kind.value for kind in kinds), "right"):
        table.add_column(head, justify="left" if head == "model" else "right")
    for cage in dict.fromkeys(its.creature.cage for its in asked):
        caged = [its for its in asked if its.creature.cage == cage]
        counted = Counter(its.told.kind for its in caged)
        table.add_row(
            cage, *(str(counted[kind] or "") for kind in kinds), f"{sum(its.is_right for its in caged)} of {len(caged)}"
        )
    return table


def main() -> None:
    """Breed, ask, and print what was told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=4096)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--wrong", action="store_true", help="list what it is wrong about")
    options = parser.parse_args()
    torch.set_num_threads(1)
    started, cpu = time.perf_counter(), time.process_time()
    zoo = breed(SMALL if options.small else WHOLE, options.seed, lambda schoolings: shown(schoolings, "breeding"))
    bred = time.perf_counter() - started
    asked = ask(zoo)
    seconds = {"bred_s": bred, "wall_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
    console = Console(width=140)
    console.print(confusion(asked))
    if options.wrong:
        for its in (its for its in asked if not its.is_right):
            told, true = its.told, f"{its.creature.cage}, {its.creature.note}, of {its.creature.parents}"
            console.print(
                f"{true}: {told.kind} of {told.parents}, {told.distance:.3g} away, {told.confidence:.3f} sure"
            )
    console.print(f"{len(zoo.known)} known models; {zoo.failed} fine-tunes did not learn and are left out")
    told = figures(asked)
    counted = {name: round(value, 4) for name, value in (told | seconds).items()}
    typer.echo(json.dumps(counted | {"known": len(zoo.known), "failed": zoo.failed, "seed": options.seed}))
    raise SystemExit(told["honest_accused"] > 0)


if __name__ == "__main__":
    main()
