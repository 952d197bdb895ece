"""The older way: rows of wandb runs whose config carries a hotkey and its signature over the run's id. Readable, and
weaker than signed batches.

Nothing proves a row's time or content: whoever may write to a signed run chooses both, later too, so that validators
who read at different moments may find different rows. To differ as little as can be they read only runs that began by
the seed block, take only rows whose own time lies in the round's window, and give each an id by its content alone.

Whoever may write to the project may fill it. So runs are asked for hotkey by hotkey of those that may produce, each
within limits of its own, and no other run is looked at.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache

from chain.signing import verify_older_form
from chain.types import Block, Hotkey, NetUid, Neuron
from evaluation.sources.content import Pair
from evaluation.sources.doors import Doors
from evaluation.sources.drops import Drop
from evaluation.sources.filters import Rules, Sifted
from evaluation.sources.held import Cause, Held
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool, Producer
from evaluation.sources.pooling import pooled
from evaluation.sources.qualified import all_qualified
from evaluation.sources.sample import Sample
from evaluation.sources.screening import Screening
from evaluation.sources.spec import WandbRunsSpec
from evaluation.sources.wandb_process import WandbProcess, wandb_process
from evaluation.sources.wandb_wire import Limits, ListedRun, ListRuns, ReadRows, Row, Rows, Window

SOURCE = "wandb"
"""What the samples say they were made from."""


@dataclass(frozen=True, slots=True)
class _Read:
    """How many runs one hotkey signed, and what they gave."""

    runs: int
    rows: tuple[Row, ...] = ()
    dropped: Counter[str] = field(default_factory=Counter)
    fault: str | None = None


class WandbRuns:
    """Reads pools from a wandb project, in a process of its own that is killed at a deadline."""

    def __init__(self, doors: Doors, limits: Limits | None = None) -> None:
        self._chain = doors.chain
        self._limits = limits or Limits()

    def pool(self, spec: WandbRunsSpec, occasion: Occasion) -> Pool | Held:
        """See Source.pool. Held where the server does not answer, asks for patience or overruns the limits, where a
        healthy one knows no such project while the round still has patience, and where too few producers have usable
        rows."""
        rules = Rules.of(spec, occasion, cache(self._chain.block_hash))
        window = self._window(rules)
        with wandb_process(spec.base_url, self._limits) as process:
            if isinstance(process, Held):
                return process
            read: list[tuple[Neuron, _Read]] = []
            for neuron in all_qualified(self._chain, spec, occasion.seed_block):
                found = self._found(spec, window, process, neuron.hotkey)
                if isinstance(found, Held) and not self._is_given_up(found, spec, occasion):
                    return found
                if not isinstance(found, Held):
                    read.append((neuron, found))
        return self._pooled(spec, rules, read)

    def _window(self, rules: Rules) -> Window:
        """The window of blocks as times, by the blocks' own."""
        since, until = (self._chain.timestamp(block) for block in (Block(max(0, rules.after)), rules.until))
        return Window(since.timestamp(), until.timestamp())

    def _found(self, spec: WandbRunsSpec, window: Window, process: WandbProcess, hotkey: Hotkey) -> _Read | Held:
        """All that one hotkey's runs give."""
        claiming = self._claiming(spec, window, process, hotkey)
        if isinstance(claiming, Held):
            return claiming
        signed, unsigned = signed_runs(hotkey, claiming)
        dropped = Counter[str]({Drop.SIGNATURE: unsigned})
        if len(signed) > self._limits.max_runs:
            fault = f"more than {self._limits.max_runs} signed runs lie in the window; have fewer, and longer ones"
            return _Read(len(signed), dropped=dropped + Counter({Drop.FAULTY: 1}), fault=fault)
        rows = self._rows(spec, window, process, signed)
        if isinstance(rows, Held):
            return replace(rows, detail=f"{rows.detail} of {hotkey}")
        return replace(rows, dropped=rows.dropped + dropped)

    def _claiming(
        self, spec: WandbRunsSpec, window: Window, process: WandbProcess, hotkey: Hotkey
    ) -> tuple[ListedRun, ...] | Held:
        answer = process.ask(
            ListRuns(
                spec.entity,
                spec.project,
                hotkey,
                spec.hotkey_key,
                spec.signature_key,
                window,
                self._limits.max_claims,
                self._limits.max_claim_bytes,
            )
        )
        if isinstance(answer, Rows):
            return Held(Cause.OVERRUN, f"reading {spec.base_url} gave rows where runs were asked for")
        return answer if isinstance(answer, Held) else answer.runs

    def _is_given_up(self, held: Held, spec: WandbRunsSpec, occasion: Occasion) -> bool:
        """Whether the project is not to be found, and the round has waited for it long enough."""
        return held.cause is Cause.WITHHELD and occasion.has_waited(spec.patience_blocks, self._chain.head())

    def _rows(self, spec: WandbRunsSpec, window: Window, process: WandbProcess, runs: Sequence[str]) -> _Read | Held:
        """All rows of one hotkey's runs; its limits are for all of them together."""
        rows: list[Row] = []
        dropped: Counter[str] = Counter()
        size = steps = 0
        for run in runs:
            answer = process.ask(
                ReadRows(
                    spec.entity,
                    spec.project,
                    run,
                    spec.prompt_key,
                    spec.reference_key,
                    window,
                    spec.screen.max_bytes,
                    self._limits.max_rows - len(rows),
                    self._limits.max_row_bytes - size,
                    self._limits.max_steps - steps,
                )
            )
            if isinstance(answer, Held):
                return replace(answer, detail=f"{answer.detail}; at run {run}")
            if not isinstance(answer, Rows):
                return Held(Cause.OVERRUN, f"reading {spec.base_url} gave runs for the rows of run {run}")
            if answer.fault is not None:
                return _Read(len(runs), dropped=Counter({Drop.FAULTY: 1}), fault=f"run {run}: {answer.fault}")
            rows += answer.rows
            dropped += Counter(answer.dropped)
            steps += answer.steps
            size += sum(len(row.prompt.encode()) + len(row.reference.encode()) for row in answer.rows)
        return _Read(len(runs), tuple(rows), dropped)

    def _pooled(self, spec: WandbRunsSpec, rules: Rules, read: Sequence[tuple[Neuron, _Read]]) -> Pool | Held:
        samples: list[Sample] = []
        producers: list[Producer] = []
        counts: Counter[str] = Counter()
        for neuron, found in read:
            if found.runs:
                producers.append(Producer(neuron.hotkey, neuron.coldkey, "", 0, found.fault))
            sifted = sift_rows(found.rows, neuron.hotkey, spec.netuid, rules.screening)
            samples += sifted.samples
            counts += found.dropped + Counter[str](sifted.dropped)
        return pooled(spec, rules, samples, producers, counts, "run")


def signed_runs(hotkey: Hotkey, claiming: Sequence[ListedRun]) -> tuple[tuple[str, ...], int]:
    """The ids of the runs that the hotkey has signed, sorted, and how many claim it without."""
    signed = sorted({run.id for run in claiming if run.id is not None and _is_signed(run.id, run, hotkey)})
    return tuple(signed), len(claiming) - len(signed)


def _is_signed(name: str, run: ListedRun, hotkey: Hotkey) -> bool:
    if run.hotkey != hotkey or run.signature is None:
        return False
    try:
        signature = bytes.fromhex(run.signature)
    except ValueError:
        return False
    return verify_older_form(hotkey, name.encode(), signature)


def sift_rows(rows: Sequence[Row], hotkey: Hotkey, netuid: NetUid, screening: Screening) -> Sifted:
    """Rows as samples, and how many of them the screen took."""
    kept: list[Sample] = []
    dropped: Counter[Drop] = Counter()
    for row in rows:
        content = Pair(row.prompt, row.reference)
        broken = screening.broken(content) or (Drop.LANGUAGE if screening.is_foreign(content) else None)
        if broken is not None:
            dropped[broken] += 1
            continue
        created = datetime.fromtimestamp(int(row.timestamp), UTC)
        kept.append(Sample(content, SOURCE, hotkey, netuid, created, None, None))
    return Sifted(tuple(kept), dropped)
