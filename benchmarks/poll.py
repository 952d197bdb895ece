"""How long one poll of a whole subnet takes, against asking for each hotkey, where every call takes time to travel.

`scripts/bench poll`; the last line is one JSON object. An embedded chain is asked through a substrate that delays and
counts every call; the requests a node would see are counted by the same poll over a websocket.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import bittensor as bt
import typer
from bittensor_core import Keypair
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.ways.side import Side
from chain.connection import Connection, Endpoint
from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.node import Node
from chain.embedded.root import Root
from chain.embedded.rpc.server import Server
from chain.embedded.substrate import EmbeddedSubstrate
from chain.embedded.tlock import seal
from chain.failover import Lines, Patience
from chain.networks import QUICKNET, connect
from chain.subtensor import SubtensorChain
from chain.types import Coldkey, Commitment, Hotkey, NetUid

NETUID = NetUid(1)
PATIENCE = Patience(read_s=600.0)
LATER = 40
"""Blocks after which what was sealed has opened."""
MAPS = (bt.storage.Commitments.CommitmentOf, bt.storage.Commitments.RevealedCommitments)


@dataclass
class Distant:
    """A substrate that lies so many seconds away, and counts what it is asked."""

    inner: Any
    latency_s: float
    calls: Counter[str] = field(default_factory=Counter)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        if not asyncio.iscoroutinefunction(method):
            return method

        async def asked(*arguments: Any, **options: Any) -> Any:
            self.calls[name] += 1
            await asyncio.sleep(self.latency_s)
            return await method(*arguments, **options)

        return asked


def subnet(path: Path, hotkeys: int) -> tuple[Node, list[str]]:
    """A chain with one subnet on which every hotkey has committed; the hotkeys."""
    node = genesis(path, block_time_s=12.0)
    root = Root(node)
    keys = [Keypair.create_from_uri(f"//miner{number}") for number in range(hotkeys)]
    addresses = [Hotkey(str(key.ss58_address)) for key in keys]
    owner, *others = addresses
    root.create_subnet(NETUID, Coldkey(owner), owner, Hyperparameters(max_uids=max(256, hotkeys)))
    for hotkey in others:
        root.register(NETUID, hotkey, Coldkey(hotkey))
    connection = Connection(Endpoint("the chain's file", lambda: EmbeddedSubstrate(path)), 60)
    sealed = one_seal(node)
    for number, key in track(list(enumerate(keys)), "committing", console=Console(stderr=True)):
        connection.run(partial(commit, number, key, sealed), 60)
    connection.close()
    Author(node).advance(LATER)
    return node, [str(address) for address in addresses]


def one_seal(node: Node) -> dict[str, Any]:
    """A timelocked field that opens a little later; everybody commits the same one, as sealing each takes minutes."""
    head = node.head()
    round_ = node.beacon.clock.first_at(head.time_ms + LATER * node.parameters.block_time_ms // 2)
    return {"TimelockEncrypted": {"encrypted": seal(node.beacon.key, round_, b"p" * 250), "reveal_round": round_}}


async def commit(number: int, key: Keypair, sealed: dict[str, Any], substrate: Any) -> None:
    """A timelocked field and a clear one as long as a hashed pointer, most of them without waiting for a block."""
    raw = f"miner{number}/model:{number:040x}".encode().ljust(120, b".")
    fields = [sealed, {f"Raw{len(raw)}": raw}]
    call = await substrate.compose(bt.calls.Commitments.set_commitment(netuid=NETUID, info={"fields": fields}))
    waits = number % 64 == 63
    await substrate.submit(call, key, wait_for_inclusion=waits, wait_for_finalization=waits)


def at_once(chain: SubtensorChain) -> int:
    """The watch loop's poll; how many commitments it found opened."""
    entries = chain.subnet(NETUID, chain.finalized()).commitments
    return sum(isinstance(entry, Commitment) and len(entry.opened) == 1 for entry in entries)


def one_by_one(connection: Connection, hotkeys: list[str]) -> int:
    """Two calls a hotkey, one after the other; how many commitments were found opened."""

    async def ask(substrate: Any) -> int:
        found = 0
        for hotkey in hotkeys:
            entry, revealed = [await substrate.query(*name, [NETUID, hotkey]) for name in MAPS]
            found += entry is not None and len(revealed or ()) == 1
        return found

    return connection.run(ask, 600)


def requests_on_the_wire(path: Path) -> Counter[str]:
    """What a node is asked during one poll over a connection that stands."""
    server = Server(path)
    chain = connect(server.url, patience=PATIENCE)
    at_once(chain)  # the connection's own start is over, and its caches are as warm as in a running validator
    before = server.requests
    at_once(chain)
    asked = server.requests - before
    chain.close()
    server.close()
    return asked


def main() -> None:
    """Measure both ways in turn and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hotkeys", type=int, default=256)
    parser.add_argument("--latency-ms", type=float, default=20.0, help="time each substrate call takes to travel")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chain"
        node, hotkeys = subnet(path, options.hotkeys)
        distant = Distant(EmbeddedSubstrate(path), options.latency_ms / 1000)
        endpoint = Endpoint("a distant chain", lambda: distant)
        chain = SubtensorChain(Lines([endpoint], PATIENCE), QUICKNET, "distant")
        connection = Connection(endpoint, 60)
        sides = [Side("at once", lambda: at_once(chain)), Side("one by one", lambda: one_by_one(connection, hotkeys))]
        calls = [calls_of(distant, side) for side in sides]
        for _ in track(range(options.repeats), "measuring", console=Console(stderr=True)):
            for side in sides:
                side.measure()
        wire = requests_on_the_wire(path)
        connection.close()
        chain.close()
        node.close()
    report(sides, calls, wire, options)


def calls_of(distant: Distant, side: Side) -> int:
    """How many calls a way takes; the run that counts them also warms both ways up."""
    before = distant.calls.total()
    side.found.add(side.run())
    return distant.calls.total() - before


def report(sides: list[Side[int]], calls: list[int], wire: Counter[str], options: argparse.Namespace) -> None:
    """A table for people, and the figures as the last line. Raises ValueError where a way missed something."""
    if {number for side in sides for number in side.found} != {options.hotkeys}:
        raise ValueError(f"{options.hotkeys} hotkeys committed, and the ways found {[side.found for side in sides]}")
    medians = [statistics.median(side.wall_s) for side in sides]
    table = Table(
        "way", "calls", "wall s", "CPU s", title=f"{options.hotkeys} hotkeys, {options.latency_ms:g} ms a call"
    )
    for side, count, median in zip(sides, calls, medians, strict=True):
        table.add_row(side.name, str(count), f"{median:.3f}", f"{statistics.median(side.cpu_s):.3f}")
    console = Console()
    console.print(table)
    console.print(f"requests of one poll that a node sees: {wire.total()} {dict(wire)}")
    console.print(f"ratio {medians[1] / medians[0]:.1f}")
    figures = {"calls": calls[0], "wire_requests": wire.total(), "ratio": round(medians[1] / medians[0], 1)}
    told = {"hotkeys": options.hotkeys, "latency_ms": options.latency_ms, "repeats": options.repeats}
    typer.echo(json.dumps(figures | told | {"wall_s": [round(median, 4) for median in medians]}))


if __name__ == "__main__":
    main()
