"""The beacon of a chain that is reached by its address, as the chain itself tells it, and the SDK's re-keying to it.

Asks on connections of its own, one per question: sealing is synchronous and may run on a client's event loop.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from chain.embedded.beacon import BeaconClock
from chain.embedded.metadata import metadata
from chain.embedded.rekey import QUICKNET_KEY, rekey_to, unkey
from chain.embedded.rpc.errors import NodeUnreachable
from chain.embedded.scale import from_hex, plain_bytes, read_bytes, to_hex
from chain.embedded.storage import Header
from chain.embedded.tlock import PublicKey

_PATIENCE_S = 10.0
_ROUND_BYTES = 8


def rekey_over_wire(url: str) -> "WireBeacon | None":
    """Point this process's SDK at the beacon of the embedded chain at an address.

    A chain that does not present itself as an embedded one, or is on drand's quicknet, as every live one is, gets the
    SDK's own sealing back, and None: what a live chain's runtime looks like is not looked into. Raises NodeUnreachable.
    """
    beacon = WireBeacon(url)
    if not beacon.is_embedded() or beacon.key == QUICKNET_KEY:
        unkey()
        return None
    rekey_to(beacon)
    return beacon


class WireBeacon:
    """The beacon of a chain at an address. Everything raises NodeUnreachable."""

    def __init__(self, url: str) -> None:
        self._url = url

    def is_embedded(self) -> bool:
        """Whether the chain says of itself that it is an embedded one."""
        return bool(self._exact)

    @property
    def key(self) -> PublicKey:
        """The beacon's public key."""
        return PublicKey(plain_bytes(self._config["public_key"]))

    @property
    def clock(self) -> BeaconClock:
        """When its rounds are published, to the millisecond, where the pallet's configuration has whole seconds."""
        return BeaconClock(int(self._exact["startMs"]), int(self._exact["roundPeriodMs"]))

    @cached_property
    def block_time_ms(self) -> int:
        """Chain time between two blocks."""
        with self._asking() as node:
            return int.from_bytes(from_hex(node.ask("state_call", "AuraApi_slot_duration", "0x")), "little")

    def head(self) -> Header:
        """The newest block."""
        with self._asking() as node:
            hash_ = node.ask("chain_getBlockHash")
            number = int(node.ask("chain_getHeader", hash_)["number"], 16)
            now = node.storage("Timestamp", "Now", at=hash_)
        return Header(number, from_hex(hash_), int.from_bytes(now or b"", "little"))

    def signature(self, round_: int) -> bytes | None:
        """The pulse of a round as the chain holds it now; None while it has none."""
        with self._asking() as node:
            pulse = node.storage("Drand", "Pulses", round_)
        if pulse is None:
            return None
        # A pulse is its round, its randomness and its signature; decoded, bytes that happen to be text would be lost.
        _, end = read_bytes(pulse, _ROUND_BYTES)
        return read_bytes(pulse, end)[0]

    @cached_property
    def _exact(self) -> dict[str, Any]:
        """What an embedded chain adds to a node's properties; empty on any other."""
        with self._asking() as node:
            return dict((node.ask("system_properties") or {}).get("crucible") or {})

    @cached_property
    def _config(self) -> dict[str, Any]:
        item = metadata().item("Drand", "BeaconConfig")
        with self._asking() as node:
            return dict(metadata().value(item, node.storage("Drand", "BeaconConfig")))

    @contextmanager
    def _asking(self) -> Iterator["_Asking"]:
        """A connection for a few questions; whatever goes wrong on it is a node out of reach."""
        try:
            with connect(self._url, open_timeout=_PATIENCE_S, close_timeout=1, max_size=2**24) as connection:
                yield _Asking(connection)
        except (OSError, WebSocketException, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = str(error) or type(error).__name__
            raise NodeUnreachable(f"the beacon of the chain at {self._url} cannot be asked: {reason}") from error


@dataclass(frozen=True, slots=True)
class _Asking:
    """One question after the other on one connection."""

    connection: Connection

    def ask(self, method: str, *params: object) -> Any:
        """The result of a method. Raises ValueError with the node's words where it gives none."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.connection.send(json.dumps(request))
        response = json.loads(self.connection.recv(_PATIENCE_S))
        if "result" not in response:
            raise ValueError(f"{method} was answered by {json.dumps(response)[:300]}")
        return response["result"]

    def storage(self, pallet: str, name: str, *key: object, at: str | None = None) -> bytes | None:
        """A storage item's SCALE bytes."""
        raw = to_hex(metadata().key(metadata().item(pallet, name), key))
        value = self.ask("state_getStorage", raw, at)
        return None if value is None else from_hex(value)
