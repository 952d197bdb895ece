"""`crucible localnet chain`: make an embedded chain's blocks, change it as its operator, look at, copy and serve it."""

import json
import signal
import threading
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from chain.embedded.accounts import free
from chain.embedded.author import Author
from chain.embedded.errors import EmbeddedChainError
from chain.embedded.inspection import inspect as look
from chain.embedded.root import RAO
from chain.embedded.rpc.server import serving
from chain.embedded.snapshots import restore as put_back
from chain.embedded.snapshots import snapshot as copy
from chain.reader import ChainError
from chain.types import Coldkey, NetUid
from console.options import AsJson, Netuid, WalletPath, app_for, say
from console.showing import show
from localnet.chain_change import changing, coldkey_for, subnet_for
from localnet.chain_choice import File, Home, network_of, opened, path_of
from localnet.chain_tables import tables
from localnet.place import LocalnetError
from localnet.who import find

app = app_for(
    "The embedded chain: make its blocks, change it, look at it.", LocalnetError, EmbeddedChainError, ChainError
)

Whom = Annotated[
    str, typer.Argument(metavar="WHO", help="A person of the network, a wallet as name/hotkey, or an ss58 address.")
]
Tao = Annotated[float, typer.Argument(metavar="TAO", help="An amount of TAO.")]
_NEGATIVE = {"ignore_unknown_options": True}
"""Lets `-5` reach the command, which says what is wrong with it."""


@app.command()
def run(home: Home = None, file: File = None) -> None:
    """Make blocks, one per block time, until SIGTERM or Ctrl-C."""
    with opened(home, file) as node:
        Author(node).run(_asked_to_stop())


@app.command(context_settings=_NEGATIVE)
def fund(
    who: Whom, tao: Tao, home: Home = None, file: File = None, wallet_path: WalletPath = None, as_json: AsJson = False
) -> None:
    """Issue TAO to somebody's coldkey; an address alone is taken for one."""
    whom = find(who, network_of(home, file), wallet_path)
    coldkey = whom.coldkey or Coldkey(whom.hotkey)
    with opened(home, file) as node:
        with changing(node, whom) as root:
            root.fund(coldkey, tao)
        head = node.head()
        balance = free(node.state(head.number, head.time_ms), coldkey) / RAO
    facts = {"coldkey": coldkey, "balance": balance, "block": root.stands_in}
    say(facts, as_json, lambda: f"{whom.name} has {balance:g} TAO since block {root.stands_in} ({coldkey})")


@app.command()
def register(
    who: Whom,
    home: Home = None,
    file: File = None,
    netuid: Netuid = None,
    coldkey: Annotated[
        str | None, typer.Option(metavar="WHO", help="Whose hotkey it is; an address alone belongs to itself.")
    ] = None,
    wallet_path: WalletPath = None,
    as_json: AsJson = False,
) -> None:
    """Give somebody's hotkey a uid without a price; on a full subnet the oldest uid past its immunity."""
    place = network_of(home, file)
    whom = find(who, place, wallet_path)
    owner = find(coldkey, place, wallet_path) if coldkey else None
    with opened(home, file) as node:
        number = subnet_for(node, netuid, whom)
        with changing(node, whom) as root:
            uid = root.register(number, whom.hotkey, coldkey_for(node, whom, owner))
    facts = {"hotkey": whom.hotkey, "netuid": number, "uid": uid, "block": root.stands_in}
    say(facts, as_json, lambda: f"{whom.name} is uid {uid} of netuid {number} since block {root.stands_in}")


@app.command(context_settings=_NEGATIVE)
def stake(
    who: Whom,
    tao: Tao,
    home: Home = None,
    file: File = None,
    netuid: Netuid = None,
    wallet_path: WalletPath = None,
    as_json: AsJson = False,
) -> None:
    """Put new stake behind somebody's hotkey; a permit follows at the subnet's next epoch."""
    whom = find(who, network_of(home, file), wallet_path)
    with opened(home, file) as node:
        number = NetUid(0) if netuid == 0 else subnet_for(node, netuid, whom)
        with changing(node, whom) as root:
            root.stake(number, whom.hotkey, tao)
    facts = {"hotkey": whom.hotkey, "netuid": number, "added": tao, "block": root.stands_in}
    say(facts, as_json, lambda: f"{tao:g} TAO more behind {whom.name} on netuid {number} since block {root.stands_in}")


@app.command()
def advance(
    blocks: Annotated[int, typer.Argument(help="How many.", min=1)] = 1,
    home: Home = None,
    file: File = None,
    as_json: AsJson = False,
) -> None:
    """Make blocks at once, thousands a second; a running author goes on from there."""
    with opened(home, file) as node:
        head = Author(node).travel(blocks)
    say({"block": head.number, "hash": "0x" + head.hash.hex()}, as_json, lambda: f"the head is block {head.number}")


@app.command()
def inspect(
    home: Home = None,
    file: File = None,
    block: Annotated[int | None, typer.Option(help="A block; the head unless given.", min=0)] = None,
    as_json: AsJson = False,
) -> None:
    """Show a block: time, subnets, neurons, commitments with their rounds, events; and what waits in the pool."""
    with opened(home, file) as node:
        seen = look(node, block)
    if as_json:
        typer.echo(json.dumps(asdict(seen), default=str))
    else:
        show(*tables(seen))


@app.command()
def snapshot(
    to: Annotated[Path, typer.Argument(metavar="FILE", help="Where to put the copy; nothing may be there.")],
    home: Home = None,
    file: File = None,
    as_json: AsJson = False,
) -> None:
    """Copy the chain at its present state, while it goes on."""
    head = copy(path_of(home, file), to)
    say({"file": str(to), "block": head.number}, as_json, lambda: f"{to} holds the chain up to block {head.number}")


@app.command()
def restore(
    taken: Annotated[Path, typer.Argument(metavar="FILE", help="A snapshot of this chain.")],
    home: Home = None,
    file: File = None,
    as_json: AsJson = False,
) -> None:
    """Put the chain back to a snapshot; it goes on with other blocks, under whoever has it open."""
    head = put_back(taken, path_of(home, file))
    say({"file": str(taken), "block": head.number}, as_json, lambda: f"the head is block {head.number} again")


@app.command()
def serve(
    home: Home = None,
    file: File = None,
    port: Annotated[int, typer.Option(help="Port of 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 9944,
) -> None:
    """Answer as a node over websocket until SIGTERM or Ctrl-C; blocks come from `run` or `advance`."""
    with serving(path_of(home, file), port=port) as address:
        typer.echo(address)
        _asked_to_stop().wait()


def _asked_to_stop() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop
