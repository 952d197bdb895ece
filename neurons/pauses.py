"""How long a producer rests after a step that failed or was refused: growing pauses, or what was asked for."""

import logging
from dataclasses import dataclass

from chain.types import Refused

log = logging.getLogger(__name__)

_SHORTEST_S, _LONGEST_S = 0.5, 60.0
_LONGEST_ASKED_S = 3_600.0
"""Whoever asks for more patience than this is asked again all the same."""


@dataclass(slots=True)
class Pauses:
    """The failures in a row, each told in the log; a refusal that repeats itself is told once."""

    _next_s: float = _SHORTEST_S
    _told: str = ""

    def over(self) -> None:
        """All went well."""
        self._next_s, self._told = _SHORTEST_S, ""

    def failed(self, error: Exception) -> float:
        """Seconds to rest after an error: as long as it asks for (`retry_after_s`), but at least the growing pause."""
        asked_s = min(_LONGEST_ASKED_S, getattr(error, "retry_after_s", None) or 0.0)
        rest_s = max(asked_s, self._growing())
        log.warning("no batch: %s; next attempt in %.1f s", error, rest_s)
        return rest_s

    def refused(self, refused: Refused, block_s: float) -> float:
        """Seconds to rest after a refusal."""
        if refused.name != self._told:
            log.warning("the chain takes no commitment: %s (%s)", refused.name, refused.message)
        self._told = refused.name
        return max(block_s, self._growing())

    def _growing(self) -> float:
        rest_s, self._next_s = self._next_s, min(_LONGEST_S, 2 * self._next_s)
        return rest_s
