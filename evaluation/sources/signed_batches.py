"""The default source: for each qualified producer the batch whose pointer stood on chain at the seed block, fetched
from its Hub dataset at the pinned revision. Knows no tasks and draws nothing.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cache

from chain.reader import ChainReader
from chain.types import Block, Commitment, Neuron
from evaluation.sources import batch
from evaluation.sources.batch import BatchPointer, decode_pointer
from evaluation.sources.filters import Drop, Rules, sift, without_duplicates
from evaluation.sources.held import Held
from evaluation.sources.pool import Pool, Producer
from evaluation.sources.sample import Malformed, Sample
from evaluation.sources.signed import SignedSample
from evaluation.sources.spec import SourceSpec
from hub.port import Hub, HubError, InvalidName, NotFound, TooLarge

MAX_BATCH_BYTES = 16_000_000
MAX_BATCH_LINES = 20_000
"""A batch that is longer is its producer's fault: nothing of it is used."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """The producer's own: its batch is left out and the round goes on. `lasting` unless it may still be mended."""

    cause: str
    lasting: bool = True


_Lines = tuple[SignedSample | Malformed, ...]


class SignedBatches:
    """Reads pools from the chain's state at a seed block and the Hub's files at pinned revisions."""

    def __init__(self, chain: ChainReader, hub: Hub) -> None:
        self._chain = chain
        self._hub = hub

    def pool(self, spec: SourceSpec, *, seed_block: Block, after: Block) -> Pool | Held:
        """See Source.pool. Held where the Hub does not answer, or too few producers have usable samples."""
        rules = Rules.of(spec, seed_block, after, cache(self._chain.block_hash))
        samples: list[Sample] = []
        producers: list[Producer] = []
        counts: Counter[Drop] = Counter()
        final = True
        for neuron, pointer in self._published(spec, seed_block):
            lines = self._lines(pointer)
            if isinstance(lines, Held):
                return lines
            if isinstance(lines, _Fault):
                producers.append(Producer(neuron.hotkey, neuron.coldkey, pointer.root, 0, lines.cause))
                final = final and lines.lasting
                continue
            sifted = sift(lines, neuron.hotkey, rules)
            samples += sifted.samples
            counts += sifted.dropped
            producers.append(Producer(neuron.hotkey, neuron.coldkey, pointer.root, len(sifted.samples)))
        return _pool(samples, producers, counts, rules, final=final)

    def _published(self, spec: SourceSpec, seed_block: Block) -> list[tuple[Neuron, BatchPointer]]:
        """Producers with permit and stake, and the pointers they had committed, by uid, all as of the seed block."""
        standing = {
            commitment.hotkey: decode_pointer(commitment.raw)
            for commitment in self._chain.commitments(spec.netuid, seed_block)
            if isinstance(commitment, Commitment) and commitment.raw is not None
        }
        qualified = (
            neuron
            for neuron in self._chain.neurons(spec.netuid, seed_block)
            if neuron.permit and neuron.stake >= spec.min_stake
        )
        return [
            (neuron, pointer)
            for neuron in qualified
            if isinstance(pointer := standing.get(neuron.hotkey), BatchPointer)
        ]

    def _lines(self, pointer: BatchPointer) -> _Lines | _Fault | Held:
        """The batch a pointer names, once its samples have given its root."""
        path = batch.path_of(pointer.root)
        try:
            data = self._hub.read(pointer.repo, "dataset", pointer.revision, path, max_bytes=MAX_BATCH_BYTES)
        except (NotFound, TooLarge, InvalidName) as error:
            return _Fault(f"{type(error).__name__}: {error}", lasting=not isinstance(error, NotFound))
        except HubError as error:
            return Held(f"the batch of {pointer.repo} cannot be had: {type(error).__name__}: {error}")
        if data.count(b"\n") > MAX_BATCH_LINES:
            return _Fault(f"more than {MAX_BATCH_LINES} lines in {path} of {pointer.repo}")
        lines = batch.decode(data)
        root = batch.root_of(line for line in lines if isinstance(line, SignedSample))
        return (
            lines if root == pointer.root else _Fault(f"the samples of {path} in {pointer.repo} have the root {root}")
        )


def _pool(
    samples: list[Sample], producers: list[Producer], counts: Counter[Drop], rules: Rules, *, final: bool
) -> Pool | Held:
    """The pool without duplicates, if enough producers (coldkeys) are left in it."""
    distinct = without_duplicates(samples, bytes.fromhex(rules.hash_of(rules.until).removeprefix("0x")))
    made = Counter(sample.producer for sample in distinct.samples)
    members = tuple(Producer(one.hotkey, one.coldkey, one.root, made[one.hotkey], one.fault) for one in producers)
    dropped = {str(rule): number for rule, number in sorted((counts + distinct.dropped).items())}
    having = {one.coldkey for one in members if one.samples}
    if len(having) < rules.spec.min_producers:
        faults = [f"{one.hotkey}: {one.fault}" for one in members if one.fault]
        return Held(
            f"{len(having)} producers with usable samples at block {rules.until}, {rules.spec.min_producers} needed; "
            f"dropped {dropped}; {len(members)} had committed a batch{''.join('; ' + fault for fault in faults)}",
            lasting=final,
        )
    return Pool(distinct.samples, members, dropped, rules.spec.min_producers, final)
