"""Whether a validator that misses polls at random still records everything that happens on a busy subnet.

`scripts/bench chain_soak`; the last line is one JSON object, the exit status 1 where the ledger differs from a model of
the subnet. One process makes blocks, one commits for all hotkeys, one watches, all on one embedded chain's file.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Table as Columns

from benchmarks.soak import actors
from benchmarks.soak.memory import slope
from benchmarks.soak.model import Model, Registered, differences, recorded, seen_live
from benchmarks.soak.plan import COMPETITION, NETUID, Ciphertext, Commit, Plan, Size, coldkey, draw, hotkeys
from benchmarks.soak.plan import seal_beforehand as seal
from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.node import Node
from chain.embedded.pool import Pool
from chain.embedded.root import Root
from chain.types import Block, Hotkey
from competitions.eligibility import longest_wait
from competitions.spec import Table
from competitions.table import competition_named
from ledger import registrations
from ledger.board import board
from ledger.database import open_ledger
from neurons import tables

TABLE = "pocket"
IMMUNITY = 60
"""Blocks for which a new uid is safe; short, so that hotkeys come and go."""


@dataclass(frozen=True)
class Happened:
    """What the processes told when they ended."""

    registered: list[Registered]
    included: list[Commit]
    memory: list[tuple[int, float]]
    polls: int
    wall_s: float


def found(path: Path, size: Size, addresses: Sequence[Hotkey]) -> Node:
    """A chain whose subnet has all its uids taken."""
    node = genesis(path, block_time_s=12.0)
    root = Root(node)
    rules = Hyperparameters(max_uids=size.uids, immunity_period=IMMUNITY, tempo=0)
    root.create_subnet(NETUID, coldkey(0), addresses[0], rules)
    for who in range(1, size.uids):
        root.register(NETUID, addresses[who], coldkey(who))
    return node


def run(folder: Path, size: Size, plan: Plan, ciphertexts: Sequence[Ciphertext], addresses: list[Hotkey]) -> Happened:
    """Let the three processes play the plan."""
    context, began = multiprocessing.get_context("spawn"), time.perf_counter()
    changed = context.Condition()
    counters = [context.Value("i", 0, lock=False) for _ in range(4)]
    pace = actors.Pace(changed, *counters)  # numbers without locks of their own: the condition has one
    path, answers = folder / "chain", [context.Pipe(duplex=False) for _ in range(3)]
    work: list[tuple[Callable[..., None], tuple[object, ...]]] = [
        (actors.make_blocks, (path, plan, size.blocks, addresses, pace)),
        (actors.commit, (path, plan, ciphertexts, addresses, pace)),
        (actors.watch, (path, folder / "ledger.db", TABLE, size.blocks, size.seed, pace)),
    ]
    processes: list[BaseProcess] = [
        context.Process(target=target, args=(*arguments, sending), name=target.__name__, daemon=True)
        for (target, arguments), (_, sending) in zip(work, answers, strict=True)
    ]
    for process in processes:
        process.start()
    for _, sending in answers:
        sending.close()
    follow(processes, pace, size.blocks)
    registered, hashes, (memory, polls) = (receiving.recv() for receiving, _ in answers)
    for process in processes:
        process.join()
    return Happened(registered, landed(path, plan, hashes), memory, polls, time.perf_counter() - began)


def follow(processes: Sequence[BaseProcess], pace: actors.Pace, blocks: int) -> None:
    """Show how far the watch has come. Raises RuntimeError where a process failed."""
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("watching", total=blocks)
        while pace.watched.value < blocks:
            with pace.changed:
                pace.changed.wait(0.5)
            progress.update(task, completed=pace.watched.value)
            for process in processes:
                if process.exitcode:
                    raise RuntimeError(f"{process.name} ended with status {process.exitcode}; see its output above")


def landed(path: Path, plan: Plan, hashes: Sequence[str]) -> list[Commit]:
    """The commitments that stand in a block. Raises ValueError where one landed in another block than planned."""
    node = Node.open(path)
    pool, included = Pool(node), []
    for planned, hash_ in zip(plan.commits, hashes, strict=True):
        place = node.file.find_extrinsic(bytes.fromhex(hash_.removeprefix("0x")))
        if place is None or place[0] != planned.block:
            raise ValueError(f"{planned} was taken by {place}")
        if pool.outcome(*place).success:
            included.append(planned)
    node.close()
    return included


def compare(folder: Path, size: Size, model: Model) -> list[str]:
    """Where the ledger differs from the model, in words; empty where nowhere."""
    ledger, table, end = open_ledger(folder / "ledger.db"), tables.load(TABLE), Block(size.blocks)
    held = registrations.registered(ledger, NETUID).items()
    expected = model.facts | {
        "registered": {(model.addresses[who], uid, since) for uid, (who, since) in model.holders.items()},
        "live": modelled_live(model, table, end),
        "gaps": set(),
    }
    seen = recorded(ledger, COMPETITION) | {
        "registered": {(hotkey, place.uid, place.since) for hotkey, place in held},
        "live": seen_live(ledger, table, COMPETITION, end),
        "gaps": {(gap.first, gap.last) for gap in board(ledger).gaps},
    }
    ledger.close()
    return differences(expected, seen)


def modelled_live(model: Model, table: Table, at: Block) -> set[tuple[object, ...]]:
    """What a round with this seed block judges, by the model."""
    rules = competition_named(table, COMPETITION)
    if rules is None:
        raise ValueError(f"the table {TABLE} has no competition {COMPETITION}")
    return model.live(rules, longest_wait(table), at)


def main() -> None:
    """Play, compare, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=20_000)
    parser.add_argument("--uids", type=int, default=256)
    parser.add_argument("--ciphertexts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    size = Size(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory() as name:
        folder, addresses = Path(name), hotkeys(size)
        node = found(folder / "chain", size, addresses)
        numbers = track(range(size.ciphertexts), "sealing", console=Console(stderr=True))
        ciphertexts = [seal(node, size, addresses, number) for number in numbers]
        node.close()
        plan = draw(size, len(addresses), ciphertexts)
        happened = run(folder, size, plan, ciphertexts, addresses)
        model = Model(addresses, ciphertexts)
        model.play(size, happened.registered, happened.included)
        faults = compare(folder, size, model)
        live = len(modelled_live(model, tables.load(TABLE), Block(size.blocks)))
    report(size, happened, model, live, faults)
    raise SystemExit(1 if faults else 0)


def report(size: Size, happened: Happened, model: Model, live: int, faults: Sequence[str]) -> None:
    """A table for people, the differences, and the figures as the last line."""
    counts = {name: len(rows) for name, rows in model.facts.items()}
    figures: dict[str, object] = {
        "blocks": size.blocks,
        "uids": size.uids,
        "polls": happened.polls,
        "registrations": len(happened.registered),
        **counts,
        "live": live,
        "differences": len(faults),
        "memory_mb": round(happened.memory[-1][1], 1),
        "memory_mb_per_1000_blocks": round(slope(happened.memory), 3),
        "wall_s": round(happened.wall_s, 1),
    }
    console, columns = Console(), Columns("figure", "value")
    for name, value in figures.items():
        columns.add_row(name.replace("_", " "), str(value))
    console.print(columns)
    for fault in faults:
        console.print(fault, style="red", markup=False)
    typer.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
