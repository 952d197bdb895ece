"""What a round's verdicts cost, against the plain way: `scripts/bench judge`; the last line is one JSON object.

Sixteen challengers (eleven clearly worse, three within the noise, two better) and a king, 256 samples. *Ours* is what a
validator does: one warm worker, the king first, then challengers against its values, rung by rung; its time counts from
the start of the worker. *The plain way* (`benchmarks/ways/plain_judging.py`) starts a process for each model, loads it
twice and scores every sample of it, one at a time. Both use the same number of threads and are run in turn.

The plain way costs the same for every model, so by default it judges some of them, and its time for all is the median
of those times their number; `--plain 17` runs them all. `verdicts_equal` says that who passes is who passes when all
samples of everybody are scored, that every value of a raced model is bit for bit that of a full judging, and that both
ways agree on every sample to 1e-4.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.contest import samples
from benchmarks.contest.field import Challenger, Shape, make_field
from evaluation.executor import Race, Request
from evaluation.local_executor import LocalExecutor
from evaluation.paired import Incomparable, Stratum, compare
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Outraced, Scored, Verdict

NEEDED = 0.01
MAX_LENGTH = 1_024
DEADLINE_S = 600.0


@dataclass(frozen=True, slots=True)
class Contest:
    """What is judged."""

    king: Path
    challengers: list[Challenger]
    bundle: Path
    task: TaskSpec

    def models(self) -> list[Path]:
        """All folders, the king's first."""
        return [self.king, *(challenger.folder for challenger in self.challengers)]

    def request(self, model: Path, race: Race | None = None) -> Request:
        """A request to judge one of them."""
        return Request(model, self.bundle, (self.task,), MAX_LENGTH, DEADLINE_S, race, str(model))


@dataclass
class Runs:
    """What was measured, in seconds, and what was found."""

    ours_s: list[float] = field(default_factory=list)
    ours_cpu_s: list[float] = field(default_factory=list)
    plain_s: list[float] = field(default_factory=list)
    plain_cpu_s: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    verdicts: list[dict[str, Verdict]] = field(default_factory=list)
    plain: dict[str, list[float]] = field(default_factory=dict)


def judge_ours(contest: Contest, threads: int, runs: Runs) -> None:
    """A round as a validator judges it."""
    started, cpu = time.perf_counter(), _children_cpu_s()
    executor = LocalExecutor(threads=threads)
    ((_, king),) = executor.judge([contest.request(contest.king)])
    warm = time.perf_counter()
    race = Race(tuple(task.values for task in scored(king).tasks), NEEDED)
    asked = [contest.request(challenger.folder, race) for challenger in contest.challengers]
    found = {request.name: verdict for request, verdict in executor.judge(asked)}
    ended = time.perf_counter()
    executor.close()
    busy = sum(judged(verdict).seconds for verdict in found.values())
    runs.ours_s.append(ended - started)
    runs.ours_cpu_s.append(_children_cpu_s() - cpu)
    runs.idle.append(1 - busy / (ended - warm))
    runs.verdicts.append({str(contest.king): king, **found})


def judge_plainly(contest: Contest, model: Path, threads: int, runs: Runs) -> None:
    """One model, the plain way."""
    started, cpu = time.perf_counter(), _children_cpu_s()
    command = [sys.executable, "-m", "benchmarks.ways.plain_judging", str(model), str(contest.bundle), str(threads)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "TRANSFORMERS_VERBOSITY": "error"}
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    runs.plain_s.append(time.perf_counter() - started)
    runs.plain_cpu_s.append(_children_cpu_s() - cpu)
    runs.plain[str(model)] = json.loads(done.stdout)


def judge_fully(contest: Contest, threads: int) -> dict[str, Scored]:
    """Every model on every sample."""
    executor = LocalExecutor(threads=threads)
    asked = [contest.request(model) for model in contest.models()]
    found = {request.name: scored(verdict) for request, verdict in executor.judge(asked)}
    executor.close()
    return found


def scored(verdict: Verdict) -> Scored:
    """A verdict that must be a score. Raises ValueError."""
    if not isinstance(verdict, Scored):
        raise ValueError(f"a model of the benchmark was not scored: {verdict}")
    return verdict


def judged(verdict: Verdict) -> Scored | Outraced:
    """A verdict that must rest on values. Raises ValueError."""
    return verdict if isinstance(verdict, Outraced) else scored(verdict)


def improvement(king: Sequence[float], challenger: Sequence[float]) -> tuple[float, float]:
    """Relative improvement on the king, and its standard deviation for one sample."""
    paired = compare([Stratum(list(king), list(challenger), 1.0)], NEEDED)
    if isinstance(paired, Incomparable):
        raise ValueError(f"the benchmark's models cannot be compared: {paired}")
    mean = statistics.fmean(king)
    return paired.improvement, statistics.stdev((a - b) / mean for a, b in zip(king, challenger, strict=True))


def is_equal(contest: Contest, runs: Runs, full: dict[str, Scored]) -> bool:
    """Whether all runs' verdicts are those of a full judging, and the plain way agrees on every sample."""
    king = full[str(contest.king)].tasks[0].values
    for verdicts in runs.verdicts:
        for name, verdict in verdicts.items():
            whole = full[name].tasks[0]
            of = dict(zip(whole.sample_ids, whole.values, strict=True))
            task = judged(verdict).tasks[0]
            passes = improvement(king, whole.values)[0] >= NEEDED
            raced_passes = isinstance(verdict, Scored) and improvement(king, task.values)[0] >= NEEDED
            if task.values != tuple(of[id_] for id_ in task.sample_ids) or passes != raced_passes:
                return False
    return all(
        abs(one - other) <= 1e-4 * other
        for name, values in runs.plain.items()
        for one, other in zip(full[name].tasks[0].values, values, strict=True)
    )


def main() -> None:
    """Make the field, measure both ways in turn, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--hidden", type=int, default=384, help="width of the models: 23 million numbers at 384")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--vocabulary", type=int, default=Shape().vocab, help="rows of the embedding; 4096 are in use")
    parser.add_argument("--steps", type=int, default=20, help="training steps behind the king, and again after it")
    parser.add_argument("--repeats", type=int, default=3, help="runs of our way")
    parser.add_argument("--plain", type=int, default=3, help="models that are also judged the plain way")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        contest = make_contest(options, Path(folder))
        runs = Runs()
        models = contest.models()
        some = models[:: max(1, len(models) // options.plain)][: options.plain]
        for number in range(max(options.repeats, len(some))):
            if number < options.repeats:
                judge_ours(contest, options.threads, runs)
            if number < len(some):
                judge_plainly(contest, some[number], options.threads, runs)
        report(contest, runs, judge_fully(contest, options.threads), options)


def make_contest(options: argparse.Namespace, folder: Path) -> Contest:
    """Models and samples."""
    shape = Shape(vocab=options.vocabulary, hidden=options.hidden, layers=options.layers)
    king, challengers = make_field(shape, samples.texts(), options.steps, folder)
    bundle = samples.write(samples.pairs(options.samples, mean_bytes=560), folder / "bundle.jsonl")
    return Contest(king, challengers, bundle, TaskSpec("reference_loss", options.samples, 1.0, 16.0))


def report(contest: Contest, runs: Runs, full: dict[str, Scored], options: argparse.Namespace) -> None:
    """Tables for people, and the figures as the last line."""
    console, king = Console(), full[str(contest.king)].tasks[0].values
    field_ = Table("model", "truth", "improvement", "sd a sample", "verdict", "samples", title="the last round")
    for challenger in contest.challengers:
        verdict = judged(runs.verdicts[-1][str(challenger.folder)])
        gain, deviation = improvement(king, full[str(challenger.folder)].tasks[0].values)
        kind = f"outraced in rung {verdict.rung}" if isinstance(verdict, Outraced) else "scored"
        counts = str(len(verdict.tasks[0].values))
        field_.add_row(challenger.folder.name, challenger.truth, f"{gain:+.2%}", f"{deviation:.3f}", kind, counts)
    models = len(contest.models())
    ours, plain = statistics.median(runs.ours_s), statistics.median(runs.plain_s) * models
    ways = Table("way", "wall s", "CPU s", title="what it took")
    ways.add_row("plain", f"{plain:.1f}", f"{statistics.median(runs.plain_cpu_s) * models:.1f}")
    ways.add_row("ours", f"{ours:.1f}", f"{statistics.median(runs.ours_cpu_s):.1f}")
    console.print(field_, ways)
    tokens = full[str(contest.king)].tokens / options.samples
    console.print(f"{tokens:.0f} scored tokens a sample; plain way measured on {len(runs.plain_s)} of {models} models")
    figures = {
        "ratio": round(plain / ours, 3),
        "idle_share": round(statistics.median(runs.idle), 4),
        "verdicts_equal": is_equal(contest, runs, full),
        "plain_s": round(plain, 2),
        "ours_s": round(ours, 2),
    }
    typer.echo(json.dumps(figures | vars(options)))


def _children_cpu_s() -> float:
    """Processor seconds of children that have ended."""
    times = os.times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    main()
