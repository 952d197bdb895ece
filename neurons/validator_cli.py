"""`crucible validator`: run one, and see what it is doing."""

import dataclasses
import json
from typing import Annotated, Any

import typer
from rich.table import Table

from chain.reader import ChainError
from competitions.toml_records import TableError
from console.options import AsJson, Netuid, Network, WalletHotkey, WalletName, WalletPath, app_for
from console.showing import show
from hub.port import HubError
from ledger.board import Board, board
from ledger.database import LedgerError, open_ledger
from neurons import logs
from neurons.errors import NeuronError
from neurons.options import Home, HubEndpoint, TableName
from neurons.settings import read_validator_settings
from neurons.validator import run as run_validator

app = app_for("Run a validator, or see what it is doing.", ChainError, HubError, TableError, LedgerError, NeuronError)

LedgerPath = Annotated[str | None, typer.Option("--ledger", help="Path or SQLAlchemy URL of the ledger.")]


@app.command()
def run(
    network: Network = None,
    netuid: Netuid = None,
    wallet: WalletName = None,
    wallet_hotkey: WalletHotkey = None,
    wallet_path: WalletPath = None,
    hub_endpoint: HubEndpoint = None,
    table: TableName = None,
    home: Home = None,
    ledger: LedgerPath = None,
    catch_up: Annotated[
        int | None, typer.Option(help="Rounds before the newest that an empty ledger judges first.", min=0)
    ] = None,
    executor: Annotated[
        str | None, typer.Option(help="Who judges: local (this machine) or ray (a cluster).", metavar="local|ray")
    ] = None,
    devices: Annotated[
        str | None, typer.Option(help="Devices to judge on: cpu, cuda or cuda:N, several with commas between.")
    ] = None,
    ray_address: Annotated[
        str | None, typer.Option(help="The Ray cluster's head, HOST:PORT; unset: one on this machine.")
    ] = None,
    ray_workers: Annotated[
        int | None, typer.Option(help="Models judged at a time on a Ray cluster; unset: as many as it has room for.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Run a validator until SIGTERM or Ctrl-C; it may be stopped and started again at any moment."""
    settings = read_validator_settings(
        network=network,
        netuid=netuid,
        wallet_name=wallet,
        wallet_hotkey=wallet_hotkey,
        wallet_path=wallet_path,
        hub_endpoint=hub_endpoint,
        table=table,
        home=home,
        ledger=ledger,
        catch_up=catch_up,
        executor=executor,
        devices=devices,
        ray_address=ray_address,
        ray_workers=ray_workers,
    )
    logs.configure(verbose=verbose)
    run_validator(settings)


@app.command()
def status(home: Home = None, ledger: LedgerPath = None, as_json: AsJson = False) -> None:
    """What the validator of this ledger has done and is doing; needs neither chain nor Hub."""
    settings = read_validator_settings(home=home, ledger=ledger)
    seen = board(open_ledger(settings.ledger_url(), read_only=True))
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(seen), default=str))
        return
    show(*_tables(seen))


def _tables(seen: Board) -> list[Table]:
    """One screen: where the chain is, every competition's newest round, weights, and how the loops are."""
    return [*_rounds(seen), _weights(seen), _loops(seen)]


def _rounds(seen: Board) -> list[Table]:
    tables = []
    for contest in seen.contests:
        share = "?" if contest.share is None else f"{contest.share:.0%}"
        newest = next((r for r in contest.rounds if r.state == "closed"), None)
        under_way = next((r for r in contest.rounds if r.state != "closed"), None)
        title = f"{contest.name} ({share} of emission)" + (f", round {newest.number}" if newest else "")
        if under_way:
            title += f"; round {under_way.number} {under_way.state} {under_way.cause or ''}"
        table = Table("place", "uid", "repository", "score", "improved", "needed", "role", "why", title=title)
        for row in newest.standings if newest else ():
            table.add_row(
                str(row.place),
                _or_dash(row.model.uid),
                row.model.repo,
                _or_dash(row.score, ".4f"),
                _or_dash(row.improvement, ".2%"),
                _or_dash(row.needed, ".2%"),
                row.role,
                row.why,
            )
        tables.append(table)
    return tables


def _weights(seen: Board) -> Table:
    head = f"block {seen.head.block}" if seen.head else "no block seen yet"
    table = Table("uid", "hotkey", "weight on chain", title=f"weights; {head}")
    for row in seen.on_chain.weights if seen.on_chain else ():
        table.add_row(str(row.uid), row.hotkey or "-", f"{row.weight:.4f}")
    return table


def _loops(seen: Board) -> Table:
    table = Table("loop", "last step", "state", title="loops")
    for beat in seen.loops:
        table.add_row(beat.loop, f"{beat.at:%H:%M:%S}", beat.message or "well")
    return table


def _or_dash(value: Any, how: str = "") -> str:
    return "-" if value is None else format(value, how)
