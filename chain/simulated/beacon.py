"""The simulated chain's randomness beacon and its timelocks: keyed hashes in the place of curves and pairings.

A round's signature is a function of its number, and whoever has it opens what was sealed to the round. It protects
nothing: the secret lies in the same process.
"""

import hashlib
from dataclasses import dataclass

from chain.embedded.beacon import BeaconClock
from chain.types import BeaconRound, Sealed

OVERHEAD_BYTES = 244
"""A ciphertext is so much longer than its text, as on the real chain."""

_TAG_BYTES = 16
_HEAD_BYTES = OVERHEAD_BYTES - _TAG_BYTES
_SIGNATURE_BYTES = 48


@dataclass(frozen=True, slots=True)
class SimulatedBeacon:
    """Rounds that follow block time."""

    clock: BeaconClock
    secret: bytes

    def signature(self, round_: int, now_ms: int) -> bytes | None:
        """48 bytes; None while chain time has not reached the round."""
        return self._signature(round_) if 1 <= round_ <= self.clock.latest(now_ms) else None

    def seal(self, text: bytes, round_: BeaconRound, number: int) -> Sealed:
        """Lock a text until a round; `number` makes two seals of the same text differ."""
        head = hashlib.shake_256(b"head" + self.secret + number.to_bytes(8, "big")).digest(_HEAD_BYTES)
        key = self._key(round_, head)
        return Sealed(head + _tag(key, text) + _mixed(key, text), round_)

    def opened(self, sealed: Sealed) -> bytes | None:
        """The text; None for what was never sealed to that round."""
        head, rest = sealed.ciphertext[:_HEAD_BYTES], sealed.ciphertext[_HEAD_BYTES:]
        key = self._key(sealed.reveal_round, head)
        text = _mixed(key, rest[_TAG_BYTES:])
        return text if rest[:_TAG_BYTES] == _tag(key, text) else None

    def _key(self, round_: int, head: bytes) -> bytes:
        return hashlib.blake2b(self._signature(round_) + head, digest_size=32).digest()

    def _signature(self, round_: int) -> bytes:
        return hashlib.blake2b(self.secret + round_.to_bytes(8, "big"), digest_size=_SIGNATURE_BYTES).digest()


def _tag(key: bytes, text: bytes) -> bytes:
    return hashlib.blake2b(b"tag" + text, key=key, digest_size=_TAG_BYTES).digest()


def _mixed(key: bytes, data: bytes) -> bytes:
    """The data under a key stream; twice gives it back."""
    stream = hashlib.shake_256(key).digest(len(data))
    return bytes(one ^ other for one, other in zip(data, stream, strict=True))
