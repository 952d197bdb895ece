"""Which samples count: one pipeline for all of a pool, which says for each sample left out which rule it broke. Knows
neither where batches come from nor what is drawn from a pool.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from chain.types import Block, BlockHash, Coldkey, Hotkey, NetUid
from evaluation.sources.content import Content
from evaluation.sources.drops import Drop
from evaluation.sources.occasion import Occasion
from evaluation.sources.sample import Malformed, Sample
from evaluation.sources.screening import Screening
from evaluation.sources.signed import SignedSample, is_authentic
from evaluation.sources.spec import Produced


@dataclass(frozen=True, slots=True)
class Rules:
    """What every sample of a pool is held against."""

    netuid: NetUid
    screening: Screening
    after: Block
    """Anchors at or before this block are too old: the end of the age window, or the newest commit judged."""
    until: Block
    """The seed block; later anchors do not count."""
    hash_of: Callable[[Block], BlockHash]
    """The chain's hash of a block of the window; may raise ChainError."""

    @classmethod
    def of(cls, spec: Produced, occasion: Occasion, hash_of: Callable[[Block], BlockHash]) -> "Rules":
        """The rules of a round: its window is the same for all entrants and opens after every commit judged."""
        after = Block(max(occasion.seed_block - spec.max_age_blocks, occasion.youngest_commit))
        return cls(spec.netuid, Screening(spec.screen), after, occasion.seed_block, hash_of)


@dataclass(frozen=True, slots=True)
class Sifted:
    """What is left of some samples, and how many each rule took."""

    samples: tuple[Sample, ...]
    dropped: Counter[Drop]


def sift(lines: Iterable[SignedSample | Malformed], producer: Hotkey, rules: Rules) -> Sifted:
    """One producer's batch through every rule but the last; duplicates are a matter of the whole pool."""
    kept: list[Sample] = []
    dropped: Counter[Drop] = Counter()
    for line in lines:
        broken = broken_rule(line, producer, rules)
        if broken is not None:
            dropped[broken] += 1
        elif isinstance(line, SignedSample):
            kept.append(line.sample)
    return Sifted(tuple(kept), dropped)


def broken_rule(signed: SignedSample | Malformed, producer: Hotkey, rules: Rules) -> Drop | None:
    """The first rule a line breaks, cheap rules first: a flood costs no signature checks."""
    if isinstance(signed, Malformed):
        return Drop.MALFORMED
    sample = signed.sample
    if sample.producer != producer or sample.netuid != rules.netuid:
        return Drop.PRODUCER
    if sample.anchor_block is None or not rules.after < sample.anchor_block <= rules.until:
        return Drop.WINDOW
    if broken := rules.screening.broken(sample.content):
        return broken
    if rules.hash_of(sample.anchor_block) != sample.anchor_hash:
        return Drop.ANCHOR
    if not is_authentic(signed):
        return Drop.SIGNATURE
    return Drop.LANGUAGE if rules.screening.is_foreign(sample.content) else None


def without_duplicates(samples: Iterable[Sample], owners: Mapping[Hotkey, Coldkey], salt: bytes) -> Sifted:
    """Each content once, sorted by id.

    Of one owner's equal contents the lowest id stays, and of those the one with the lowest sha256(salt ‖ id). With the
    seed block's hash as the salt, whoever copies another's samples cannot arrange to displace them, and however many
    copies it makes, it has one chance among the owners.
    """
    first: dict[Content, Sample] = {}
    equal: dict[Content, list[Sample]] = {}
    for sample in samples:
        other = first.setdefault(sample.content, sample)
        if other is not sample:
            equal.setdefault(sample.content, [other]).append(sample)
    first |= {content: _one_of(copies, owners, salt) for content, copies in equal.items()}
    kept = tuple(sorted(first.values(), key=lambda sample: sample.id))
    return Sifted(kept, Counter({Drop.DUPLICATE: sum(map(len, equal.values())) - len(equal)}))


def _one_of(copies: Sequence[Sample], owners: Mapping[Hotkey, Coldkey], salt: bytes) -> Sample:
    lowest: dict[Coldkey | None, Sample] = {}
    for sample in sorted(copies, key=lambda sample: sample.id):
        lowest.setdefault(owners[sample.producer] if sample.producer else None, sample)
    return min(lowest.values(), key=lambda sample: hashlib.sha256(salt + bytes.fromhex(sample.id)).digest())
