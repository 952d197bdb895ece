"""Which samples count: one pipeline for all of a pool, which says for each sample left out which rule it broke. Knows
neither where batches come from nor what is drawn from a pool.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from chain.types import Block, BlockHash, Hotkey
from evaluation.sources.sample import Malformed, Pair, Sample, Text
from evaluation.sources.signed import SignedSample, is_authentic
from evaluation.sources.spec import SourceSpec


class Drop(StrEnum):
    """Why a sample was left out; a sample is counted under the first rule it breaks, in this order."""

    MALFORMED = "malformed"
    """The line is no sample."""
    PRODUCER = "producer"
    """It names another hotkey than the one that committed it, or another subnet than the source's."""
    WINDOW = "window"
    """Its anchor block is outside the round's window: too old, not yet made, or not later than a commit judged."""
    LENGTH = "length"
    """Its prompt, reference or text is longer than the source allows."""
    PHRASE = "phrase"
    """It holds an undesirable phrase."""
    ANCHOR = "anchor"
    """Its anchor hash is not the chain's hash of its anchor block."""
    SIGNATURE = "signature"
    """Its producer did not sign it."""
    DUPLICATE = "duplicate"
    """The same content is in the pool already."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What every sample of a pool is held against."""

    spec: SourceSpec
    after: Block
    """Anchors at or before this block are too old: the end of the age window, or the newest commit judged."""
    until: Block
    """The seed block; later anchors do not count."""
    hash_of: Callable[[Block], BlockHash]
    """The chain's hash of a block of the window; may raise ChainError."""

    @classmethod
    def of(cls, spec: SourceSpec, seed_block: Block, after: Block, hash_of: Callable[[Block], BlockHash]) -> "Rules":
        """The rules of a round: its window is the same for all entrants and opens after every commit judged."""
        return cls(spec, Block(max(seed_block - spec.max_age_blocks, after)), seed_block, hash_of)


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
    if sample.producer != producer or sample.netuid != rules.spec.netuid:
        return Drop.PRODUCER
    if not rules.after < sample.anchor_block <= rules.until:
        return Drop.WINDOW
    texts = _texts(sample)
    if max(len(text.encode()) for text in texts) > rules.spec.max_bytes:
        return Drop.LENGTH
    folded = "\n".join(texts).casefold()
    if any(phrase.casefold() in folded for phrase in rules.spec.phrases):
        return Drop.PHRASE
    if rules.hash_of(sample.anchor_block) != sample.anchor_hash:
        return Drop.ANCHOR
    return None if is_authentic(signed) else Drop.SIGNATURE


def without_duplicates(samples: Iterable[Sample], salt: bytes) -> Sifted:
    """Each content once, sorted by id.

    Of equal contents the one with the lowest sha256(salt ‖ id) stays; with the seed block's hash as the salt, whoever
    copies another's samples cannot arrange to displace them.
    """
    ranked = sorted(samples, key=lambda sample: hashlib.sha256(salt + bytes.fromhex(sample.id)).digest())
    first: dict[Pair | Text, Sample] = {}
    for sample in ranked:
        first.setdefault(sample.content, sample)
    kept = tuple(sorted(first.values(), key=lambda sample: sample.id))
    return Sifted(kept, Counter({Drop.DUPLICATE: len(ranked) - len(kept)}))


def _texts(sample: Sample) -> tuple[str, ...]:
    content = sample.content
    return (content.prompt, content.reference) if isinstance(content, Pair) else (content.text,)
