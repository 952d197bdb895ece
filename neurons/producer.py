"""A producer of samples: draws real text, anchors and signs it, publishes it as a dataset, and commits a pointer to it.

What was published before is read off the dataset, so a restart repeats nothing. Knows no models.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chain.reader import ChainReader
from chain.signing import Wallet
from chain.types import Block, BlockCount, Head, NetUid, Refused
from chain.writer import ChainWriter
from evaluation.sources import batch
from evaluation.sources.content import Pair, Text
from evaluation.sources.sample import Sample
from evaluation.sources.signed import SignedSample, sign
from hub.port import Hub
from neurons.deck import Deck
from neurons.errors import ProducerError
from neurons.own_entry import require_registered

log = logging.getLogger(__name__)

SOURCE = "pydoc"
_SHORTEST_BACK_OFF_S, _LONGEST_BACK_OFF_S = 0.5, 60.0

CARD = """---
pretty_name: Crucible samples
configs:
- config_name: default
  data_files: batches/*.jsonl
---
Signed samples for Crucible's validators: a batch is one file, named by the root that its producer commits on chain.
Every line is one sample with its producer's signature over the line's other columns.
"""


@dataclass(frozen=True, slots=True)
class Published:
    """One batch on the Hub and on the chain."""

    pointer: batch.BatchPointer
    samples: int
    anchor_block: Block
    commit_block: Block


@dataclass(frozen=True, slots=True)
class Portion:
    """What goes into each batch: so many pairs and texts, and the stocks they are drawn from."""

    pairs: Deck[Pair]
    texts: Deck[str]
    pairs_per_batch: int
    texts_per_batch: int

    def contents(self, number: int) -> tuple[Pair | Text, ...]:
        """What batch number `number` (from 0) is made of."""
        pairs = self.pairs.draw(number * self.pairs_per_batch, self.pairs_per_batch)
        texts = self.texts.draw(number * self.texts_per_batch, self.texts_per_batch)
        return (*pairs, *(Text(text) for text in texts))


@dataclass(frozen=True, slots=True)
class Producer:
    """One hotkey that produces for one subnet into one public dataset repository (`namespace/name`)."""

    reader: ChainReader
    writer: ChainWriter
    hub: Hub
    wallet: Wallet
    netuid: NetUid
    repo: str
    portion: Portion
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def check(self) -> None:
        """Everything that a first batch needs. Raises NeuronError, ChainError and HubError, each with its remedy."""
        if not require_registered(self.reader, self.netuid, self.wallet).permit:
            log.warning(
                "%s has no permit on netuid %d: no validator takes its samples", self.wallet.hotkey, self.netuid
            )
        try:
            batch.encode_pointer(batch.BatchPointer(self.repo, "0" * 40, "0" * 64))
        except ValueError as error:
            raise ProducerError(f"{error}: name another with --repo") from None
        if not self.portion.contents(0):
            raise ProducerError("a batch would hold nothing: ask for more with --pairs and --texts")
        self.hub.create(self.repo, "dataset", private=False)

    def step(self) -> Published | Refused:
        """Make, sign, publish and commit one batch. Raises ChainError and HubError; an upload by then stays unused."""
        info = self.hub.describe(self.repo, "dataset")
        number = sum(file.path.startswith("batches/") for file in info.files)
        anchor = self.reader.finalized()
        samples = self._signed(self.portion.contents(number), anchor)
        root = batch.root_of(samples)
        files = {batch.path_of(root): batch.encode(samples)}
        if all(file.path != "README.md" for file in info.files):
            files["README.md"] = CARD.encode()
        revision = self.hub.upload_files(self.repo, "dataset", files, message=f"Batch {number}")
        pointer = batch.BatchPointer(self.repo, revision, root)
        answer = self.writer.commit(self.netuid, self.wallet, raw=batch.encode_pointer(pointer))
        if isinstance(answer, Refused):
            return answer
        return Published(pointer, len(samples), anchor.number, answer.block)

    def run(self, stop: threading.Event, interval: BlockCount, done: Callable[[Published], None] | None = None) -> None:
        """A step every `interval` blocks until told to stop. A step that fails is logged and repeated after a pause."""
        due, pause_s = Block(0), _SHORTEST_BACK_OFF_S
        while not stop.is_set():
            try:
                rest_s = self.reader.block_time()
                head = self.reader.head()
                if head >= due:
                    self._tell(self.step(), done)
                    due = Block(head + interval)
                pause_s = _SHORTEST_BACK_OFF_S
            except Exception as error:  # noqa: BLE001 - whatever a step meets, the producer goes on
                log.warning("no batch: %s; next attempt in %.1f s", error, pause_s)
                rest_s, pause_s = pause_s, min(_LONGEST_BACK_OFF_S, 2 * pause_s)
            stop.wait(rest_s)

    def _tell(self, outcome: Published | Refused, done: Callable[[Published], None] | None) -> None:
        if isinstance(outcome, Refused):  # mostly for want of space until the next epoch: the interval is pause enough
            log.warning("the chain refused the commitment: %s (%s)", outcome.name, outcome.message)
            return
        log.info("%d samples in %s, committed in block %d", outcome.samples, outcome.pointer.root, outcome.commit_block)
        if done:
            done(outcome)

    def _signed(self, contents: Sequence[Pair | Text], anchor: Head) -> list[SignedSample]:
        moment = self.now().replace(microsecond=0)
        origin = (SOURCE, self.wallet.hotkey, self.netuid, moment, anchor.number, anchor.hash)
        return [sign(Sample(content, *origin), self.wallet) for content in contents]
