"""`crucible chain`: what the chain holds of a subnet, as a table for people or as JSON."""

import json
import os
from collections.abc import Callable
from typing import Any, TypeVar

import typer
from rich.table import Table

from chain.networks import connect
from chain.printable import printable
from chain.reader import ChainError
from chain.subtensor import SubtensorChain
from chain.types import Commitment, NetUid, Neuron, Unreadable
from console.options import AsJson, Netuid, Network, app_for
from console.showing import show, waiting

app = app_for("Read the chain: weights, commitments and neurons of a subnet.", ChainError)

DEFAULT_NETWORK = "finney"
LARGEST_NETUID = 65535

_Rows = TypeVar("_Rows")


@app.command()
def weights(network: Network = None, netuid: Netuid = None, as_json: AsJson = False) -> None:
    """Weights that validators set, as the chain holds them: setter's uid, then uid and weight."""
    number, held, rows = _read(network, netuid, SubtensorChain.weights)
    if as_json:
        typer.echo(json.dumps({str(uid): {str(to): weight for to, weight in row.items()} for uid, row in rows.items()}))
        return
    hotkeys = {neuron.uid: neuron.hotkey for neuron in held}
    table = Table("setter", "uid", "hotkey", "weight", title=f"weights of netuid {number}")
    for uid, row in sorted(rows.items()):
        for to, weight in sorted(row.items(), key=lambda item: -item[1]):
            table.add_row(str(uid), str(to), hotkeys.get(to, "?"), f"{weight:.4f}")
    show(table)


@app.command()
def commitments(network: Network = None, netuid: Netuid = None, as_json: AsJson = False) -> None:
    """What every hotkey has committed: sealed until when, opened to what."""
    number, _, entries = _read(network, netuid, SubtensorChain.commitments)
    rows = [_commitment(entry) for entry in entries]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("hotkey", "block", "state", "clear", "opened", title=f"commitments of netuid {number}")
    for row in rows:
        opened = row["opened"][-1] if row["opened"] else {"block": "", "text": ""}
        table.add_row(
            row["hotkey"], str(row["block"]), row["state"], row["clear"], f"{opened['block']} {opened['text']}"
        )
    show(table)


@app.command()
def neurons(network: Network = None, netuid: Netuid = None, as_json: AsJson = False) -> None:
    """Who holds which uid, with stake and permit."""
    number, held, _ = _read(network, netuid, lambda _chain, _netuid: None)
    rows = [_neuron(neuron) for neuron in held]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("uid", "hotkey", "coldkey", "stake", "permit", "registered", title=f"neurons of netuid {number}")
    for row in rows:
        table.add_row(*(str(row[key]) for key in ("uid", "hotkey", "coldkey", "stake", "permit", "registered_at")))
    show(table)


def _read(
    network: str | None, netuid: int | None, read: Callable[[SubtensorChain, NetUid], _Rows]
) -> tuple[NetUid, tuple[Neuron, ...], _Rows]:
    """What is read of the subnet that options, or else the environment, name, with its neurons: without it, no rows."""
    chosen = os.environ.get("CRUCIBLE_NETUID", "") if netuid is None else str(netuid)
    if not chosen.isdecimal() or int(chosen) > LARGEST_NETUID:
        raise ChainError(f"netuid is {chosen!r}: give 0 to {LARGEST_NETUID} by --netuid or CRUCIBLE_NETUID")
    number, name = NetUid(int(chosen)), network or os.environ.get("CRUCIBLE_NETWORK", DEFAULT_NETWORK)
    with waiting(f"reading netuid {number} of {name}"):
        chain = connect(name, os.environ.get("CRUCIBLE_ARCHIVE"))
        return number, chain.neurons(number), read(chain, number)


def _neuron(neuron: Neuron) -> dict[str, Any]:
    return {
        "uid": neuron.uid,
        "hotkey": neuron.hotkey,
        "coldkey": neuron.coldkey,
        "stake": neuron.stake,
        "permit": neuron.permit,
        "registered_at": neuron.registered_at,
        "last_update": neuron.last_update,
    }


def _commitment(entry: Commitment | Unreadable) -> dict[str, Any]:
    if isinstance(entry, Unreadable):
        return {"hotkey": entry.hotkey, "block": None, "state": "unreadable", "clear": entry.reason, "opened": []}
    state = "sealed" if entry.sealed else "failed" if entry.failed else "opened" if entry.opened else "clear"
    return {
        "hotkey": entry.hotkey,
        "block": entry.block,
        "state": state,
        "reveal_round": entry.sealed.reveal_round if entry.sealed else None,
        "clear": printable(entry.raw or b""),
        "opened": [{"block": opened.block, "text": printable(opened.data)} for opened in entry.opened],
    }
