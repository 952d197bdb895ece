"""The embedded chain's randomness beacon: rounds that follow chain time, and their signatures, made when asked.

A round's signature is a function of the secret in the chain file, but none is served before chain time has reached it.
"""

import hashlib
from dataclasses import dataclass

from chain.embedded.storage import ChainFile
from chain.embedded.tlock import PublicKey, Secret, Signature, sign

PULSES_KEPT = 216_000
"""Rounds of which the chain keeps the pulse; 7.5 days of quicknet's three seconds."""


@dataclass(frozen=True, slots=True)
class BeaconClock:
    """Round r is published at genesis_ms + (r - 1) · period_ms of chain time, as drand counts.

    Moments are rounded to milliseconds: fractions are what floating seconds leave behind.
    """

    genesis_ms: int
    period_ms: int

    def latest(self, time_ms: float) -> int:
        """The newest round published at a moment; 0 before the first."""
        return max(0, (round(time_ms) - self.genesis_ms) // self.period_ms + 1)

    def first_at(self, time_ms: float) -> int:
        """The first round published at or after a moment."""
        return max(1, -((self.genesis_ms - round(time_ms)) // self.period_ms) + 1)

    def published_ms(self, round_: int) -> int:
        """When a round is published."""
        return self.genesis_ms + (round_ - 1) * self.period_ms


@dataclass(frozen=True, slots=True)
class Beacon:
    """The beacon of one chain file."""

    file: ChainFile
    clock: BeaconClock
    key: PublicKey

    def signature(self, round_: int, time_ms: int) -> Signature | None:
        """The signature of a round as of a moment of chain time; None while it is not published, or no longer kept."""
        if not self.oldest(time_ms) <= round_ <= self.clock.latest(time_ms):
            return None
        known = self.file.pulse(round_)
        if known is None:
            known = sign(Secret(int.from_bytes(self.file.meta("beacon_secret"), "big")), round_)
            self.file.add_pulse(round_, known)
        return Signature(known)

    @staticmethod
    def randomness(signature: bytes) -> bytes:
        """A round's randomness, as drand defines it: the sha256 of its signature."""
        return hashlib.sha256(signature).digest()

    def oldest(self, time_ms: int) -> int:
        """The oldest round still kept at a moment."""
        return max(1, self.clock.latest(time_ms) - PULSES_KEPT + 1)
