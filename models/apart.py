"""Vetting in a process of its own, bounded in memory, time and bytes written: what a stranger's files do to a process
ends with that process. It knows neither where the files come from nor what vetting looks at.
"""

import ctypes
import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from models.bases import Base, BaseDamaged
from models.limits import ModelLimits
from models.rejections import Rejection
from models.vetting import Vetted, vet

_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
_WRITTEN_BEYOND = 64 << 20  # a clean tokenizer and header may be longer than those they were made from
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one vetting may take: bytes of memory beyond those of the idle process, and seconds, more by size."""

    memory_bytes: int = 1 << 30
    seconds: float = 10.0
    bytes_per_second: float = 20e6

    def deadline_s(self, size: int) -> float:
        """Seconds for files of `size` bytes, as slow a disk as may be."""
        return self.seconds + size / self.bytes_per_second


class VettingFailed(Exception):
    """Vetting ended without a word, late, or by a defect of ours: no verdict on the model, so come back to it."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What the process is told, as JSON on its standard input."""

    source: str
    into: str
    limits: ModelLimits
    memory_bytes: int
    base: Base | None


@dataclass(frozen=True, slots=True)
class _Damaged:
    """The answer where a base is not what it was, which is no verdict."""

    damage: str


_ORDER = TypeAdapter(_Order)
_ANSWER: TypeAdapter[Vetted | Rejection | _Damaged] = TypeAdapter(Vetted | Rejection | _Damaged)


def vet_apart(
    source: Path, into: Path, limits: ModelLimits, bounds: Bounds | None = None, *, base: Base | None = None
) -> Vetted | Rejection:
    """As `vet`, in a process without our environment that dies with us, at its bounds, or when it is done.

    The kernel ends it with the thread that called. Raises VettingFailed where no answer comes; `into` may then hold a
    part, and is to be thrown away. Raises BaseDamaged.
    """
    bounds = bounds or Bounds()
    order = _Order(str(source.absolute()), str(into.absolute()), limits, bounds.memory_bytes, base)
    size = sum(entry.lstat().st_size for entry in source.iterdir())
    deadline = bounds.deadline_s(size + 2 * base.size if base else size)  # a merged model is written twice
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "models.apart"],
            input=_ORDER.dump_json(order),
            capture_output=True,
            timeout=deadline,
            env=environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise VettingFailed(f"vetting {source.name} took more than {deadline:.3g} s and was killed") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise VettingFailed(f"vetting {source.name} ended with status {done.returncode}, last words: {last[:200]!a}")
    told, _, sketch = done.stdout.partition(b"\n")
    answer = _ANSWER.validate_json(told)
    if isinstance(answer, _Damaged):
        raise BaseDamaged(answer.damage)
    return replace(answer, sketch=sketch) if isinstance(answer, Vetted) else answer


def environment() -> dict[str, str]:
    """No token, no home, no endpoint, and one thread for arithmetic: more would take address space."""
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        "HOME": os.devnull,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _bound(order: _Order) -> None:
    """Hold this process to its bounds from now on."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + order.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    written = max(order.limits.max_repo_bytes, order.base.size if order.base else 0) + _WRITTEN_BEYOND
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(order: _Order) -> Vetted | Rejection | _Damaged:
    try:
        return vet(Path(order.source), Path(order.into), order.limits, base=order.base)
    except BaseDamaged as error:
        return _Damaged(str(error))


def main() -> None:
    """In the process: read the order, vet within bounds, and write the answer: a line of JSON, then a sketch."""
    # before reading: with a parent that died earlier the order is cut short, and that ends us too
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    order = _ORDER.validate_json(sys.stdin.buffer.read())
    _bound(order)
    answer = _answer(order)
    sketch = answer.sketch if isinstance(answer, Vetted) else b""
    told = replace(answer, sketch=b"") if isinstance(answer, Vetted) else answer
    sys.stdout.buffer.write(_ANSWER.dump_json(told) + b"\n" + sketch)


if __name__ == "__main__":
    main()
