"""The older way: rows of wandb runs whose config carries a hotkey and its signature over the run's id. Readable, and
weaker than signed batches.

Nothing proves a row's time or content: whoever may write to a signed run chooses both, later too, so that validators
who read at different moments may find different rows. To differ as little as can be they read only runs that began by
the seed block, take only rows whose own time lies in the round's window, and give each an id by its content alone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
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
from evaluation.sources.qualified import qualified
from evaluation.sources.sample import Sample
from evaluation.sources.screening import Screening
from evaluation.sources.spec import WandbRunsSpec
from evaluation.sources.wandb_process import WandbProcess, wandb_process
from evaluation.sources.wandb_wire import Limits, ListedRun, ListRuns, ReadRows, Row, Rows, Window

SOURCE = "wandb"
"""What the samples say they were made from."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What all runs of one hotkey gave."""

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
            runs = self._listed(spec, window, process)
            if isinstance(runs, Held) and not self._is_given_up(runs, spec, occasion):
                return runs
            signed, unsigned = signed_runs(() if isinstance(runs, Held) else runs)
            neurons, turned = qualified(self._chain, spec, occasion.seed_block, signed)
            read: list[tuple[Neuron, _Read]] = []
            for neuron in neurons:
                found = self._rows(spec, window, process, signed[neuron.hotkey])
                if isinstance(found, Held):
                    return found
                read.append((neuron, found))
        counts = Counter[str](turned) + Counter[str]({Drop.SIGNATURE: unsigned})
        return self._pooled(spec, rules, read, counts)

    def _window(self, rules: Rules) -> Window:
        """The window of blocks as times, by the blocks' own."""
        since, until = (self._chain.timestamp(block) for block in (Block(max(0, rules.after)), rules.until))
        return Window(since.timestamp(), until.timestamp())

    def _listed(self, spec: WandbRunsSpec, window: Window, process: WandbProcess) -> tuple[ListedRun, ...] | Held:
        order = ListRuns(spec.entity, spec.project, spec.hotkey_key, spec.signature_key, window, self._limits.max_runs)
        answer = process.ask(order)
        if isinstance(answer, Rows):
            return Held(Cause.OVERRUN, f"reading {spec.base_url} gave rows where runs were asked for")
        return answer if isinstance(answer, Held) else answer.runs

    def _is_given_up(self, held: Held, spec: WandbRunsSpec, occasion: Occasion) -> bool:
        """Whether the project is not to be found, and the round has waited for it long enough."""
        return held.cause is Cause.WITHHELD and occasion.has_waited(spec.patience_blocks, self._chain.head())

    def _rows(
        self, spec: WandbRunsSpec, window: Window, process: WandbProcess, runs: Sequence[ListedRun]
    ) -> _Read | Held:
        """All rows of one hotkey's runs; its limits are for all of them together."""
        rows: list[Row] = []
        dropped: Counter[str] = Counter()
        size = steps = 0
        for run in runs:
            answer = process.ask(
                ReadRows(
                    run.id,
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
                return replace(answer, detail=f"{answer.detail}; at run {run.id} of {run.hotkey}")
            if not isinstance(answer, Rows):
                return Held(Cause.OVERRUN, f"reading {spec.base_url} gave runs where rows were asked for")
            if answer.fault is not None:
                return _Read(dropped=Counter({Drop.FAULTY: 1}), fault=f"run {run.id}: {answer.fault}")
            rows += answer.rows
            dropped += Counter(answer.dropped)
            steps += answer.steps
            size += sum(len(row.prompt.encode()) + len(row.reference.encode()) for row in answer.rows)
        return _Read(tuple(rows), dropped)

    def _pooled(
        self, spec: WandbRunsSpec, rules: Rules, read: Sequence[tuple[Neuron, _Read]], counts: Counter[str]
    ) -> Pool | Held:
        samples: list[Sample] = []
        producers: list[Producer] = []
        for neuron, found in read:
            producers.append(Producer(neuron.hotkey, neuron.coldkey, "", 0, found.fault))
            sifted = sift_rows(found.rows, neuron.hotkey, spec.netuid, rules.screening)
            samples += sifted.samples
            counts += found.dropped + Counter[str](sifted.dropped)
        return pooled(spec, rules, samples, producers, counts, "run")


def signed_runs(runs: Sequence[ListedRun]) -> tuple[Mapping[Hotkey, tuple[ListedRun, ...]], int]:
    """The runs that their hotkeys have signed, by hotkey and sorted by id, and how many others there are."""
    signed: dict[Hotkey, tuple[ListedRun, ...]] = {}
    for run in sorted(runs, key=lambda run: run.id):
        if (hotkey := _signer(run)) is not None:
            signed[hotkey] = (*signed.get(hotkey, ()), run)
    return signed, len(runs) - sum(map(len, signed.values()))


def _signer(run: ListedRun) -> Hotkey | None:
    """The hotkey that a run names, if it signed the run's id."""
    if run.hotkey is None or run.signature is None:
        return None
    try:
        signature = bytes.fromhex(run.signature)
    except ValueError:
        return None
    hotkey = Hotkey(run.hotkey)
    return hotkey if verify_older_form(hotkey, run.id.encode(), signature) else None


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
