"""What it costs to read, verify and filter signed samples, against bare verification of their signatures.

`scripts/bench samples`; the last line is one JSON object. Both ways run in one process on one thread, in turn, over
the same batches; `ratio` is the median, over the repeats, of the ratio of wall-clock time. The pipeline takes a batch's
bytes and ends with a pool: JSON, canonical bytes, root, window, length, phrases, anchor, signature, exact duplicates.
Looking for near duplicates depends on what is drawn, not on the pool, and is timed beside it.
"""

import argparse
import functools
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.ways.side import Side
from chain.signing import Wallet, create_wallet, verify
from chain.types import Block, BlockCount, BlockHash, Coldkey, Hotkey, NetUid
from evaluation.sources import batch
from evaluation.sources.content import Pair
from evaluation.sources.filters import Rules, sift, without_duplicates
from evaluation.sources.novelty import Novelty
from evaluation.sources.occasion import Occasion
from evaluation.sources.sample import Sample
from evaluation.sources.shares import in_seed_order
from evaluation.sources.signed import PURPOSE, SignedSample, sign
from evaluation.sources.spec import PhraseList, Screen, SignedBatchesSpec
from neurons import corpus

NETUID, SEED_BLOCK = NetUid(2), Block(10_000)
PHRASES = PhraseList("benchmark", 1, tuple(f"an undesirable phrase, number {number}" for number in range(20)))
SPEC = SignedBatchesSpec(
    kind="signed_batches",
    netuid=NETUID,
    min_stake=0.0,
    min_producers=1,
    max_age_blocks=BlockCount(1_200),
    screen=Screen(phrases=PHRASES),
)


@dataclass(frozen=True)
class Batch:
    """One producer's file, and its signatures as a bare verifier takes them."""

    hotkey: Hotkey
    data: bytes
    root: str
    signatures: tuple[tuple[bytes, bytes], ...]


def hash_of(block: Block) -> BlockHash:
    """A chain's hashes, as far as samples are concerned."""
    return BlockHash(f"0x{block:064x}")


def samples_of(wallet: Wallet, first: int, number: int) -> list[SignedSample]:
    """Distinct pairs of real text, anchored all over the window."""
    pairs, made = corpus.pairs(), []
    for place in range(first, first + number):
        pair, again = pairs[place % len(pairs)], place // len(pairs)
        content = Pair(f"{pair.prompt}{'again ' * again}", pair.reference)
        anchor = Block(SEED_BLOCK - place % 1_000)
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        made.append(sign(Sample(content, "pydoc", wallet.hotkey, NETUID, moment, anchor, hash_of(anchor)), wallet))
    return made


def batches_of(samples: int, producers: int) -> list[Batch]:
    """So many samples in equal batches of so many producers."""
    made, each = [], samples // producers
    with tempfile.TemporaryDirectory() as folder:
        for number in track(range(producers), "signing", console=Console(stderr=True)):
            wallet = create_wallet(f"producer{number}", "default", Path(folder))
            signed = samples_of(wallet, number * each, each)
            bare = tuple((one.sample.canonical_bytes, bytes.fromhex(one.signature)) for one in signed)
            data = batch.encode(signed)
            made.append(Batch(wallet.hotkey, data, batch.root_of(data), bare))
    return made


def verified(batches: Sequence[Batch]) -> int:
    """Nothing but the signatures, over bytes that lie ready; how many hold."""
    return sum(verify(one.hotkey, PURPOSE, *signed) for one in batches for signed in one.signatures)


def pool_of(batches: Sequence[Batch]) -> tuple[Sample, ...]:
    """From the batches' bytes to a pool. Raises ValueError for a batch that is not its root."""
    rules = Rules.of(SPEC, Occasion(SEED_BLOCK, b"seed", Block(0), {}), functools.cache(hash_of))
    kept: list[Sample] = []
    for one in batches:
        if fault := batch.fault_of(one.data, one.root):
            raise ValueError(fault.cause)
        kept += sift(batch.decode(one.data), one.hotkey, rules).samples
    owners = {one.hotkey: Coldkey(one.hotkey) for one in batches}
    return without_duplicates(kept, owners, b"salt").samples


def near_duplicates(pool: Sequence[Sample], drawn: int) -> float:
    """Seconds to draw so many samples, no two nearly the same."""
    novelty, started = Novelty(SPEC.screen.near_duplicate), time.perf_counter()
    taken = 0
    for sample in in_seed_order(pool, b"seed"):
        taken += novelty.admits(sample)
        if taken == drawn:
            break
    return time.perf_counter() - started


def peak_mb(run: Callable[[], object]) -> float:
    """The most resident memory while it runs, in MB (10⁶ bytes), above what there was before."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    run()
    return (_status("VmHWM") - before) / 1e6


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


def main() -> None:
    """Measure both ways in turn and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--producers", type=int, default=8)
    parser.add_argument("--drawn", type=int, default=250, help="samples drawn without near duplicates")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    batches = batches_of(options.samples, options.producers)
    peak = peak_mb(lambda: pool_of(batches))
    sides = [Side("bare verification", lambda: verified(batches)), Side("pipeline", lambda: len(pool_of(batches)))]
    for _ in track(range(options.repeats), "measuring", console=Console(stderr=True)):
        for side in sides:
            side.measure()
    near_s = near_duplicates(pool_of(batches), options.drawn)
    report(sides, sum(len(one.signatures) for one in batches), peak, near_s, options)


def report(sides: list[Side[int]], samples: int, peak: float, near_s: float, options: argparse.Namespace) -> None:
    """A table for people, and the figures as the last line. Raises ValueError where the ways count differently."""
    if any(side.found != {samples} for side in sides):
        raise ValueError(f"{samples} samples are good, and the ways found {[side.found for side in sides]}")
    table = Table("way", "wall s", "CPU s", "µs a sample", title=f"{samples} samples of {options.producers} producers")
    for side in sides:
        table.add_row(side.name, f"{side.wall:.3f}", f"{side.cpu:.3f}", f"{side.wall / samples * 1e6:.1f}")
    bare, pipeline = sides
    ratios = {"ratio": pipeline.ratio_to(bare), "cpu_ratio": pipeline.cpu / bare.cpu}
    console = Console()
    console.print(table)
    console.print(f"beside it, {options.drawn} drawn without near duplicates: {near_s:.3f} s")
    console.print(f"ratio {ratios['ratio']:.2f}; peak {peak:.0f} MB above the batches' own bytes")
    figures = ratios | {"peak_mb": peak, "near_duplicates_s": near_s}
    told = {"samples": samples, "producers": options.producers, "drawn": options.drawn, "repeats": options.repeats}
    typer.echo(json.dumps({name: round(figure, 3) for name, figure in figures.items()} | told))


if __name__ == "__main__":
    main()
