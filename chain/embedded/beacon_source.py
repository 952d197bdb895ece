"""What sealing needs to know of an embedded chain, and how a chain file tells it. Knows nothing of the SDK."""

from dataclasses import dataclass
from typing import Protocol

from chain.embedded.beacon import BeaconClock
from chain.embedded.node import Node
from chain.embedded.storage import Header
from chain.embedded.tlock import PublicKey


class BeaconSource(Protocol):
    """A chain whose beacon things are sealed to; asked in a file, or over a wire."""

    @property
    def key(self) -> PublicKey:
        """The beacon's public key."""
        ...

    @property
    def clock(self) -> BeaconClock:
        """When its rounds are published, in chain time."""
        ...

    @property
    def block_time_ms(self) -> int:
        """Chain time between two blocks."""
        ...

    def head(self) -> Header:
        """The newest block, whose time is the present."""
        ...

    def signature(self, round_: int) -> bytes | None:
        """The pulse of a round as the chain holds it now; None while it has none."""
        ...


@dataclass(frozen=True, slots=True)
class FileBeacon:
    """The beacon of an open chain file."""

    node: Node

    @property
    def key(self) -> PublicKey:
        """The beacon's public key."""
        return self.node.beacon.key

    @property
    def clock(self) -> BeaconClock:
        """When its rounds are published, in chain time."""
        return self.node.beacon.clock

    @property
    def block_time_ms(self) -> int:
        """Chain time between two blocks."""
        return self.node.parameters.block_time_ms

    def head(self) -> Header:
        """The newest block."""
        return self.node.head()

    def signature(self, round_: int) -> bytes | None:
        """The pulse of a round, made where the present has reached it."""
        return self.node.beacon.signature(round_, self.head().time_ms)
