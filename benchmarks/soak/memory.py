"""How much memory a process holds, and how fast that grows."""

import resource
from collections.abc import Sequence
from pathlib import Path

_STATM = Path("/proc/self/statm")
_WARM_UP = 0.25
"""Part of all samples before which nothing is concluded."""


def resident_mb() -> float:
    """Memory of this process in MB; where the system does not tell the present, the most there has been."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def slope(samples: Sequence[tuple[int, float]]) -> float:
    """Growth in MB per 1,000 blocks by least squares, after the warm-up."""
    warm = [(block, mb) for block, mb in samples if block >= samples[-1][0] * _WARM_UP]
    mean_x, mean_y = (sum(column) / len(warm) for column in zip(*warm, strict=True))
    spread = sum((block - mean_x) ** 2 for block, _ in warm)
    return 1_000 * sum((block - mean_x) * (mb - mean_y) for block, mb in warm) / spread if spread else 0.0
