"""One model, all tasks of a round: its values on the bundle's samples, or why it is refused. Knows no processes, files
or deadlines.
"""

import time
from collections.abc import Sequence

from evaluation import causality, memory
from evaluation.encodings import Encodings
from evaluation.environment import digest
from evaluation.sources.bundle import Bundle
from evaluation.tasks.registry import TASKS
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Scored, TaskValues
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
) -> Scored | Rejection:
    """Judge a loaded model on every task. Raises KeyError for a task that the bundle was not drawn for.

    What is encoded for it stays in `encodings`, for the next model of its tokenizer.
    """
    started = time.perf_counter()
    memory.reset_peak(device)
    if refused := causality.refusal(loaded, max_length):
        return refused
    judged: list[TaskValues] = []
    tokens = 0
    for spec in tasks:
        samples = bundle.of(spec.name)
        measured = TASKS[spec.name](loaded, samples, spec, max_length, encodings)
        if isinstance(measured, Rejection):
            return measured
        judged.append(TaskValues(spec.name, tuple(sample.id for sample in samples), measured.values))
        tokens += measured.tokens
    seconds = time.perf_counter() - started
    return Scored(tuple(judged), seconds, tokens, memory.peak_bytes(device), digest(device, dtype))
