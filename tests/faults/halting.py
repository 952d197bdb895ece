"""A validator's process that takes models in, and stops where a test wants to kill it."""

import signal
from collections.abc import Mapping
from pathlib import Path

from models.cache import ModelCache
from tests.faults.fetching import Validator, client

HALTED = "halted"
"""The file, in the validator's folder, that tells that it stopped."""


class HaltsBeforeArrival(ModelCache):
    """Stops for ever when the first model was vetted."""

    def add(self, digest: str, finished: Path) -> Path:  # noqa: ARG002 - ModelCache's signature
        return _halt(finished)


class HaltsAfterArrival(ModelCache):
    """Stops for ever when the first model is in the cache, and nobody was told."""

    def add(self, digest: str, finished: Path) -> Path:
        super().add(digest, finished)
        return _halt(finished)


def _halt(finished: Path) -> Path:
    (finished.parents[3] / HALTED).touch()
    while True:
        signal.pause()


def live(folder: Path, lines: Mapping[str, bytes], endpoint: str, cache: type[ModelCache]) -> None:
    """Take in all that is due."""
    Validator(folder, lines, client(endpoint, folder), cache).turn()
