"""A round's samples for benchmarks: real text in pairs, of several producers, in a bundle file."""

import random
from datetime import UTC, datetime
from pathlib import Path

from chain.types import Block, BlockHash, Hotkey, NetUid
from evaluation.sources.bundle import Bundle, TaskSamples, write_bundle
from evaluation.sources.content import Pair
from evaluation.sources.sample import Sample
from neurons import corpus

PRODUCERS = 8
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def texts() -> list[str]:
    """All the text there is, some hundred thousand characters."""
    return [*corpus.topics(), *corpus.passages(), *(pair.prompt + pair.reference for pair in corpus.pairs())]


def pairs(number: int, mean_bytes: int, seed: int = 1) -> list[Pair]:
    """So many stretches of text from half to one and a half times `mean_bytes`, cut somewhere into prompt and
    reference."""
    chance = random.Random(seed)
    whole = "\n".join(texts())
    made = []
    for _ in range(number):
        length = round(mean_bytes * chance.uniform(0.5, 1.5))
        start = chance.randrange(len(whole) - length)
        cut = start + round(length * chance.uniform(0.2, 0.6))
        made.append(Pair(whole[start:cut], whole[cut : start + length]))
    return made


def write(contents: list[Pair], path: Path) -> Path:
    """The pairs as the bundle of a round with reference_loss as its one task."""
    samples = []
    for number, content in enumerate(contents):
        producer = Hotkey(f"5{'ABCDEFGH'[number % PRODUCERS] * 47}")
        anchor = Block(1_000 + number), BlockHash(f"0x{number:064x}")
        samples.append(Sample(content, "pydoc", producer, NetUid(2), _MOMENT, *anchor))
    write_bundle(Bundle((TaskSamples("reference_loss", tuple(samples)),)), path)
    return path
