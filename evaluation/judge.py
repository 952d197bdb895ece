"""One model, all tasks of a round: its values on as many of the samples as it takes, or why it is refused. Knows no
processes, files or deadlines.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation import causality, memory
from evaluation.encodings import Encodings
from evaluation.environment import digest
from evaluation.executor import Race
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
    judged = tuple(_task_values(bundle, spec, known) for spec, known in zip(tasks, ran.values, strict=True))
    took = time.perf_counter() - started, ran.tokens, memory.peak_bytes(device), digest(device, dtype)
    stop = ran.stop
    return Outraced(judged, *took, stop.rung, stop.improvement, stop.at_best) if stop else Scored(judged, *took)


@dataclass(frozen=True, slots=True)
class _Ran:
    """For each task the values by the samples' places in the bundle, the tokens scored, and how the race was lost."""

    values: list[dict[int, float]]
    tokens: int
    stop: Stop | None


def _run(
    loaded: LoadedModel,
    bundle: Bundle,
    tasks: Sequence[TaskSpec],
    max_length: int,
    encodings: Encodings,
    race: Race | None,
) -> _Ran | Rejection:
    values: list[dict[int, float]] = [{} for _ in tasks]
    tokens = 0
    plan = rungs(bundle, tasks)
    for number, rung in enumerate(plan, start=1):
        for spec, places, known in zip(tasks, rung, values, strict=True):
            samples = bundle.of(spec.name)
            measured = TASKS[spec.name](loaded, [samples[at] for at in places], spec, max_length, encodings)
            if isinstance(measured, Rejection):
                return measured
            known.update(zip(places, measured.values, strict=True))
            tokens += measured.tokens
        if race is not None and (stop := look(tasks, race, values, number, len(plan))):
            return _Ran(values, tokens, stop)
    return _Ran(values, tokens, None)


def _task_values(bundle: Bundle, spec: TaskSpec, known: Mapping[int, float]) -> TaskValues:
    samples, places = bundle.of(spec.name), sorted(known)
    return TaskValues(spec.name, tuple(samples[at].id for at in places), tuple(known[at] for at in places))
