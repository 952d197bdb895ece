"""The default source: for each qualified producer the batch whose pointer stood on chain at the seed block, fetched
from its Hub dataset at the pinned revision. Knows no tasks and draws nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

from chain.types import Block, Commitment, Hotkey, Neuron
from evaluation.sources.batch import BatchPointer, Faulty, decode_pointer
from evaluation.sources.batches import Batches
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

Pointers = Mapping[Hotkey, BatchPointer]


class SignedBatches:
    """Reads pools from the chain's state at a seed block and the Hub's files at pinned revisions."""

    def __init__(self, doors: Doors) -> None:
        self._chain = doors.chain
        self._batches = Batches(doors.hub, doors.batches)

    def pool(self, spec: SignedBatchesSpec, occasion: Occasion) -> Pool | Held:
        """See Source.pool. Held where the Hub does not answer, where a batch is not to be found while the round still
        has patience, and where too few producers have usable samples."""
        pointers = self._committed(spec, occasion.seed_block)
        neurons, turned = qualified(self._chain, spec, occasion.seed_block, pointers)
        faults = self._batches.bring([pointers[neuron.hotkey] for neuron in neurons])
        if isinstance(faults, Held):
            return faults
        missing = [fault for fault in faults if fault is not None and not fault.lasting]
        if missing and not occasion.has_waited(spec.patience_blocks, self._chain.head()):
            until = occasion.seed_block + spec.patience_blocks
            return Held(Cause.WITHHELD, f"{missing[0].cause}; the round waits for it until block {until}")
        rules = Rules.of(spec, occasion, cache(self._chain.block_hash))
        pool = self._pooled(spec, rules, list(zip(neurons, faults, strict=True)), pointers, turned)
        self._batches.tidy()
        return pool

    def _committed(self, spec: SignedBatchesSpec, seed_block: Block) -> Pointers:
        """Every batch pointer that stood on chain at the seed block."""
        return {
            commitment.hotkey: pointer
            for commitment in self._chain.commitments(spec.netuid, seed_block)
            if isinstance(commitment, Commitment) and commitment.raw is not None
            if isinstance(pointer := decode_pointer(commitment.raw), BatchPointer)
        }

    def _pooled(
        self,
        spec: SignedBatchesSpec,
        rules: Rules,
        committed: Sequence[tuple[Neuron, Faulty | None]],
        pointers: Pointers,
        turned: Counter[Drop],
    ) -> Pool | Held:
        samples: list[Sample] = []
        producers: list[Producer] = []
        counts: Counter[str] = Counter(turned)
        for neuron, fault in committed:
            pointer = pointers[neuron.hotkey]
            producers.append(Producer(neuron.hotkey, neuron.coldkey, pointer.root, 0, fault.cause if fault else None))
            if fault is not None:
                counts[Drop.FAULTY] += 1
                continue
            lines = self._batches.read(pointer)
            if isinstance(lines, Held):
                return lines
            sifted = sift(lines, neuron.hotkey, rules)
            samples += sifted.samples
            counts += sifted.dropped
        return pooled(spec, rules, samples, producers, counts)
