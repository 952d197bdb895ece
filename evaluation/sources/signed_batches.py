"""The default source: for each qualified producer the batch whose pointer stood on chain at the seed block, fetched
from its Hub dataset at the pinned revision. Knows no tasks and draws nothing.
"""

import contextlib
import hashlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from chain.types import Block, Commitment, Hotkey, Neuron
from evaluation.sources import batch
from evaluation.sources.batch import BatchPointer, decode_pointer, encode_pointer
from evaluation.sources.doors import Doors
from evaluation.sources.drops import Drop
from evaluation.sources.filters import Rules, sift
from evaluation.sources.held import Cause, Held
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool, Producer
from evaluation.sources.pooling import pooled
from evaluation.sources.qualified import qualified
from evaluation.sources.sample import Sample
from evaluation.sources.spec import SignedBatchesSpec
from hub.port import Denied, HubError, InvalidName, NotFound, RateLimited, TooLarge

MAX_BATCH_BYTES = 16_000_000
_AT_ONCE = 4
"""Batches fetched side by side."""

_KEPT_BYTES = 4_000_000_000

Fetched = batch.Lines | batch.Faulty


class SignedBatches:
    """Reads pools from the chain's state at a seed block and the Hub's files at pinned revisions."""

    def __init__(self, doors: Doors) -> None:
        self._chain = doors.chain
        self._hub = doors.hub
        self._store = doors.batches

    def pool(self, spec: SignedBatchesSpec, occasion: Occasion) -> Pool | Held:
        """See Source.pool. Held where the Hub does not answer, where a batch is not to be found while the round still
        has patience, and where too few producers have usable samples."""
        pointers = self._committed(spec, occasion.seed_block)
        neurons, turned = qualified(self._chain, spec, occasion.seed_block, pointers)
        fetched = self._all([pointers[neuron.hotkey] for neuron in neurons])
        self._store.prune(_KEPT_BYTES)
        if isinstance(fetched, Held):
            return fetched
        missing = [answer for answer in fetched if isinstance(answer, batch.Faulty) and not answer.lasting]
        if missing and not occasion.has_waited(spec.patience_blocks, self._chain.head()):
            until = occasion.seed_block + spec.patience_blocks
            return Held(Cause.WITHHELD, f"{missing[0].cause}; the round waits for it until block {until}")
        read = [(neuron, pointers[neuron.hotkey], answer) for neuron, answer in zip(neurons, fetched, strict=True)]
        return self._pooled(spec, occasion, read, turned)

    def _committed(self, spec: SignedBatchesSpec, seed_block: Block) -> dict[Hotkey, BatchPointer]:
        """Every batch pointer that stood on chain at the seed block."""
        return {
            commitment.hotkey: pointer
            for commitment in self._chain.commitments(spec.netuid, seed_block)
            if isinstance(commitment, Commitment) and commitment.raw is not None
            if isinstance(pointer := decode_pointer(commitment.raw), BatchPointer)
        }

    def _all(self, pointers: Sequence[BatchPointer]) -> list[Fetched] | Held:
        """What each pointer names, in their order; a Hub that fails at one of them is not asked for the rest."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="batches") as threads:
            answers: list[Fetched] = []
            for answer in threads.map(self._lines, pointers):
                if isinstance(answer, Held):
                    threads.shutdown(wait=False, cancel_futures=True)
                    return answer
                answers.append(answer)
            return answers

    def _lines(self, pointer: BatchPointer) -> Fetched | Held:
        """The batch a pointer names, once its bytes have given its root; from the store where it was read before."""
        key = hashlib.sha256(encode_pointer(pointer)).hexdigest()  # not the root, which others may have committed too
        known = self._store.get(key)
        if known is not None:
            if not isinstance(lines := batch.verified(known, pointer.root), batch.Faulty):
                return lines
            self._store.drop(key)
        data = self._fetched(pointer)
        if not isinstance(data, bytes):
            return data
        lines = batch.verified(data, pointer.root)
        if isinstance(lines, batch.Faulty):
            return batch.Faulty(f"{pointer.repo}: {lines.cause}")
        self._store.put(key, data)
        return lines

    def _fetched(self, pointer: BatchPointer) -> bytes | batch.Faulty | Held:
        path = batch.path_of(pointer.root)
        try:
            return self._hub.read(pointer.repo, "dataset", pointer.revision, path, max_bytes=MAX_BATCH_BYTES)
        except NotFound as error:
            return batch.Faulty(f"{type(error).__name__}: {error}", lasting=False)
        except Denied as error:
            return (
                batch.Faulty(f"Denied: {error}", lasting=False)
                if self._is_known(pointer)
                else self._held(pointer, error)
            )
        except (TooLarge, InvalidName) as error:
            return batch.Faulty(f"{type(error).__name__}: {error}")
        except HubError as error:
            return self._held(pointer, error)

    def _held(self, pointer: BatchPointer, error: HubError) -> Held:
        cause = Cause.RATE_LIMITED if isinstance(error, RateLimited) else Cause.UNREACHABLE
        return Held(cause, f"the batch of {pointer.repo} cannot be had: {type(error).__name__}: {error}")

    def _is_known(self, pointer: BatchPointer) -> bool:
        """Whether the Hub takes our token, or asks for none, so that what it denies is the producer's to mend."""
        for ask in (self._hub.whoami, lambda: self._hub.describe(pointer.repo, "dataset", pointer.revision)):
            with contextlib.suppress(HubError):
                ask()
                return True
        return False

    def _pooled(
        self,
        spec: SignedBatchesSpec,
        occasion: Occasion,
        read: Sequence[tuple[Neuron, BatchPointer, Fetched]],
        turned: Counter[Drop],
    ) -> Pool | Held:
        rules = Rules.of(spec, occasion, cache(self._chain.block_hash))
        samples: list[Sample] = []
        producers: list[Producer] = []
        counts: Counter[str] = Counter(turned)
        for neuron, pointer, lines in read:
            fault = lines.cause if isinstance(lines, batch.Faulty) else None
            producers.append(Producer(neuron.hotkey, neuron.coldkey, pointer.root, 0, fault))
            if isinstance(lines, tuple):
                sifted = sift(lines, neuron.hotkey, rules)
                samples += sifted.samples
                counts += sifted.dropped
            else:
                counts[Drop.FAULTY] += 1
        return pooled(spec, rules, samples, producers, counts)
