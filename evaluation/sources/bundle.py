"""A round's samples: drawn from a pool by the seed alone, named by a Merkle root, kept in one canonical file that is
written whole or not at all and verified when read. Knows neither sources nor scores.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.types import Coldkey, Hotkey
from evaluation.sources.held import Cause, Held
from evaluation.sources.merkle import root
from evaluation.sources.pool import Pool
from evaluation.sources.sample import Malformed, Sample, from_line
from evaluation.sources.shares import Parts, equal_parts
from evaluation.tasks.spec import KIND_OF_TASK, SampleKind, TaskName, TaskSpec
from models.strict_json import BadJson, compact, parse_object

VERSION = "crucible/bundle/2"


class BundleCorrupt(Exception):
    """A bundle file does not hold what it, or whoever reads it, says; delete it, and it is drawn again."""


@dataclass(frozen=True, slots=True)
class TaskSamples:
    """The samples of one task, in the round's order."""

    task: TaskName
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """The samples of a round, task by task in the table's order."""

    tasks: tuple[TaskSamples, ...]

    @property
    def root(self) -> str:
        """Merkle root over task name and sample id, in order: it names the samples, their tasks and their order."""
        return root(f"{entry.task}\0{sample.id}".encode() for entry in self.tasks for sample in entry.samples)

    def of(self, task: TaskName) -> tuple[Sample, ...]:
        """The samples of a task. Raises KeyError for a task the bundle was not drawn for."""
        return {entry.task: entry.samples for entry in self.tasks}[task]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A round's bundle, and how many samples were passed over beside nearly equal ones.

    `makers` has for each task, in the bundle's order, the coldkey of each sample's producer, "" for what nobody made.
    """

    bundle: Bundle
    near_duplicates: int
    makers: Mapping[str, tuple[Coldkey, ...]]


def draw(pools: Mapping[str, Pool], tasks: Sequence[TaskSpec], seed: bytes) -> Drawn | Held:
    """The round's bundle: for each task its number of samples of its kind, in equal parts per coldkey, from the pool of
    the source it names.

    A function of the seed and the pools' samples, whatever order they came in. Held where fewer than the pool's
    `min_producers` coldkeys can fill their part. Raises KeyError for a source without a pool.
    """
    drawn: list[TaskSamples] = []
    makers: dict[str, tuple[Coldkey, ...]] = {}
    passed = 0
    for task in tasks:
        parts = _parts(pools[task.source], task, seed)
        if isinstance(parts, Held):
            return parts
        drawn.append(TaskSamples(task.name, parts.samples))
        owner = _owners(pools[task.source])
        makers[task.name] = tuple(_maker(sample, owner) for sample in parts.samples)
        passed += parts.near_duplicates
    return Drawn(Bundle(tuple(drawn)), passed, makers)


def write_bundle(bundle: Bundle, path: Path) -> None:
    """Put the bundle's canonical file at `path`, making its folder. A kill leaves the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".bundle-") as arriving:
        whole = Path(arriving, path.name)
        with whole.open("wb") as file:
            file.write(encode(bundle))
            file.flush()
            os.fsync(file.fileno())
        os.replace(whole, path)


def read_bundle(path: Path, root: str | None = None) -> Bundle:
    """The bundle of a file, verified against the root the file states and against `root` if given.

    Raises BundleCorrupt unless every byte is as `encode` writes it, and FileNotFoundError where there is none.
    """
    data = path.read_bytes()
    try:
        bundle = _decode(data)
    except (ValueError, KeyError, TypeError) as error:
        raise BundleCorrupt(f"{path} is no bundle ({error}): delete it, and it is drawn again") from error
    if encode(bundle) != data or root not in (None, bundle.root):
        raise BundleCorrupt(
            f"{path} holds samples with the root {bundle.root}, not {root or 'the one it states'}: "
            "delete it, and it is drawn again"
        )
    return bundle


def encode(bundle: Bundle) -> bytes:
    """The canonical file: a header line with root, tasks and their numbers of samples, then the samples' own lines."""
    tasks = [[entry.task, len(entry.samples)] for entry in bundle.tasks]
    header = compact({"version": VERSION, "root": bundle.root, "tasks": tasks})
    samples = (sample.canonical_bytes for entry in bundle.tasks for sample in entry.samples)
    return b"".join(line + b"\n" for line in (header, *samples))


def _decode(data: bytes) -> Bundle:
    header, *lines = data.split(b"\n")[:-1]
    samples = tuple(_sample(line) for line in lines)
    tasks: list[TaskSamples] = []
    start = 0
    for task, number in _header(header)["tasks"]:
        tasks.append(TaskSamples(_known(task), samples[start : start + number]))
        start += number
    return Bundle(tuple(tasks))


def _header(line: bytes) -> dict[str, Any]:
    header = parse_object(line)
    if isinstance(header, BadJson):
        raise ValueError(f"its header {header.reason}")
    return header


def _known(name: str) -> TaskName:
    for task in KIND_OF_TASK:
        if task == name:
            return task
    raise ValueError(f"no task is called {name!r}")


def _sample(line: bytes) -> Sample:
    sample = from_line(line)
    if isinstance(sample, Malformed):
        raise ValueError(sample.reason)
    return sample


def _parts(pool: Pool, task: TaskSpec, seed: bytes) -> Parts | Held:
    groups = _by_coldkey(pool, KIND_OF_TASK[task.name])
    parts = equal_parts(groups, task.samples, pool.min_producers, seed, pool.near_duplicate)
    if parts is not None:
        return parts
    sizes = ", ".join(map(str, sorted(map(len, groups.values()), reverse=True)))
    return Held(
        Cause.TOO_FEW,
        f"{task.name} needs {task.samples} samples in equal parts of at least {pool.min_producers} producers, no two "
        f"nearly the same; those at hand have {sizes or 'none'}",
    )


def _by_coldkey(pool: Pool, kind: SampleKind) -> dict[Coldkey, list[Sample]]:
    """Samples of a kind by whoever owns their producer; what has none is one group."""
    owner = _owners(pool)
    groups: dict[Coldkey, list[Sample]] = {}
    for sample in pool.samples:
        if sample.kind == kind:
            groups.setdefault(_maker(sample, owner), []).append(sample)
    return groups


def _owners(pool: Pool) -> dict[Hotkey, Coldkey]:
    return {producer.hotkey: producer.coldkey for producer in pool.producers}


def _maker(sample: Sample, owner: Mapping[Hotkey, Coldkey]) -> Coldkey:
    return Coldkey("") if sample.producer is None else owner[sample.producer]
