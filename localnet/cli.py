"""`crucible localnet` and `crucible demo`: the whole subnet on one machine."""

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from chain.embedded.errors import EmbeddedChainError
from chain.reader import ChainError
from competitions.toml_records import TableError
from console.options import USAGE, AsJson, app_for
from console.showing import show
from localnet import actors, chain_cli, hub_cli, network
from localnet.cast import Cast
from localnet.demo import Demo, fresh_place
from localnet.hub_server.server import PortInUse
from localnet.interruption import interruptible
from localnet.outcome import Outcome
from localnet.place import LocalnetError, Place, default_place, place_at
from localnet.scenario import DEMO, MINERS, SCENARIOS, Person
from localnet.who import EVERYBODY
from neurons.progress import narrated

KNOWN = (LocalnetError, EmbeddedChainError, ChainError, TableError, PortInUse)

app = app_for("The embedded network: chain, Hub, producers, a validator and its leaderboard on this machine.", *KNOWN)
app.add_typer(chain_cli.app, name="chain")
app.add_typer(hub_cli.app, name="hub")

Home = Annotated[Path | None, typer.Option("--home", help="The network's folder.")]


@app.command()
def up(
    home: Home = None,
    hub_port: Annotated[int, typer.Option(help="Port of the Hub; 0 takes a free one.", min=0, max=65535)] = 0,
    board_port: Annotated[int, typer.Option(help="Port of the leaderboard; 0 takes a free one.", min=0, max=65535)] = 0,
) -> None:
    """Found a network and start it; it goes on until `down`."""
    place = _place(home)
    with interruptible(), narrated() as say:
        net = network.up(place, DEMO, say, hub_port=hub_port, board_port=board_port)
    typer.echo(f"leaderboard  {net.leaderboard}\nHub          {net.hub}\nchain        {place.chain}")
    typer.echo("\nTo act as alice (`crucible localnet exports NAME` gives the same for others):")
    typer.echo(_exports(net.cast, MINERS[0]))


@app.command()
def exports(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(person.name for person in EVERYBODY)}.")] = "alice",
    home: Home = None,
) -> None:
    """Print what a shell must export to act as one of the network's people."""
    place = _place(home)
    place.token(name)
    person = next(person for person in EVERYBODY if person.name == name)
    typer.echo(_exports(Cast(place, place.scenario(), place.addresses().get("hub", "")), person))


@app.command()
def status(home: Home = None, as_json: AsJson = False) -> None:
    """Which actors live, and where the servers answer."""
    place = _place(home)
    addresses = place.addresses()
    rows = [
        {"actor": r.name, "pid": r.pid, "alive": actors.is_alive(r), "log": str(r.log)}
        for r in actors.all_started(place)
    ]
    if as_json:
        typer.echo(json.dumps({"addresses": addresses, "actors": rows}))
        return
    board = addresses.get("leaderboard", "not started")
    table = Table("actor", "pid", "state", "log", title=f"{place.root}; leaderboard {board}")
    for row in rows:
        table.add_row(str(row["actor"]), str(row["pid"]), "running" if row["alive"] else "ended", str(row["log"]))
    show(table)


@app.command()
def down(
    home: Home = None,
    purge: Annotated[bool, typer.Option("--purge", help="Remove the network's folder as well.")] = False,
) -> None:
    """Stop every actor; what they made stays to be looked at until it is purged."""
    place = _place(home)
    place.require()
    with narrated() as say:
        stopped = network.down(place, say, purge=purge)
    typer.echo(f"stopped {', '.join(stopped) or 'nothing: nobody was running'}")


demo_app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


@demo_app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder with everything the demo made.")] = False,
    rounds: Annotated[int, typer.Option(help="Scored rounds that every competition must close.", min=1)] = 3,
    size: Annotated[str, typer.Option(help="demo, or pocket: much smaller models, for tests.")] = DEMO.name,
    patience: Annotated[float, typer.Option(help="Seconds to wait for the end of the story.", min=1.0)] = 900.0,
    as_json: AsJson = False,
) -> None:
    """Run the whole subnet once on this machine, from an empty folder to weights read back from the chain."""
    if size not in SCENARIOS:
        typer.echo(f"error: size {size!r} is unknown; known are {', '.join(SCENARIOS)}", err=True)
        raise typer.Exit(USAGE)
    place = fresh_place()
    with interruptible():
        try:
            result = _played(Demo(place, SCENARIOS[size], rounds, patience, lambda _: None))
        except KNOWN as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from None
        finally:
            network.down(place, purge=not keep)
            if keep:
                typer.echo(f"kept {place.root}", err=True)
    if as_json:
        typer.echo(json.dumps(result.document()))
    else:
        show(result.table())
        scored = ", ".join(f"{name} {count}" for name, count in result.rounds.items())
        typer.echo(f"{result.seconds:.0f} s, {result.peak_mb:.0f} MB at the peak; rounds with a score: {scored}")
    for line in result.missing:
        typer.echo(f"missing: {line}", err=True)
    raise typer.Exit(0 if result.ok else 1)


def _played(story: Demo) -> Outcome:
    """Run a demo with a line on stderr that tells what is happening."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("founding the network", total=None)

        def say(what: str) -> None:
            line = f"[dim]{progress.tasks[0].elapsed or 0:5.0f} s[/dim]  {what}"
            progress.console.print(line, highlight=False, soft_wrap=True)
            progress.update(task, description=what)

        story.say = say
        return story.run()


def _place(home: Path | None) -> Place:
    return place_at(home) if home else default_place()


def _exports(cast: Cast, person: Person) -> str:
    """Shell lines: what a neuron of this person is told, and the validator's ledger for `crucible validator status`."""
    told = cast.neuron(person) | {"CRUCIBLE_LEDGER": str(cast.place.ledger)}
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in told.items())
