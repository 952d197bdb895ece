"""Where two validators' samples of a round differ, and whose samples make the difference.

Pure functions of what each has on record: they read no ledger.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from ledger.pools import PoolReading, ProducerReading
from ledger.samples import RoundSamples

Aspect = Literal[
    "seed",  # they are on different chains, or have other rounds under this number
    "bundle",
    "near_duplicates",
    "source",  # only one of them drew from it; the value is the pool's root
    "proof",
    "pool",
    "producer",  # only one of them knows it; the value is how many samples it gave
    "owner",
    "batch",
    "samples",
    "fault",
    "dropped",
]

Value = str | int | None
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two validators have differently; what one of them lacks altogether is None there."""

    aspect: Aspect
    source: str
    """Name of the source, empty where it is a matter of the whole round."""
    subject: str
    """The producer's hotkey, or the rule under which samples were dropped; empty elsewhere."""
    one: Value
    other: Value


def differences(one: RoundSamples, other: RoundSamples) -> tuple[Difference, ...]:
    """All that two records of one round have differently, the whole before its parts; empty where they agree.

    Pools that either did not record are not compared, and neither are the words of a fault: each host has its own.
    """
    return tuple(_of_rounds(one, other))


def in_words(difference: Difference, one: str, other: str) -> str:
    """A difference as a sentence about two validators by the names given."""
    subject = _SUBJECTS[difference.aspect].format(subject=difference.subject)
    where = f"{difference.source}: " if difference.source else ""
    here, there = (_said(difference.aspect, value) for value in (difference.one, difference.other))
    return f"{where}{subject}: {here} at {one}, {there} at {other}"


_SUBJECTS: Mapping[Aspect, str] = {
    "seed": "seed of the round",
    "bundle": "root of the samples drawn",
    "near_duplicates": "near duplicates passed over",
    "source": "pool",
    "proof": "what stands behind a sample",
    "pool": "root of the pool",
    "producer": "producer {subject}",
    "owner": "coldkey of producer {subject}",
    "batch": "batch of producer {subject}",
    "samples": "samples of producer {subject} in the pool",
    "fault": "samples of producer {subject} left out",
    "dropped": "dropped as {subject}",
}
_LACKING: Mapping[Aspect, str] = {"bundle": "not drawn", "producer": "unknown", "source": "none", "fault": "none"}


def _said(aspect: Aspect, value: Value) -> str:
    if value is None:
        return _LACKING.get(aspect, "not recorded")
    match aspect:
        case "producer":
            return f"{value} samples"
        case "fault":
            return f"all, because {value}"
    return str(value)


def _of_rounds(one: RoundSamples, other: RoundSamples) -> Iterator[Difference]:
    yield from _differing("seed", "", "", one.seed, other.seed)
    yield from _differing("bundle", "", "", one.bundle_root, other.bundle_root)
    if one.pools and other.pools:
        yield from _differing("near_duplicates", "", "", one.near_duplicates, other.near_duplicates)
        ours, theirs = ({pool.source: pool for pool in record.pools} for record in (one, other))
        for name, mine, its in _paired(ours, theirs):
            yield from _of_pools(name, mine, its)


def _of_pools(source: str, one: PoolReading | None, other: PoolReading | None) -> Iterator[Difference]:
    if one is None or other is None:
        yield Difference("source", source, "", one.root if one else None, other.root if other else None)
        return
    yield from _differing("proof", source, "", one.proof, other.proof)
    yield from _differing("pool", source, "", one.root, other.root)
    ours, theirs = ({str(producer.hotkey): producer for producer in pool.producers} for pool in (one, other))
    for hotkey, mine, its in _paired(ours, theirs):
        yield from _of_producers(source, hotkey, mine, its)
    for reason, mine_dropped, its_dropped in _paired(one.dropped, other.dropped):
        yield from _differing("dropped", source, reason, mine_dropped or 0, its_dropped or 0)


def _of_producers(
    source: str, hotkey: str, one: ProducerReading | None, other: ProducerReading | None
) -> Iterator[Difference]:
    if one is None or other is None:
        given = (producer.samples if producer else None for producer in (one, other))
        yield Difference("producer", source, hotkey, *given)
        return
    yield from _differing("owner", source, hotkey, one.coldkey, other.coldkey)
    yield from _differing("batch", source, hotkey, one.batch_root, other.batch_root)
    yield from _differing("samples", source, hotkey, one.samples, other.samples)
    if (one.fault is None) != (other.fault is None):
        yield Difference("fault", source, hotkey, one.fault, other.fault)


def _differing(aspect: Aspect, source: str, subject: str, one: Value, other: Value) -> Iterator[Difference]:
    if one != other:
        yield Difference(aspect, source, subject, one, other)


def _paired(one: Mapping[str, _Item], other: Mapping[str, _Item]) -> Sequence[tuple[str, _Item | None, _Item | None]]:
    """Every name of either with what each has under it, by name."""
    return [(name, one.get(name), other.get(name)) for name in sorted({*one, *other})]
