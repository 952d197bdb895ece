"""`crucible backtest`: rules tried on a simulated field, or on what a ledger has on record, before they pay anyone."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from backtest import replay_report, study_report
from backtest.field import FIELDS, read_field
from backtest.overrides import overridden
from backtest.recorded import history
from backtest.replay import replay
from backtest.rules.registry import COMPARISON, OURS, RULES
from backtest.study import Found, study
from competitions.spec import Competition, Table
from competitions.table import competition_named
from competitions.toml_records import TableError
from console.options import USAGE, AsJson, fail, say
from console.showing import show
from ledger import network
from ledger.database import Ledger, LedgerError, open_ledger

KNOWN = (TableError, LedgerError, OSError)

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


@app.command(no_args_is_help=True)
def backtest(
    rounds: Annotated[
        int | None, typer.Option("--simulate", min=10, help="Simulate a field for so many rounds at each noise level.")
    ] = None,
    ledger: Annotated[
        str | None, typer.Option("--ledger", help="Replay a validator's ledger: a file, or a database URL.")
    ] = None,
    competition: Annotated[
        str | None,
        typer.Option("--competition", "-c", help="Name of the competition; needed where the table has several."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Another value in the table; may be given several times."),
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--table", help="A table's file; without it the ledger's own, or the field's.")
    ] = None,
    rule: Annotated[str, typer.Option("--rule", help=f"Which rules: {' or '.join(RULES)}.")] = OURS,
    field: Annotated[
        Path, typer.Option("--field", help="The simulated field's file.", show_default="the field of the targets")
    ] = FIELDS / "decayed.toml",
    seed: Annotated[int, typer.Option("--seed", min=0, help="What chance in a simulation is made from.")] = 20,
    plots: Annotated[Path | None, typer.Option("--plots", help="Folder for a simulation's pictures (PNG).")] = None,
    as_json: AsJson = False,
) -> None:
    """Try rules on a simulated field (--simulate) or on a validator's recorded rounds (--ledger). Changes neither."""
    if rule not in RULES:
        _misused(f"rule {rule!r} is unknown; known are {', '.join(RULES)}")
    if (rounds is None) == (ledger is None):
        _misused("give either --simulate with a number of rounds, or --ledger with what to replay")
    if plots is not None and rounds is None:
        _misused("--plots draws simulations: give --simulate")
    try:
        if rounds is not None:
            _simulate(
                rounds, field, table or FIELDS / "table.toml", settings or [], competition, rule, seed, plots, as_json
            )
        if ledger is not None:
            with closing(open_ledger(ledger, read_only=True)) as opened:
                _replay(opened, table, settings or [], competition, rule, as_json)
    except KNOWN as error:
        fail(error)


def _simulate(
    rounds: int,
    field: Path,
    table: Path,
    settings: list[str],
    name: str | None,
    rule: str,
    seed: int,
    plots: Path | None,
    as_json: bool,
) -> None:
    rules = _competition(overridden(table.read_text(encoding="utf-8"), settings), name)
    typer.echo(f"field {field.name}, seed {seed}", err=True)
    found = _watched(rounds, field, rules, rule, seed)
    if plots is not None:
        from backtest.plots import plot

        for path in plot(found, (rule, COMPARISON), plots):
            typer.echo(f"drew {path}", err=True)
    if as_json:
        say(study_report.document(found), as_json, str)
    else:
        show(*study_report.tables(found, rule, COMPARISON, rounds, seed))


def _watched(rounds: int, field: Path, rules: Competition, rule: str, seed: int) -> tuple[Found, ...]:
    """A study with a bar on stderr, shown on terminals only."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("simulating", total=1.0)
        return study(read_field(field), rules, rule, rounds, seed, lambda share: progress.update(bar, completed=share))


def _replay(
    ledger: Ledger, table: Path | None, settings: list[str], name: str | None, rule: str, as_json: bool
) -> None:
    text = table.read_text(encoding="utf-8") if table else _recorded_table(ledger)
    rules = _competition(overridden(text, settings), name)
    past = history(ledger, rules.name)
    found = replay(past, rules, rule)
    if as_json:
        say(replay_report.document(past, found), as_json, str)
    else:
        show(*replay_report.tables(past, found))


def _recorded_table(ledger: Ledger) -> str:
    with ledger.reading() as session:
        identity = network.identity(session)
    if identity is None:
        raise TableError(f"{ledger.name} has no table on record, no validator ever started on it: give one by --table")
    return identity.table_text


def _competition(table: Table, name: str | None) -> Competition:
    known = ", ".join(one.name for one in table.competitions)
    if name is None and len(table.competitions) > 1:
        raise TableError(f"the table has several competitions ({known}): name one by --competition")
    found = table.competitions[0] if name is None else competition_named(table, name)
    if found is None:
        raise TableError(f"the table has no competition {name!r}; it has {known}")
    return found


def _misused(words: str) -> None:
    typer.echo(f"error: {words}", err=True)
    raise typer.Exit(USAGE)
