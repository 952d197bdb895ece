"""A producer of samples: draws contents, anchors and signs them, publishes them as a dataset, and commits a pointer.

What was published before is read off the dataset, so a restart repeats nothing. Knows no models, and nothing of where
contents come from.
"""

import logging
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chain.reader import ChainReader
from chain.signing import Wallet
from chain.types import Block, BlockCount, Commitment, Head, NetUid, Refused, space_of
from chain.writer import ChainWriter
from evaluation.sources import batch
from evaluation.sources.sample import Sample
from evaluation.sources.signed import SignedSample, sign
from hub.port import Hub
from neurons.errors import ProducerError
from neurons.own_entry import own_entry, require_registered
from neurons.pauses import Pauses
from neurons.portion import Drawn, Portion
from neurons.sample_dataset import changes, read_index

log = logging.getLogger(__name__)

INTERVAL = BlockCount(50)
NO_SPACE = "SpaceLimitExceeded"
"""The chain's name for: nothing more in this epoch."""


@dataclass(frozen=True, slots=True)
class Published:
    """One batch on the Hub and on the chain."""

    pointer: batch.BatchPointer
    samples: int
    anchor_block: Block
    commit_block: Block


@dataclass(frozen=True, slots=True)
class Upload:
    """One batch on the Hub, of which the chain may not know yet."""

    pointer: batch.BatchPointer
    samples: int
    anchor_block: Block

    def committed(self, block: Block) -> Published:
        """The same once the chain holds its pointer."""
        return Published(self.pointer, self.samples, self.anchor_block, block)


@dataclass(slots=True)
class _Unfinished:
    """What a step that failed leaves to the next one."""

    drawn: tuple[int, tuple[Drawn, ...]] | None = None
    """Contents of a batch (by its number) that is not on the Hub."""
    upload: Upload | None = None
    """A batch that is on the Hub and not known to be on the chain."""


def _fitting(data: bytes) -> bytes:
    if len(data) > batch.MAX_BATCH_BYTES:
        raise ProducerError(
            f"a batch of {len(data)} bytes: validators read {batch.MAX_BATCH_BYTES}, so ask for fewer samples"
        )
    return data


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
    interval: BlockCount = INTERVAL
    """Blocks between two batches. An upload is committed while its anchor is no older than that; then a new one is
    made."""
    keep: int = 200
    """Batches that stand in the newest revision of the dataset."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _unfinished: _Unfinished = field(default_factory=_Unfinished, init=False, repr=False, compare=False)

    def check(self) -> None:
        """Everything that a first batch needs. Raises NeuronError, ChainError and HubError, each with its remedy."""
        if not require_registered(self.reader, self.netuid, self.wallet).permit:
            log.warning(
                "%s has no permit on netuid %d: no validator takes its samples", self.wallet.hotkey, self.netuid
            )
        try:
            size = self._pointer_bytes()
        except ValueError as error:
            raise ProducerError(f"{error}: name another with --repo") from None
        if not 0 < self.portion.size <= batch.MAX_BATCH_LINES:
            raise ProducerError(
                f"a batch would hold {self.portion.size or 'nothing'}: ask for 1 to {batch.MAX_BATCH_LINES} samples "
                "in all with --pairs, --texts and the like"
            )
        self._check_interval(size)
        self.hub.create(self.repo, "dataset", private=False)

    def step(self) -> Published | Refused:
        """Make, sign, publish and commit one batch, or go on with what the last step left. Refused where the chain will
        not have the pointer now; the upload waits for the next step. Raises ChainError, HubError, and ProducerError
        where nothing could be made."""
        upload = self._waiting()
        if upload and (block := self._standing(upload)):  # the commitment landed, only its answer was lost
            return self._finished(upload, block)
        if refused := self._without_room():
            return refused
        upload = upload or self._uploaded()
        answer = self.writer.commit(self.netuid, self.wallet, raw=batch.encode_pointer(upload.pointer))
        return answer if isinstance(answer, Refused) else self._finished(upload, answer.block)

    def run(self, stop: threading.Event, done: Callable[[Published], None] | None = None) -> None:
        """A step every `interval` blocks until told to stop. One that fails is logged and repeated after a pause; one
        for which the chain has no room in this epoch, as soon as it has."""
        due, pauses = Block(0), Pauses()
        while not stop.is_set():
            try:
                rest_s, head = self.reader.block_time(), self.reader.head()
                outcome = self.step() if head >= due else None
                if isinstance(outcome, Refused):
                    rest_s = pauses.refused(outcome, rest_s)
                else:
                    pauses.over()
                if isinstance(outcome, Published):
                    due = Block(head + self.interval)
                    self._tell(outcome, done)
            except Exception as error:  # noqa: BLE001 - whatever a step meets, the producer goes on
                rest_s = pauses.failed(error)
            stop.wait(rest_s)

    def _tell(self, outcome: Published, done: Callable[[Published], None] | None) -> None:
        log.info("%d samples in %s, committed in block %d", outcome.samples, outcome.pointer.root, outcome.commit_block)
        if done:
            done(outcome)

    def _waiting(self) -> Upload | None:
        """The upload that waits for its commitment, unless a new one is due."""
        upload = self._unfinished.upload
        if upload and self.reader.head() - upload.anchor_block > self.interval:
            log.warning("the batch %s was never committed: a new one is made", upload.pointer.root)
            upload = self._unfinished.upload = None
        return upload

    def _standing(self, upload: Upload) -> Block | None:
        """The block in which an upload's pointer was committed; None where it does not stand."""
        entry = own_entry(self.reader, self.netuid, self.wallet.hotkey)
        stands = isinstance(entry, Commitment) and entry.raw == batch.encode_pointer(upload.pointer)
        return entry.block if entry and stands else None

    def _without_room(self) -> Refused | None:
        """What the chain would answer; asked first, so that nothing is made that cannot be committed."""
        room, needed = self.reader.commitment_room(self.netuid, self.wallet.hotkey), space_of(self._pointer_bytes())
        if room.free >= needed:
            return None
        told = f"{room.free} of {room.whole} bytes are left in this epoch and a pointer takes {needed}"
        return Refused(NO_SPACE, f"{told}: the next batch waits for the next epoch")

    def _uploaded(self) -> Upload:
        """A new batch on the Hub. Its anchor is the newest final block once all contents are there."""
        info = self.hub.describe(self.repo, "dataset")
        index = read_index(self.hub, info)
        drawn = self._drawn(index.batches)
        anchor = self.reader.finalized()
        samples = self._signed(drawn, anchor)
        data = _fitting(batch.encode(samples))
        root = batch.root_of(data)
        after, gone = index.with_batch(root, self.keep)
        files = changes(info, after, root, data)
        remove = [batch.path_of(old) for old in gone]
        message = f"Batch {index.batches}"
        revision = self.hub.upload_files(self.repo, "dataset", files, message=message, remove=remove)
        upload = Upload(batch.BatchPointer(self.repo, revision, root), len(samples), anchor.number)
        self._unfinished.drawn, self._unfinished.upload = None, upload
        return upload

    def _drawn(self, number: int) -> tuple[Drawn, ...]:
        """The contents of a batch; those that a failed upload left are not made twice."""
        if not self._unfinished.drawn or self._unfinished.drawn[0] != number:
            drawn = self.portion.drawn(number)
            if not drawn:
                raise ProducerError(f"nothing of the {self.portion.size} contents of batch {number} could be had")
            self._unfinished.drawn = number, drawn
        return self._unfinished.drawn[1]

    def _signed(self, drawn: Sequence[Drawn], anchor: Head) -> list[SignedSample]:
        moment = self.now().replace(microsecond=0)
        origin = (self.wallet.hotkey, self.netuid, moment, anchor.number, anchor.hash)
        return [sign(Sample(one.content, one.source, *origin), self.wallet) for one in drawn]

    def _finished(self, upload: Upload, block: Block) -> Published:
        self._unfinished.upload = None
        return upload.committed(block)

    def _pointer_bytes(self) -> int:
        return len(batch.encode_pointer(batch.BatchPointer(self.repo, "0" * 40, "0" * 64)))

    def _check_interval(self, size: int) -> None:
        room = self.reader.commitment_room(self.netuid, self.wallet.hotkey)
        times = room.times(size)
        if times * self.interval < room.tempo:
            log.warning(
                "a batch every %d blocks is more than the chain takes: an epoch of %d blocks has room for %d pointers "
                "of %d bytes, so batches will wait; give --interval-blocks %d",
                *(self.interval, room.tempo, times, size, math.ceil(room.tempo / max(1, times))),
            )
