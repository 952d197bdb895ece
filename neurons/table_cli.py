"""`crucible table`: read a competition table, check it, compare two, and reckon what its rounds cost."""

import dataclasses
import json
from typing import Annotated, Any

import typer

from chain.clock import round_at
from chain.reader import ChainError
from chain.types import Block
from competitions.advice import warnings
from competitions.cost import Cost, Device, Field, cost
from competitions.spec import Table
from competitions.table import located, parse, shares_at
from competitions.table_diff import changes, shifts
from competitions.toml_records import Fault, FaultyTable, TableError
from console.options import AsJson, app_for, say
from console.showing import show as show_sheets
from hub.port import HubError
from neurons import table_publish_cli, table_sheets, tables
from neurons.errors import NeuronError
from neurons.settings import read_settings

app = app_for("Read, check, compare and announce competition tables.", TableError, ChainError, HubError, NeuronError)
app.command()(table_publish_cli.publish)

FAULTY = 1
"""Exit code of a table with faults, and of changes that running competitions cannot take."""

Named = Annotated[
    str | None, typer.Argument(metavar="[TABLE]", help="A shipped name or a file; unset: CRUCIBLE_TABLE.")
]
_FIELD, _DEVICE = Field(), Device()


@app.command()
def show(
    table: Named = None,
    block: Annotated[int | None, typer.Option(help="Show what holds at this block.", min=0)] = None,
    as_json: AsJson = False,
) -> None:
    """Show a table's competitions, tasks and schedule, and who is paid what share at a block."""
    shown = tables.load(read_settings(table=table).table)
    at = None if block is None else Block(block)
    document = {**_document(shown), **({} if at is None else _at(shown, at))}
    if as_json:
        typer.echo(json.dumps(document))
        return
    show_sheets(*table_sheets.rules(shown, at))


@app.command()
def lint(table: Annotated[str, typer.Argument(metavar="TABLE")], as_json: AsJson = False) -> None:
    """Check a table; exit code 1 where it has faults, each on a line of its own. Warnings are no faults."""
    text = tables.read(table)
    faults, warned, fingerprint = _linted(text)
    document = {
        "table": table,
        "fingerprint": fingerprint,
        "faults": [_told(fault) for fault in faults],
        "warnings": [_told(warning) for warning in warned],
    }
    lines = [*(f"fault: {fault}" for fault in faults), *(f"warning: {warning}" for warning in warned)]
    verdict = f"{table}: fingerprint {fingerprint}" if fingerprint else f"{table}: {len(faults)} to mend"
    say(document, as_json, lambda: "\n".join([*lines, verdict]))
    if faults:
        raise typer.Exit(FAULTY)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="The table in force: a shipped name or a file.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The table that is to follow it.")],
    as_json: AsJson = False,
) -> None:
    """Show what differs between two tables; exit code 1 where a running competition cannot take a change."""
    old, new = tables.load(before), tables.load(after)
    changed, shifted = changes(old, new), shifts(old, new)
    allowed = not any(change.forbidden for change in changed)
    if as_json:
        document = {
            "same": old.fingerprint == new.fingerprint,
            "allowed": allowed,
            "fingerprints": [old.fingerprint, new.fingerprint],
            "changes": [dataclasses.asdict(change) for change in changed],
            "shares": [dataclasses.asdict(shift) for shift in shifted],
        }
        typer.echo(json.dumps(document))
    elif old.fingerprint == new.fingerprint:
        typer.echo(f"the same table, fingerprint {old.fingerprint}")
    else:
        show_sheets(*table_sheets.differences(changed, shifted))
    if not allowed:
        raise typer.Exit(FAULTY)


@app.command(name="cost")
def reckon(
    table: Named = None,
    competition: Annotated[str | None, typer.Option("--competition", "-c", help="One only; unset: all.")] = None,
    entrants: Annotated[
        int | None, typer.Option(min=0, help="Challengers in a round; unset: as many as the table allows.")
    ] = None,
    new: Annotated[int, typer.Option(min=0, help="Of these, models that are downloaded first.")] = _FIELD.new,
    worse: Annotated[float, typer.Option(min=0, max=1, help="Share of clearly worse challengers.")] = _FIELD.worse,
    saved: Annotated[float, typer.Option(min=0, max=1, help="Share of samples a race saves on these.")] = _FIELD.saved,
    parameters: Annotated[int | None, typer.Option(min=1, help="Of one model; unset: the table's most.")] = None,
    new_bytes: Annotated[int | None, typer.Option(min=0, help="Of a new repository; unset: 2 a parameter.")] = None,
    prompt_bytes: Annotated[int, typer.Option(min=0, help="Of a sample's prompt.")] = _FIELD.prompt_bytes,
    answer_bytes: Annotated[int, typer.Option(min=1, help="Of a sample's answer.")] = _FIELD.answer_bytes,
    bytes_a_token: Annotated[float, typer.Option(min=0.1, help="Text to a token.")] = _FIELD.bytes_a_token,
    tflops: Annotated[float, typer.Option(min=0.01, help="Of one GPU at its best.")] = _DEVICE.flops / 1e12,
    reached: Annotated[float, typer.Option(min=0.01, max=1, help="Part of it that judging reaches.")] = _DEVICE.reached,
    bandwidth: Annotated[float, typer.Option(min=0.1, help="GB/s of its memory.")] = _DEVICE.bandwidth / 1e9,
    as_json: AsJson = False,
) -> None:
    """Reckon GPU hours and bytes that a round costs a validator. Nothing is measured: the assumptions are printed."""
    field = Field(
        entrants=entrants,
        new=new,
        worse=worse,
        saved=saved,
        parameters=parameters,
        new_bytes=new_bytes,
        prompt_bytes=prompt_bytes,
        answer_bytes=answer_bytes,
        bytes_a_token=bytes_a_token,
    )
    device = Device(flops=tflops * 1e12, reached=reached, bandwidth=bandwidth * 1e9)
    costs = _costs(tables.load(read_settings(table=table).table), competition, field, device)
    if as_json:
        assumed = {"field": dataclasses.asdict(field), "device": dataclasses.asdict(device)}
        typer.echo(json.dumps({"competitions": [dataclasses.asdict(one) for one in costs], "assumed": assumed}))
        return
    show_sheets(table_sheets.costs(costs), table_sheets.assumptions(field, device))


def _costs(table: Table, only: str | None, field: Field, device: Device) -> list[Cost]:
    chosen = [one for one in table.competitions if only in (None, one.name)]
    if not chosen:
        known = ", ".join(one.name for one in table.competitions)
        raise TableError(f"the table has no competition {only!r}: name one of {known}")
    return [cost(one, field, device) for one in chosen]


def _linted(text: str) -> tuple[tuple[Fault, ...], tuple[Fault, ...], str | None]:
    """A table's faults, warnings and fingerprint; there are no warnings before its faults are mended."""
    try:
        table = parse(text)
    except FaultyTable as faulty:
        return faulty.faults, (), None
    except TableError as error:
        return (Fault((), str(error)),), (), None
    return (), located(warnings(table), text), table.fingerprint


def _told(fault: Fault) -> dict[str, Any]:
    return {"line": fault.line, "field": fault.field, "message": str(fault)}


def _document(table: Table) -> dict[str, Any]:
    content = dataclasses.asdict(table)
    content["schedule"] = [{"from_block": one.from_block, "shares": dict(one.shares)} for one in table.schedule]
    return content


def _at(table: Table, block: Block) -> dict[str, Any]:
    shares = shares_at(table, block)
    rounds = {one.name: round_at(block, one.first_block, one.round_blocks) for one in table.competitions}
    return {"at": {"block": block, "shares": shares, "rest": max(0.0, 1 - sum(shares.values())), "rounds": rounds}}
