"""One of the ways that a benchmark compares: run in turn with the others, measured, and asked what it found."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Found = TypeVar("Found")


@dataclass
class Side(Generic[Found]):
    """A way by its name, and what was measured, one entry a run."""

    name: str
    run: Callable[[], Found]
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    found: set[Found] = field(default_factory=set)

    def measure(self) -> None:
        """Run once."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.found.add(self.run())
        self.wall_s.append(time.perf_counter() - wall)
        self.cpu_s.append(time.process_time() - cpu)

    @property
    def wall(self) -> float:
        """Median of the wall-clock seconds."""
        return statistics.median(self.wall_s)

    @property
    def cpu(self) -> float:
        """Median of the processor's seconds."""
        return statistics.median(self.cpu_s)

    def ratio_to(self, other: "Side[Found]") -> float:
        """Median of the ratios of wall-clock time of runs that followed one another; what slows a machine for seconds
        slows both."""
        return statistics.median(own / others for own, others in zip(self.wall_s, other.wall_s, strict=True))
