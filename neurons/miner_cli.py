"""`crucible miner`: train a base, fine-tune it, check and publish the result, see how it stands, and take it back."""

import dataclasses
from typing import Annotated, Literal

import typer

from chain.reader import ChainError
from competitions.toml_records import TableError
from console.options import AsJson, Netuid, Network, WalletHotkey, WalletName, WalletPath, app_for, say
from console.showing import waiting
from hub.port import HubError
from models.bases import BaseError
from neurons import check_cli, tables, training_cli
from neurons.actors import open_actors
from neurons.errors import NeuronError
from neurons.miner import Miner, Order
from neurons.options import Home, HubEndpoint, TableName
from neurons.progress import in_lines, narrated, stop_on_signals
from neurons.publisher import Report
from neurons.settings import Settings, read_settings

app = app_for(
    "Train a model, check it, publish it, and see how it stands.",
    ChainError,
    HubError,
    BaseError,
    TableError,
    NeuronError,
)
app.command()(training_cli.base)
app.command()(training_cli.train)
app.command()(check_cli.check)


@app.command()
def publish(
    source: Annotated[str, typer.Argument(help="Folder of the model, or namespace/name(@revision) of a public one.")],
    repo: Annotated[str, typer.Option("--repo", "-r", help="New repository, namespace/name; private at first.")],
    competition: Annotated[str, typer.Option("--competition", "-c", help="Name of the competition.")],
    encoding: Annotated[
        Literal["sealed", "hashed"],
        typer.Option(help="Sealed until late before its round, or in clear, hashed, and public at once."),
    ] = "sealed",
    reveal_in: Annotated[
        int | None,
        typer.Option(help="Blocks until a sealed pointer opens; as late as the rules let it if left out.", min=1),
    ] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds to wait for the opening.", min=0)] = None,
    abandon: Annotated[bool, typer.Option("--abandon", help="Forget this hotkey's unfinished publication.")] = False,
    network: Network = None,
    netuid: Netuid = None,
    wallet: WalletName = None,
    wallet_hotkey: WalletHotkey = None,
    wallet_path: WalletPath = None,
    hub_endpoint: HubEndpoint = None,
    table: TableName = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Check a model, upload it privately, commit its pointer, and go public once the pointer can be read.

    Run the same command again after an interruption: it goes on where it was and commits only once.
    """
    settings = read_settings(
        network=network,
        netuid=netuid,
        wallet_name=wallet,
        wallet_hotkey=wallet_hotkey,
        wallet_path=wallet_path,
        hub_endpoint=hub_endpoint,
        table=table,
        home=home,
    )
    with narrated() as report:
        done = _miner(settings, report).publish(
            Order(source, repo, competition, encoding), reveal_in=reveal_in, timeout_s=timeout, abandon=abandon
        )
    told = {name: value for name, value in dataclasses.asdict(done).items() if name not in ("ciphertext", "line")}
    say(told, as_json, lambda: in_lines(told))


@app.command()
def reset(
    network: Network = None,
    netuid: Netuid = None,
    wallet: WalletName = None,
    wallet_hotkey: WalletHotkey = None,
    wallet_path: WalletPath = None,
    table: TableName = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Withdraw what this hotkey has committed: no round from then on judges it, and an unopened seal is void.

    A title it holds falls vacant. The repository stays as it is. To publish again is to enter anew, as the newest.
    """
    settings = read_settings(
        network=network,
        netuid=netuid,
        wallet_name=wallet,
        wallet_hotkey=wallet_hotkey,
        wallet_path=wallet_path,
        table=table,
        home=home,
    )
    with narrated() as report:
        told = dataclasses.asdict(_miner(settings, report).reset())
    say(told, as_json, lambda: in_lines(told))


@app.command()
def status(
    network: Network = None,
    netuid: Netuid = None,
    wallet: WalletName = None,
    wallet_hotkey: WalletHotkey = None,
    wallet_path: WalletPath = None,
    table: TableName = None,
    as_json: AsJson = False,
) -> None:
    """What the chain shows of this hotkey's submission, and from which block it can be judged."""
    settings = read_settings(
        network=network,
        netuid=netuid,
        wallet_name=wallet,
        wallet_hotkey=wallet_hotkey,
        wallet_path=wallet_path,
        table=table,
    )
    miner = _miner(settings, print)  # which may ask for a password, and so comes before the spinner
    with waiting(f"reading {settings.network}"):
        told = dataclasses.asdict(miner.status())
    say(told, as_json, lambda: in_lines(told))


def _miner(settings: Settings, report: Report) -> Miner:
    """The miner of these settings; the table and the wallet are read before anything is asked of a network."""
    table = tables.load(settings.table)
    actors = open_actors(settings)
    chain, home = actors.chain, settings.folder()
    return Miner(chain, chain, actors.hub, actors.wallet, actors.netuid, table, home, report, stop_on_signals())
