"""What a batch is made of: so much from each stock, in an order that stocks decide. Knows no chain and no Hub."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from evaluation.sources.content import Content, Text
from neurons import corpus
from neurons.deck import Deck, shared_out

CORPUS = "pydoc"
"""What samples from the local corpus say they were made from."""


class Stock(Protocol):
    """Something that contents are drawn from, by position, so that a restarted producer goes on where it was."""

    def draw(self, position: int, count: int) -> Sequence[Content]:
        """The contents number `position` to `position + count` (exclusive) ever drawn; fewer where some cannot be
        had."""
        ...


@dataclass(frozen=True, slots=True)
class Share:
    """One stock's part of every batch, and what its samples say they were made from."""

    stock: Stock
    per_batch: int
    source: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """One content of a batch, and what it was made from."""

    content: Content
    source: str


@dataclass(frozen=True, slots=True)
class Portion:
    """What goes into each batch."""

    shares: tuple[Share, ...]

    @property
    def size(self) -> int:
        """How many contents a batch has where all can be had."""
        return sum(share.per_batch for share in self.shares)

    def drawn(self, number: int) -> tuple[Drawn, ...]:
        """What batch number `number` (from 0) is made of; each content once."""
        found: dict[Content, Drawn] = {}
        for share in self.shares:
            for content in share.stock.draw(number * share.per_batch, share.per_batch):
                found.setdefault(content, Drawn(content, share.source))
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Exercises:
    """A stock without end: procedures take turns, each making a content from 32 bytes of its position's own."""

    procedures: Sequence[Callable[[bytes], Content]]
    seed: str

    def draw(self, position: int, count: int) -> tuple[Content, ...]:
        """See Stock.draw."""
        if not self.procedures:
            return ()
        return tuple(self._made(at) for at in range(position, position + count))

    def _made(self, at: int) -> Content:
        procedure = self.procedures[at % len(self.procedures)]
        return procedure(hashlib.sha256(f"{self.seed}/{at}".encode()).digest())


def corpus_shares(seed: str, pairs: int, texts: int, part: int = 0, parts: int = 1) -> tuple[Share, Share]:
    """So many pairs and texts a batch from the local corpus, or from one part of several that share nothing."""
    stock = shared_out(corpus.pairs(), part, parts), shared_out(tuple(map(Text, corpus.passages())), part, parts)
    return Share(Deck(stock[0], f"{seed}/pairs"), pairs, CORPUS), Share(Deck(stock[1], f"{seed}/texts"), texts, CORPUS)
