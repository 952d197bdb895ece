"""Re-keying of the SDK's sealing to an embedded beacon: the one place where the SDK itself is changed.

`bittensor.timelock` and `bittensor.intents.weights` seal to drand's quicknet, whose key is compiled into their core,
and count its rounds by the wall clock. For an embedded chain these names, as seen from those two modules, are replaced:

- `timelock._core`: encrypt_at_round seals to the chain's beacon, decrypt reads the chain's pulse instead of drand's;
- `timelock.time`, `current_round`, `round_at`, `reveal_time`: the present and the rounds are those of chain time;
- `intents.weights._core`: get_encrypted_commit_v2 seals weights to the beacon round of their reveal block.
"""

import time
from datetime import UTC, datetime
from typing import Any

import bittensor_core
from bittensor import timelock
from bittensor.intents import weights

from chain.embedded.beacon_source import BeaconSource, FileBeacon
from chain.embedded.epochs import next_epoch_block
from chain.embedded.metadata import metadata
from chain.embedded.pallet_weights import PAYLOAD_TYPE
from chain.embedded.substrate import EmbeddedSubstrate
from chain.embedded.tlock import CannotOpen, PublicKey, envelope, open_sealed, seal

QUICKNET_KEY = PublicKey(
    bytes.fromhex(
        "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc2"
        "2b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
    )
)
"""The key of drand's quicknet, to which the SDK seals by itself: the default of the runtime's Drand.BeaconConfig."""

_REPLACED = ("_core", "time", "current_round", "round_at", "reveal_time")
_OWN = {name: getattr(timelock, name) for name in _REPLACED}
_OWN_WEIGHTS_CORE = weights._core


def rekey(substrate: EmbeddedSubstrate) -> None:
    """Point this process's SDK at the beacon of a chain file. Again is harmless; the last chain counts."""
    rekey_to(FileBeacon(substrate.node))


def rekey_to(source: BeaconSource) -> None:
    """Point this process's SDK at the beacon of a chain, wherever it is asked; the last chain counts.

    Raises ValueError for quicknet's key: what is sealed for the live chain is sealed by the SDK alone.
    """
    if source.key == QUICKNET_KEY:
        raise ValueError("this chain's beacon is drand's quicknet, to which the SDK seals by itself; leave it so")
    chain_time = _ChainTime(source)
    timelock._core = _TimelockCore(source)
    timelock.time = chain_time
    timelock.current_round = chain_time.current_round
    timelock.round_at = chain_time.round_at
    timelock.reveal_time = chain_time.reveal_time
    weights._core = _WeightsCore(source)


def unkey() -> None:
    """Give the SDK back its own sealing, to quicknet by the wall clock."""
    for name, own in _OWN.items():
        setattr(timelock, name, own)
    weights._core = _OWN_WEIGHTS_CORE


class _ChainTime:
    """What `bittensor.timelock` asks of a clock, told by the chain."""

    def __init__(self, source: BeaconSource) -> None:
        self._source = source
        self._clock = source.clock
        self.monotonic = time.monotonic
        self.sleep = time.sleep

    def time(self) -> float:
        return self._source.head().time_ms / 1000

    def current_round(self, at: float | None = None) -> int:
        return self._clock.latest(self._source.head().time_ms if at is None else at * 1000)

    def round_at(self, when: Any) -> int:
        return self._clock.first_at(timelock._parse_when(when) * 1000)

    def reveal_time(self, reveal_round: int) -> datetime:
        return datetime.fromtimestamp(self._clock.published_ms(reveal_round) / 1000, tz=UTC)


class _Core:
    """The SDK's compiled core, except for what a subclass replaces."""

    def __init__(self, source: BeaconSource) -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:
        return getattr(bittensor_core, name)


class _TimelockCore(_Core):
    def encrypt_at_round(self, data: bytes, reveal_round: int) -> tuple[bytes, int]:
        ciphertext = seal(self._source.key, reveal_round, data)
        return envelope(ciphertext, reveal_round), reveal_round

    def decrypt(self, encrypted_data: bytes, no_errors: bool = True) -> bytes | None:
        round_ = int.from_bytes(encrypted_data[-8:], "little")
        signature = self._source.signature(round_)
        if signature is None:
            return None
        try:
            return open_sealed(encrypted_data, signature)
        except CannotOpen as error:
            if no_errors:
                return None
            raise ValueError(str(error)) from error


class _WeightsCore(_Core):
    def get_encrypted_commit_v2(
        self,
        *,
        uids: list[int],
        weights: list[int],
        version_key: int,
        last_epoch_block: int,
        pending_epoch_at: int,
        tempo: int,
        current_block: int,
        subnet_reveal_period_epochs: int,
        hotkey: bytes,
        **_: object,
    ) -> tuple[bytes, int]:
        """Seal to the newest round published at the first block of the reveal epoch, when the chain first opens it."""
        commit_block = current_block + 1
        turn = next_epoch_block(last_epoch_block, tempo, pending_epoch_at)
        # A commit in the block of a turn belongs to the epoch that begins with it.
        if turn <= commit_block:
            turn = commit_block + tempo
        reveal_block = turn + (subnet_reveal_period_epochs - 1) * tempo
        head = self._source.head()
        ahead_ms = (reveal_block - head.number) * self._source.block_time_ms
        round_ = self._source.clock.latest(head.time_ms + ahead_ms)
        payload = metadata().encode(PAYLOAD_TYPE, (bytes(hotkey), uids, weights, version_key))
        return seal(self._source.key, round_, payload), round_
