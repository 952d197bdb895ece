"""`crucible table publish`: announce a new table as the subnet's owner."""

import dataclasses
from typing import Annotated

import typer

from chain.types import Block
from console.options import AsJson, Netuid, Network, WalletHotkey, WalletName, WalletPath, say
from console.showing import waiting
from neurons import tables
from neurons.actors import open_actors
from neurons.options import HubEndpoint, TableName
from neurons.progress import in_lines
from neurons.settings import read_settings
from neurons.table_publishing import Order, TablePublisher


def publish(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The new table: a file, or a shipped name.")],
    repo: Annotated[
        str, typer.Option(help="Dataset at the Hub that keeps it, NAMESPACE/NAME; made where there is none.")
    ],
    activation: Annotated[int, typer.Option(help="Block from which on it holds.", min=0)],
    network: Network = None,
    netuid: Netuid = None,
    wallet: WalletName = None,
    wallet_hotkey: WalletHotkey = None,
    wallet_path: WalletPath = None,
    hub_endpoint: HubEndpoint = None,
    table: TableName = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, upload and commit nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Announce a table as the subnet's owner: sign and upload it, and commit its digest and activation block.

    --table names the one in force, which the new one is held against. A newer announcement replaces one whose block has
    not come yet.
    """
    settings = read_settings(
        network=network,
        netuid=netuid,
        wallet_name=wallet,
        wallet_hotkey=wallet_hotkey,
        wallet_path=wallet_path,
        hub_endpoint=hub_endpoint,
        table=table,
    )
    order = Order(tables.read(file), repo, Block(activation), tables.load(settings.table))
    actors = open_actors(settings)  # which may ask for a password, and so comes before the spinner
    with waiting(f"announcing a table on netuid {actors.netuid}"):
        publisher = TablePublisher(actors.chain, actors.chain, actors.hub, actors.wallet, actors.netuid)
        told = dataclasses.asdict(publisher.publish(order, dry_run=dry_run))
    say(told, as_json, lambda: in_lines(told))
