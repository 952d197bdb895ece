"""How much of a training budget is spent: counted in steps, which is repeatable, and in seconds, which is not."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from neurons.errors import MinerError

_WARM_UP = 0.05
"""Share of the budget over which the learning rate rises."""
_FLOOR = 0.05
"""Share of the learning rate that is left at the end."""


@dataclass(slots=True)
class Budget:
    """At most `steps` optimizer steps and at most `seconds` from `start()` on; None leaves that bound out."""

    steps: int | None
    seconds: float | None = None
    now: Callable[[], float] = time.monotonic
    _started: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        bounds = [bound for bound in (self.steps, self.seconds) if bound is not None]
        if not bounds or min(bounds) <= 0:
            raise MinerError(f"a budget of {self.steps} steps and {self.seconds} s trains nothing: give one above 0")

    def start(self) -> None:
        """Count seconds from now on."""
        self._started = self.now()

    def spent(self, step: int) -> float:
        """Share of the budget used after `step` steps, from 0 to 1, by whichever bound is nearer."""
        by_steps = step / self.steps if self.steps else 0.0
        by_time = (self.now() - self._started) / self.seconds if self.seconds else 0.0
        return min(1.0, max(by_steps, by_time))

    def rate(self, step: int) -> float:
        """Factor of the learning rate: a short linear rise, then a cosine down to a small floor as the budget ends."""
        spent = self.spent(step)
        rise = min(1.0, (spent + _WARM_UP / 10) / _WARM_UP)
        fall = 0.5 * (1 + math.cos(math.pi * spent))
        return rise * (_FLOOR + (1 - _FLOOR) * fall)
