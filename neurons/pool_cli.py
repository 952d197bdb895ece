"""`crucible producer pool`: what validators would draw from in a round whose seed block were a given one: whose samples
count, and why others do not. Reads the chain and the sources, and keeps nothing.
"""

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table as Sheet

from chain.types import Block
from competitions.spec import Competition
from console.options import AsJson, Network
from console.showing import show, waiting
from evaluation.sources.doors import Doors
from evaluation.sources.held import Held
from evaluation.sources.occasion import Occasion, needs_of
from evaluation.sources.pool import Pool
from evaluation.sources.registry import Sources
from neurons import tables
from neurons.actors import open_chain, open_hub
from neurons.errors import ProducerError
from neurons.miner import rules_of
from neurons.options import HubEndpoint, TableName
from neurons.settings import read_settings

HELD = 1
"""Exit code where a round would wait for samples; 2 is for a command that could not be done as asked."""

_NO_SEED = bytes(32)
"""A round's seed is of a block to come; which texts it chooses, where it chooses, is another matter."""

Answers = dict[str, Pool | Held]


def pool(
    competition: Annotated[str, typer.Option("--competition", "-c", help="Name of the competition.")],
    block: Annotated[int | None, typer.Option(help="Seed block; unset: the newest finalized block.", min=0)] = None,
    table: TableName = None,
    network: Network = None,
    hub_endpoint: HubEndpoint = None,
    as_json: AsJson = False,
) -> None:
    """Show whose samples would count in a round, and why others would not.

    Exit code 1 where the round would be held.
    """
    settings = read_settings(network=network, hub_endpoint=hub_endpoint, table=table)
    rules = rules_of(tables.load(settings.table), competition)
    chain, hub = open_chain(settings), open_hub(settings)
    finalized = chain.finalized().number
    at = finalized if block is None else Block(block)
    if at > finalized:
        raise ProducerError(f"block {at} is not finalized, the newest that is is {finalized}: give --block up to that")
    with tempfile.TemporaryDirectory() as folder, waiting(f"reading the samples of block {at}"):
        answers = _answers(rules, Sources(Doors(chain, hub, Path(folder))), at)
    if as_json:
        typer.echo(json.dumps(_document(rules, at, answers)))
    else:
        show(*_sheets(answers))
    if any(isinstance(answer, Held) for answer in answers.values()):
        raise typer.Exit(HELD)


def _answers(rules: Competition, sources: Sources, at: Block) -> Answers:
    """What every source that a task names would give."""
    newest = Block(at - rules.eval_delay_blocks)
    return {
        source.name: sources.pool(source.spec, Occasion(at, _NO_SEED, newest, needs))
        for source in rules.sources
        if (needs := needs_of(rules.tasks, source.name))
    }


def _document(rules: Competition, at: Block, answers: Answers) -> dict[str, Any]:
    return {
        "competition": rules.name,
        "seed_block": at,
        "sources": {name: _told(answer) for name, answer in answers.items()},
    }


def _told(answer: Pool | Held) -> dict[str, Any]:
    if isinstance(answer, Held):
        return {"held": answer.cause.value, "detail": answer.detail, "for_good": answer.lasting}
    return {
        "root": answer.root,
        "proof": answer.proof,
        "samples": len(answer.samples),
        "dropped": dict(answer.counts),
        "producers": [
            {"hotkey": one.hotkey, "batch": one.root or None, "samples": one.samples, "fault": one.fault}
            for one in answer.producers
        ],
    }


def _sheets(answers: Answers) -> Iterable[Sheet]:
    for name, answer in answers.items():
        if isinstance(answer, Held):
            yield _sheet(f"{name}: held, {answer.cause}", ("why",), [(answer.detail,)])
            continue
        rows = [(one.hotkey, str(one.samples), one.fault or "") for one in answer.producers]
        title = f"{name}: {len(answer.samples)} samples, root {answer.root[:16]}…"
        yield _sheet(title, ("producer", "samples", "left out because"), rows)
        if answer.counts:
            yield _sheet("dropped", ("reason", "number"), [(rule, str(n)) for rule, n in answer.counts.items()])


def _sheet(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Sheet:
    sheet = Sheet(*columns, title=title)
    for row in rows:
        sheet.add_row(*row)
    return sheet
