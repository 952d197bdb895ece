"""Signed samples over HTTPS from several mirrors, none of which is trusted: a period's root is what a quorum of them
names, and whatever file has that root is the period's. Knows no HTTP and draws nothing.

Each sample is signed and anchored; that it belonged to the period before the seed was known, only the mirrors say.
A mirror answers `GET roots/<period>` with 64 hex digits, and `GET batches/<root>.jsonl` with a file of signed samples,
one a line, of any number of producers.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from chain.types import Hotkey
from evaluation.sources import batch
from evaluation.sources.bounded_http import BoundedHttp
from evaluation.sources.doors import Doors
from evaluation.sources.drops import Drop
from evaluation.sources.filters import Rules, sift
from evaluation.sources.held import Cause, Held
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool, Producer
from evaluation.sources.pooling import pooled
from evaluation.sources.qualified import qualified
from evaluation.sources.sample import Malformed, Sample
from evaluation.sources.signed import SignedSample
from evaluation.sources.spec import FeedSpec

MAX_ROOT_BYTES = 100
MAX_FEED_BYTES = 32_000_000
MAX_FEED_LINES = 20_000
"""A feed holds the samples of all its producers."""
_KEPT_BYTES = 4_000_000_000
_POOL_S = 300.0
"""Longest a pool may take to fetch, whatever its mirrors do."""
_ROOTS_S = 30.0
_AT_ONCE = 16
"""Mirrors asked for a root side by side, so that a slow one delays no other."""
_ROOT = re.compile(rb"[0-9a-f]{64}")

Named = Mapping[str, str | Held]
"""For each mirror the root it names, or why it names none."""


class Feed:
    """Reads pools from mirrors and the chain's state at a seed block."""

    def __init__(self, doors: Doors, http: BoundedHttp = BoundedHttp()) -> None:
        self._chain = doors.chain
        self._http = http
        self._store = doors.batches

    def pool(self, spec: FeedSpec, occasion: Occasion) -> Pool | Held:
        """See Source.pool. Held where no quorum of mirrors names one root and where none of those that do has its file,
        for good once the round's patience is over; and where too few producers have usable samples."""
        until = self._http.clock() + _POOL_S
        named = self._named(spec.mirrors, occasion.seed_block // spec.period_blocks, until)
        root = agreed(named, spec.quorum)
        if root is None:
            found: batch.Lines | Held = _held(named, Cause.NO_QUORUM, f"fewer than {spec.quorum} mirrors name one root")
        else:
            found = self._lines(root, [mirror for mirror in spec.mirrors if named[mirror] == root], until)
            self._store.prune(_KEPT_BYTES)
        if not isinstance(found, Held):
            return self._pooled(spec, occasion, found)
        answered = found.cause in (Cause.NO_QUORUM, Cause.WITHHELD)
        if answered and occasion.has_waited(spec.patience_blocks, self._chain.head()):
            return Held(Cause.TOO_FEW, found.detail)
        return found

    def _named(self, mirrors: Sequence[str], period: int, until: float) -> Named:
        soon = min(until, self._http.clock() + _ROOTS_S)

        def ask(mirror: str) -> str | Held:
            data = self._http.get(f"{_base(mirror)}/roots/{period}", max_bytes=MAX_ROOT_BYTES, until=soon)
            if isinstance(data, Held):
                return data
            root = data.strip()
            return root.decode() if _ROOT.fullmatch(root) else Held(Cause.WITHHELD, f"names no root: {root[:40]!r}")

        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mirrors") as threads:
            return dict(zip(mirrors, threads.map(ask, mirrors), strict=True))

    def _lines(self, root: str, mirrors: Sequence[str], until: float) -> batch.Lines | Held:
        """The file of a root: from the store, or the first mirror that has it."""
        known = self._store.get(root)
        if known is not None:
            if not isinstance(lines := batch.verified(known, root, MAX_FEED_LINES), batch.Faulty):
                return lines
            self._store.drop(root)
        failed: dict[str, Held] = {}
        for place, mirror in enumerate(mirrors):
            now = self._http.clock()
            turn = now + (until - now) / (len(mirrors) - place)  # so that no mirror takes another's time
            found = self._from(mirror, root, turn)
            if not isinstance(found, Held):
                return found
            failed[mirror] = found
        return _held(failed, Cause.WITHHELD, f"no mirror that names {root} has its file")

    def _from(self, mirror: str, root: str, until: float) -> batch.Lines | Held:
        data = self._http.get(f"{_base(mirror)}/{batch.path_of(root)}", max_bytes=MAX_FEED_BYTES, until=until)
        if isinstance(data, Held):
            return data
        lines = batch.verified(data, root, MAX_FEED_LINES)
        if isinstance(lines, batch.Faulty):
            return Held(Cause.WITHHELD, lines.cause)
        self._store.put(root, data)
        return lines

    def _pooled(self, spec: FeedSpec, occasion: Occasion, lines: batch.Lines) -> Pool | Held:
        owned, counts = by_producer(lines)
        neurons, turned = qualified(self._chain, spec, occasion.seed_block, owned)
        counts.update(turned)
        rules = Rules.of(spec, occasion, cache(self._chain.block_hash))
        samples: list[Sample] = []
        for neuron in neurons:
            sifted = sift(owned[neuron.hotkey], neuron.hotkey, rules)
            samples += sifted.samples
            counts.update(sifted.dropped)
        producers = [Producer(neuron.hotkey, neuron.coldkey, "", 0) for neuron in neurons]
        return pooled(spec, rules, samples, producers, counts, "mirrors")


def agreed(named: Named, quorum: int) -> str | None:
    """The root that at least a quorum of mirrors names; a quorum is more than half of them, so there is at most one."""
    votes = Counter(root for root in named.values() if isinstance(root, str))
    return next((root for root, number in votes.items() if number >= quorum), None)


def by_producer(lines: batch.Lines) -> tuple[dict[Hotkey, list[SignedSample]], Counter[str]]:
    """Lines under the hotkeys they name, and how many name none."""
    owned: dict[Hotkey, list[SignedSample]] = {}
    dropped: Counter[str] = Counter()
    for line in lines:
        if isinstance(line, Malformed):
            dropped[Drop.MALFORMED] += 1
        elif line.sample.producer is None:
            dropped[Drop.PRODUCER] += 1
        else:
            owned.setdefault(line.sample.producer, []).append(line)
    return owned, dropped


def _held(answers: Named, otherwise: Cause, fact: str) -> Held:
    """Why the round waits: what all mirrors have in common, or else `otherwise`; and what each of them answered."""
    causes = {answer.cause if isinstance(answer, Held) else otherwise for answer in answers.values()}
    shared = causes.pop() if len(causes) == 1 else otherwise
    cause = otherwise if shared is Cause.WITHHELD else shared
    return Held(cause, f"{fact}; " + "; ".join(f"{mirror}: {answer}" for mirror, answer in answers.items()))


def _base(mirror: str) -> str:
    return mirror.rstrip("/")
