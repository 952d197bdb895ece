"""From what a user calls a network to a connected chain: a live network, nodes' addresses, an embedded chain's file."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import bittensor as bt
from bittensor import settings

from chain.connection import Endpoint
from chain.embedded.beacon import BeaconClock
from chain.embedded.errors import ChainFileError
from chain.embedded.rekey import rekey, unkey
from chain.embedded.rpc.beacon import rekey_over_wire
from chain.embedded.rpc.errors import NodeUnreachable
from chain.embedded.substrate import EmbeddedSubstrate
from chain.failover import Lines, Patience
from chain.reader import InvalidNetwork
from chain.subtensor import SubtensorChain

NETWORKS = ("finney", "test", "archive", "local")
"""Live networks by the SDK's names; `local` is a node on this machine."""

_LIVE = ("finney", "test", "archive")
"""Those whose beacon is known without asking; on this machine an embedded chain may be served as well."""

QUICKNET = BeaconClock(bt.timelock.QUICKNET_GENESIS * 1000, bt.timelock.QUICKNET_PERIOD * 1000)
"""When drand's quicknet, the live chain's beacon, publishes its rounds."""

_ADDRESSES = ("ws://", "wss://")


def connect(network: str, archive: str | None = None, patience: Patience | None = None) -> SubtensorChain:
    """Connect to one of NETWORKS, to nodes by their addresses (`wss://A,wss://B`), or to an embedded chain's file.

    Several addresses are of one chain: the next is asked where one fails, and an archive for state that they dropped.
    Raises InvalidNetwork, ChainUnreachable.
    """
    chosen = patience or Patience()
    archives = _addresses(archive, "CRUCIBLE_ARCHIVE") if archive else None
    if network in NETWORKS:
        urls = [settings.resolve_endpoint(network)[1], *settings.default_fallback_endpoints(network)]
        return _nodes(network, urls, archives or settings.default_archive_endpoints(network), chosen)
    if network.startswith(_ADDRESSES):
        urls = _addresses(network, "--network")
        return _nodes(public_name(network), urls, archives or (), chosen)
    return _embedded(network, chosen)


def public_name(network: str) -> str:
    """A network as strangers may see it: no path of this machine, and of an address no more than its host."""
    if network.startswith(_ADDRESSES):
        return ",".join(urlsplit(part.strip()).hostname or "a node" for part in network.split(","))
    return network if network in NETWORKS else "an embedded chain"


def _addresses(text: str, option: str) -> list[str]:
    """Addresses with commas between. Raises InvalidNetwork for anything else among them."""
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        if not _is_address(part):
            raise InvalidNetwork(f"{part!r} is no ws:// or wss:// address of a node: check {option}")
    return parts


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return text.startswith(_ADDRESSES) and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, or a port that is none
        return False


def _nodes(name: str, urls: Sequence[str], archives: Sequence[str], patience: Patience) -> SubtensorChain:
    """Fail-over is ours, so each substrate is bound to one node; only its archives are the SDK's to fall back on."""
    endpoints = [Endpoint(_without_secrets(url), _opening(url, archives)) for url in urls]
    return SubtensorChain(Lines(endpoints, patience), _beacon(() if name in _LIVE else urls), name)


def _beacon(urls: Sequence[str]) -> BeaconClock:
    """Quicknet's, unless the first node that answers serves an embedded chain: then sealing is re-keyed to that one."""
    for url in urls:
        try:
            found = rekey_over_wire(url)
        except NodeUnreachable:
            continue
        return found.clock if found else QUICKNET
    unkey()  # from an embedded chain that this process may have been connected to before
    return QUICKNET


def _without_secrets(url: str) -> str:
    """An address as the operator may find it in a log: neither user nor path, either of which can be a key."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


def _opening(url: str, archives: Sequence[str]) -> Callable[[], object]:
    return partial(bt.RpcSubstrate, url, fallback_endpoints=[], archive_endpoints=list(archives))


def _embedded(network: str, patience: Patience) -> SubtensorChain:
    path = Path(os.path.expanduser(network))  # Path's own raises for the home of nobody
    if not os.path.isfile(path):  # as does its is_file, for a name longer than any file's
        raise InvalidNetwork(
            f"network {network!r} is neither one of {', '.join(NETWORKS)}, nor ws:// addresses, nor the file of an "
            "embedded chain: check --network, or start one with `crucible localnet up`"
        )
    try:
        keyed = EmbeddedSubstrate(path)
    except ChainFileError as error:
        raise InvalidNetwork(str(error)) from error
    rekey(keyed)
    lines = Lines([Endpoint(str(path), partial(EmbeddedSubstrate, path))], patience)
    return SubtensorChain(lines, keyed.node.beacon.clock, str(path))
