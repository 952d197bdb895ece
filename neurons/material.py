"""What there is to train on: the samples that producers have published so far, read from their datasets on the Hub.

Any miner can do this; nothing here is privileged. Loads no torch.
"""

from collections.abc import Callable, Iterator, Sequence

from chain.reader import ChainReader
from chain.types import Commitment, Unreadable
from competitions.spec import Competition
from evaluation.sources import batch
from evaluation.sources.content import Pair, Text
from evaluation.sources.signed import SignedSample, is_authentic
from evaluation.sources.spec import SignedBatchesSpec
from evaluation.tasks.spec import KIND_OF_TASK, SampleKind
from hub.port import Hub


def kinds_of(competition: Competition) -> frozenset[SampleKind]:
    """Which kinds of samples a competition scores."""
    return frozenset(KIND_OF_TASK[task.name] for task in competition.tasks)


def published_datasets(chain: ChainReader, competition: Competition) -> tuple[str, ...]:
    """Dataset repositories that qualified producers of a competition's sources have committed, sorted."""
    repos: set[str] = set()
    for source in competition.sources:
        if isinstance(source.spec, SignedBatchesSpec):
            repos |= _committed(chain, source.spec)
    return tuple(sorted(repos))


def gather(
    hub: Hub,
    datasets: Sequence[str],
    kinds: frozenset[SampleKind],
    report: Callable[[int, int], None] | None = None,
) -> tuple[Pair | str, ...]:
    """Distinct pairs and texts of these kinds in all batches of the datasets, in an order that depends on them alone.

    Unreadable lines and samples without their producer's signature are left out. `report` hears how many batches of how
    many were read. Raises HubError.
    """
    places = [(repo, revision, path) for repo in datasets for revision, path in _batches(hub, repo)]
    found: set[Pair | str] = set()
    for done, (repo, revision, path) in enumerate(places, start=1):
        for signed in _samples(hub, repo, revision, path):
            match signed.sample.content:
                case Pair() as pair if "pair" in kinds:
                    found.add(pair)
                case Text(text) if "text" in kinds:
                    found.add(text)
        if report:
            report(done, len(places))
    return tuple(sorted(found, key=repr))


def _committed(chain: ChainReader, spec: SignedBatchesSpec) -> set[str]:
    able = {n.hotkey for n in chain.neurons(spec.netuid) if n.permit and n.stake >= spec.min_stake}
    repos = {_repo(entry) for entry in chain.commitments(spec.netuid) if entry.hotkey in able}
    return {repo for repo in repos if repo}


def _batches(hub: Hub, repo: str) -> list[tuple[str, str]]:
    info = hub.describe(repo, "dataset")
    return [(info.revision, file.path) for file in info.files if file.path.startswith("batches/")]


def _samples(hub: Hub, repo: str, revision: str, path: str) -> Iterator[SignedSample]:
    for line in batch.decode(hub.read(repo, "dataset", revision, path, max_bytes=batch.MAX_BATCH_BYTES)):
        if isinstance(line, SignedSample) and is_authentic(line):
            yield line


def _repo(entry: Commitment | Unreadable) -> str | None:
    pointer = batch.decode_pointer(entry.raw) if isinstance(entry, Commitment) and entry.raw is not None else None
    return pointer.repo if isinstance(pointer, batch.BatchPointer) else None
