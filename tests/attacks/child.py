"""The real intake of one repository in a process of its own, measured: run as `python -m tests.attacks.child`.

A line of JSON asks for a run, a line answers. Each run is a fork, so that it begins with what a validator has imported
and nothing it does stays.
"""

import json
import os
import resource
import select
import signal
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from chain.types import Hotkey
from hub.folder import FolderHub
from hub.port import RepoFile, RepoInfo, RepoKind
from models.bases import Base, BaseRef
from models.cache import ModelCache
from models.intake import take_in
from models.limits import FREE
from models.ref import ModelRef
from models.rejections import Reason, Rejection
from models.room import NoRoom
from models.vetting import vet
from tests.attacks.honest import LIMITS
from tests.attacks.stand_ins import disable

MAX_BYTES = 1 << 30
"""Memory that a run may have beyond what the idle process has."""


@dataclass(frozen=True, slots=True)
class Job:
    """`way` and `tokenizer` as in Attack; below `root` are hub, repo, cache, and a base where it has a digest.

    `listed` (path → bytes) is what a lying Hub adds.
    """

    root: str
    way: str
    revision: str
    listed: dict[str, int]
    base: str | None = None
    without: tuple[str, ...] = ()
    seconds: float = 30.0
    tokenizer: str = FREE


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run `said`: 'vetted …', 'REASON: detail', 'ERROR: text' or 'killed after N s'.

    Seconds are the processor's, so that they are the same on a busy machine; memory is in bytes.
    """

    said: str
    seconds: float
    peak: int
    idle_growth: int


class LyingHub(FolderHub):
    """A Hub whose listing holds more than its files."""

    def __init__(self, root: Path, listed: dict[str, int]) -> None:
        super().__init__(root, None)
        self._listed = listed

    def describe(self, repo: str, kind: RepoKind, revision: str | None = None) -> RepoInfo:
        info = super().describe(repo, kind, revision)
        return replace(info, files=(*info.files, *(RepoFile(path, size, None) for path, size in self._listed.items())))


def _said(job: Job) -> str:
    root = Path(job.root)
    limits = replace(LIMITS, tokenizer=job.tokenizer)
    disable(job.without)
    if job.way == "folder":
        found = vet(root / "repo", root / "clean", limits)
        return _words(found) if isinstance(found, Rejection) else f"vetted {(root / 'clean/config.json').read_text()}"
    ref = ModelRef("answers", "alice/model", job.revision, "0" * 64)
    hub, cache = LyingHub(root / "hub", job.listed), ModelCache(root / "cache")
    base = Base(BaseRef("owner/base", "b" * 40, job.base), root / "base") if job.base else None
    taken = take_in(hub, ref, Hotkey("alice"), limits, cache, base=(lambda: base) if base else None)
    if isinstance(taken, NoRoom):
        return f"put off: {taken}"
    if not isinstance(taken, Rejection):
        raise AssertionError(f"the digest {taken.digest} was committed by nobody")
    # so that even what passes vetting ends here, unless it ended before
    return f"vetted: {taken.detail}" if taken.reason is Reason.DIGEST else _words(taken)


def _words(refused: Rejection) -> str:
    return f"{refused.reason}: {refused.detail}"


def _run(job: Job, answer: int) -> None:
    """In the fork: bound the memory, run, and write what came of it."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MAX_BYTES,) * 2)
    try:
        said = _said(job)
    except BaseException as error:  # noqa: BLE001 - whatever an attack brings about is the result
        said = f"{type(error).__name__}: {error}"
    os.write(answer, said.encode()[:4_000])


def _measured(job: Job) -> Outcome:
    idle = _resident()
    answers, answer = os.pipe()
    child = os.fork()
    if child == 0:
        _run(job, answer)
        os._exit(0)
    os.close(answer)
    ready, _, _ = select.select([answers], [], [], job.seconds)
    said = os.read(answers, 4_000).decode() if ready else f"killed after {job.seconds:g} s"
    os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    os.close(answers)
    seconds, growth = usage.ru_utime + usage.ru_stime, _resident() - idle
    return Outcome(said or f"died of {status}", seconds, usage.ru_maxrss * 1024, growth)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        print(json.dumps(asdict(_measured(Job(**json.loads(line))))), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
