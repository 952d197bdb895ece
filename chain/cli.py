"""`crucible chain`: what the chain holds of a subnet, as a table for people or as JSON."""

import json
import os
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from chain.reader import ChainError
from chain.subtensor import SubtensorChain, connect
from chain.types import Commitment, NetUid, Neuron, Unreadable
from console.options import AsJson, Netuid, Network, app_for

app = app_for("Read the chain: weights, commitments and neurons of a subnet.", ChainError)

DEFAULT_NETWORK = "finney"


@app.command()
def weights(network: Network = None, netuid: Netuid = None, as_json: AsJson = False) -> None:
    """Weights that validators set, as the chain holds them: setter's uid, then uid and weight."""
    chain, number = _open(network, netuid)
    rows = chain.weights(number)
    if as_json:
        typer.echo(json.dumps({str(uid): {str(to): weight for to, weight in row.items()} for uid, row in rows.items()}))
        return
    hotkeys = {neuron.uid: neuron.hotkey for neuron in chain.neurons(number)}
    table = Table("setter", "uid", "hotkey", "weight", title=f"weights of netuid {number}")
    for uid, row in sorted(rows.items()):
        for to, weight in sorted(row.items(), key=lambda item: -item[1]):
            table.add_row(str(uid), str(to), hotkeys.get(to, "?"), f"{weight:.4f}")
    Console().print(table)


@app.command()
def commitments(network: Network = None, netuid: Netuid = None, as_json: AsJson = False) -> None:
    """What every hotkey has committed: sealed until when, opened to what."""
    chain, number = _open(network, netuid)
    rows = [_commitment(entry) for entry in chain.commitments(number)]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("hotkey", "block", "state", "clear", "opened", title=f"commitments of netuid {number}")
    for row in rows:
        opened = row["opened"][-1] if row["opened"] else {"block": "", "text": ""}
        table.add_row(
            row["hotkey"], str(row["block"]), row["state"], row["clear"], f"{opened['block']} {opened['text']}"
        )
    Console().print(table)


@app.command()
def neurons(network: Network = None, netuid: Netuid = None, as_json: AsJson = False) -> None:
    """Who holds which uid, with stake and permit."""
    chain, number = _open(network, netuid)
    rows = [_neuron(neuron) for neuron in chain.neurons(number)]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("uid", "hotkey", "coldkey", "stake", "permit", "registered", title=f"neurons of netuid {number}")
    for row in rows:
        table.add_row(*(str(row[key]) for key in ("uid", "hotkey", "coldkey", "stake", "permit", "registered_at")))
    Console().print(table)


def _open(network: str | None, netuid: int | None) -> tuple[SubtensorChain, NetUid]:
    """The chain and subnet that options, or else the environment, name."""
    chosen = os.environ.get("CRUCIBLE_NETUID", "") if netuid is None else str(netuid)
    if not chosen.isdecimal():
        raise ChainError(f"netuid is {chosen!r}: give its number by --netuid or CRUCIBLE_NETUID")
    return connect(network or os.environ.get("CRUCIBLE_NETWORK", DEFAULT_NETWORK)), NetUid(int(chosen))


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
        "clear": _text(entry.raw or b""),
        "opened": [{"block": opened.block, "text": _text(opened.data)} for opened in entry.opened],
    }


def _text(data: bytes) -> str:
    """Strangers' bytes for a terminal: printable text as it is, anything else as hex."""
    text = data.decode("utf-8", errors="replace")
    return text if text.isprintable() else "0x" + data.hex()
