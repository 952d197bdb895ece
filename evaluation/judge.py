"""One model, all tasks of a round: its values on as many of the samples as it takes, or why it is refused. Knows no
processes, files or deadlines.
"""

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evaluation import causality, memory
from evaluation.encodings import Encodings
from evaluation.environment import digest
from evaluation.executor import Race
from evaluation.likelihood import Measured
from evaluation.racing import Stop, look, rungs
from evaluation.sources.bundle import Bundle
from evaluation.tasks.registry import TASKS
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Outraced, Scored, TaskValues
from models.loading import LoadedModel
from models.rejections import Rejection


def judge(
    loaded: LoadedModel,
    bundle: Bundle,
    tasks: Sequence[TaskSpec],
    max_length: int,
    encodings: Encodings,
    *,
    device: str,
    dtype: str,
    race: Race | None = None,
) -> Scored | Outraced | Rejection:
    """Judge a loaded model on every task, rung by rung, until all is done or its race is lost.

    A sample's value is the same wherever a judging ends, raced or not. What is encoded for it stays in `encodings`, for
    the next model of its tokenizer. Raises KeyError for a task that the bundle was not drawn for.
    """
    started = time.perf_counter()
    memory.reset_peak(device)
    if refused := causality.refusal(loaded, max_length):
        return refused
    ran = _run(loaded, bundle, tasks, max_length, encodings, race)
    if isinstance(ran, Rejection):
        return ran
    judged = tuple(_task_values(bundle, *task) for task in zip(tasks, ran.measured, ran.values, strict=True))
    took = time.perf_counter() - started, ran.tokens, memory.peak_bytes(device), digest(device, dtype)
    stop = ran.stop
    return Outraced(judged, *took, stop.rung, stop.improvement, stop.at_best) if stop else Scored(judged, *took)


@dataclass(frozen=True, slots=True)
class _Ran:
    """For each task what was measured, rung after rung, and the values of it by their samples' places in the bundle."""

    measured: list[list[Measured]]
    values: list[dict[int, float]]
    stop: Stop | None = None
    """How the race was lost."""

    @property
    def tokens(self) -> int:
        return sum(rung.tokens for task in self.measured for rung in task)


def _run(
    loaded: LoadedModel,
    bundle: Bundle,
    tasks: Sequence[TaskSpec],
    max_length: int,
    encodings: Encodings,
    race: Race | None,
) -> _Ran | Rejection:
    ran = _Ran([[] for _ in tasks], [{} for _ in tasks])
    plan = rungs(bundle, tasks)
    for number, rung in enumerate(plan, start=1):
        for spec, places, measured, values in zip(tasks, rung, ran.measured, ran.values, strict=True):
            samples = bundle.of(spec.name)
            found = TASKS[spec.name](loaded, [samples[at] for at in places], spec, max_length, encodings)
            if isinstance(found, Rejection):
                return found
            measured.append(found)
            values.update(zip(places, found.values, strict=True))
        if race is not None and (stop := look(tasks, race, ran.values, number, len(plan))):
            return replace(ran, stop=stop)
    return ran


def _task_values(
    bundle: Bundle, spec: TaskSpec, measured: Sequence[Measured], values: Mapping[int, float]
) -> TaskValues:
    samples, places = bundle.of(spec.name), sorted(values)
    ids, found = tuple(samples[at].id for at in places), tuple(values[at] for at in places)
    nats = [rung.nats for rung in measured if rung.nats is not None]
    mean = math.fsum(nats) / sum(rung.tokens for rung in measured) if nats else None
    notes = sum((Counter(dict(rung.notes)) for rung in measured), Counter[str]())
    return TaskValues(spec.name, ids, found, mean, tuple(sorted(notes.items())))
