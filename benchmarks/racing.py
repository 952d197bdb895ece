"""What racing loses and what it saves, in simulated races against an incumbent.

`scripts/bench racing`; the last line is one JSON object. A level is the standard error of one round's paired mean over
the improvement that is needed. At each level and for each shape of noise, so many races of a challenger that improves
by just what it needs say what is lost: of all (`truly`: every one deserves its chance), and of those that reach it on
all samples (`in full`). Clearly worse (5 %), slightly worse (1 %) and equal challengers say what is saved.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.races.many import Field, crowned, improvements, lost_after, races_of, saved
from benchmarks.races.shapes import SHAPES, Shape

NEEDED = 0.01
LEVELS = (0.2, 0.5, 0.7, 1.0)
FIELDS = (
    Field((64,), (1.0,), (1.0,)),
    Field((256,), (1.0,), (1.0,)),
    Field((512,), (1.0,), (1.0,)),
    Field((128, 64), (0.7, 0.3), (1.0, 2.0)),
    Field((256, 64, 32), (0.5, 0.3, 0.2), (1.0, 2.0, 0.5)),
    Field((64, 64, 64, 64), (0.25, 0.25, 0.25, 0.25), (1.0, 1.0, 2.0, 3.0)),
)
WORSE = {"worse": -0.05, "slightly_worse": -0.01, "equal": 0.0}
SAVING_RACES = 5
"""What is saved needs fewer races than what is lost, by this factor."""


@dataclass
class Count:
    """Races of one kind, and what became of them."""

    races: int = 0
    lost: int = 0
    reached: int = 0
    lost_though_reached: int = 0
    falsely: int = 0
    saved: float = 0.0

    def add(self, field: Field, shape: Shape, level: float, gain: float, races: int, rng: np.random.Generator) -> None:
        """Simulate so many races."""
        run = races_of(rng, field, shape, gain, level * NEEDED, races)
        rungs, reached = lost_after(run, NEEDED), improvements(run, field.samples) >= NEEDED
        kings = crowned(run, rungs, NEEDED)
        self.races += races
        self.lost += int((rungs > 0).sum())
        self.reached += int(reached.sum())
        self.lost_though_reached += int(((rungs > 0) & reached).sum())
        self.falsely += int((kings & ~reached).sum())
        self.saved += races * saved(run, rungs)


@dataclass(frozen=True)
class Cell:
    """What was found at one level for one shape of noise."""

    level: float
    shape: Shape
    just_enough: Count
    worse: dict[str, Count]

    @property
    def truly(self) -> float:
        """Share lost of those that improve by just what they need."""
        return self.just_enough.lost / self.just_enough.races

    @property
    def in_full(self) -> float:
        """Share lost of those that reach it on all samples."""
        return self.just_enough.lost_though_reached / max(1, self.just_enough.reached)

    @property
    def false_crowns(self) -> int:
        """Crowned by a race and not by all samples."""
        return sum(count.falsely for count in (self.just_enough, *self.worse.values()))

    def saving(self, kind: str) -> float:
        """Share of the samples that challengers of a kind need not be judged on."""
        return self.worse[kind].saved / self.worse[kind].races


def cell(level: float, shape: Shape, races: int, rng: np.random.Generator) -> Cell:
    """So many races, shared out equally among the fields."""
    found = Cell(level, shape, Count(), {kind: Count() for kind in WORSE})
    each = -(-races // len(FIELDS))
    for field in FIELDS:
        found.just_enough.add(field, shape, level, NEEDED, each, rng)
        for kind, gain in WORSE.items():
            found.worse[kind].add(field, shape, level, gain, -(-each // SAVING_RACES), rng)
    return found


def main() -> None:
    """Simulate and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--races", type=int, default=20_000, help="for each level and shape of noise")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    asked = [(level, shape) for level in LEVELS for shape in SHAPES]
    steps = track(asked, "racing", console=Console(stderr=True))
    report([cell(level, shape, options.races, rng) for level, shape in steps], options)


def report(cells: Sequence[Cell], options: argparse.Namespace) -> None:
    """A table for people, and the figures as the last line."""
    columns = ("level", "noise", "lost truly", "lost in full", "false crowns", "saved: worse", "slightly", "equal")
    table = Table(*columns, title=f"{options.races} races for each line; {NEEDED:.0%} is needed")
    for one in cells:
        lost = (f"{one.truly:.2%}", f"{one.in_full:.2%}", str(one.false_crowns))
        name = one.shape.name if one.shape.promised else f"{one.shape.name} *"
        table.add_row(f"{one.level:.1f}", name, *lost, *(f"{one.saving(kind):.0%}" for kind in WORSE))
    Console(width=120).print(table)
    typer.echo("* beyond what is promised: what a few samples do not show cannot be told from them")
    promised = [one for one in cells if one.shape.promised]
    beyond = [one for one in cells if not one.shape.promised]
    figures = {
        "lost_worst": max(max(one.truly, one.in_full) for one in promised),
        "lost_in_full_worst": max(one.in_full for one in promised),
        "lost_beyond": max(max(one.truly, one.in_full) for one in beyond),
        **{f"saved_{kind}": float(np.mean([one.saving(kind) for one in promised])) for kind in WORSE},
    }
    told = {"false_crowns": sum(one.false_crowns for one in cells), "races": options.races, "seed": options.seed}
    typer.echo(json.dumps({name: round(figure, 5) for name, figure in figures.items()} | told))


if __name__ == "__main__":
    main()
