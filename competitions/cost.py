"""What a round costs a validator, reckoned from the table and a stated field: tokens, GPU hours, bytes. Pure.

A model's pass over a token takes two operations for each parameter (attention over short contexts adds little); writing
an answer reads all weights once for each of its tokens. The rest are assumptions, each with its default beside it.
"""

import math
from dataclasses import dataclass

from competitions.spec import Competition
from evaluation.sources.spec import GeneratedSpec
from evaluation.tasks.spec import TaskSpec

SECONDS_A_BLOCK = 12.0
"""Of the live chain."""


@dataclass(frozen=True, slots=True)
class Field:
    """Who competes in a round, and what is asked: what the table does not say. None: the table's most."""

    entrants: int | None = None
    """Challengers judged."""
    new: int = 4
    """Of these, models that have to be downloaded first."""
    worse: float = 0.75
    """The share of challengers that are clearly worse than the incumbent: a race ends their judging early."""
    saved: float = 0.6
    """The share of its samples that a clearly worse challenger is not judged on, as measured over all levels."""
    parameters: int | None = None
    new_bytes: int | None = None
    """Bytes of one new repository; None: two for each parameter, or as many as the table allows."""
    prompt_bytes: int = 800
    answer_bytes: int = 1_600
    choices: int = 4
    choice_bytes: int = 60
    bytes_a_token: float = 4.0
    line_bytes: int = 600
    """What a sample's line holds beside its texts: names, anchor, signature."""
    pool: float = 3.0
    """How many times as many samples as a round draws the producers' batches hold."""


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU: what it can do at its best, and how much of that judging reaches."""

    flops: float = 312e12
    """Operations a second in bfloat16; the default is an A100's."""
    reached: float = 0.4
    bandwidth: float = 1.5e12
    """Bytes a second from its memory, which bound the writing of answers."""
    loading: float = 1e9
    """Bytes a second at which weights come from the disk."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one round of one competition."""

    competition: str
    challengers: int
    parameters: int
    tokens: int
    """Of one model on all samples: read, and written."""
    model_s: float
    """GPU seconds of one model on all samples, loading included."""
    gpu_hours: float
    """Of all models of the round."""
    devices: float
    """How many such GPUs keep up with the rounds."""
    download_bytes: int
    sample_bytes: int


def cost(competition: Competition, field: Field, device: Device) -> Cost:
    """What a round costs with so many challengers and their incumbent, on so fast a device."""
    most = competition.entrants.most
    challengers = most if field.entrants is None else min(field.entrants, most)
    parameters = competition.limits.max_parameters if field.parameters is None else field.parameters
    read = sum(task.samples * tokens_read(task, field) for task in competition.tasks)
    steps = sum(written_steps(task, field) for task in competition.tasks)
    loading = 2 * parameters / device.loading
    judging = 2 * parameters * (read / (device.flops * device.reached) + steps / device.bandwidth)
    judged = 1 + challengers * (1 - field.worse * field.saved)
    hours = ((1 + challengers) * loading + judged * judging) / 3_600
    written = sum(task.samples * _answer_tokens(task, field) for task in competition.tasks)
    return Cost(
        competition=competition.name,
        challengers=challengers,
        parameters=parameters,
        tokens=round(read) + written,
        model_s=loading + judging,
        gpu_hours=hours,
        devices=hours * 3_600 / (competition.round_blocks * SECONDS_A_BLOCK),
        download_bytes=min(field.new, challengers) * _repository(competition, field, parameters),
        sample_bytes=round(field.pool * _drawn_bytes(competition, field)),
    )


def tokens_read(task: TaskSpec, field: Field) -> float:
    """Tokens that a model reads for one sample: a reference's windows stand after their context, each anew."""
    prompt = min(field.prompt_bytes, task.context_bytes)
    match task.name:
        case "text_loss":
            read = field.prompt_bytes + field.answer_bytes
        case "multiple_choice":
            read = prompt + field.choices * (field.choice_bytes if task.by == "likelihood" else 1)
        case "instruction_following":
            read = prompt
        case "reference_loss":
            starts = range(0, field.answer_bytes, task.window_bytes)
            read = field.answer_bytes + sum(min(task.context_bytes, field.prompt_bytes + start) for start in starts)
    return read / field.bytes_a_token


def written_steps(task: TaskSpec, field: Field) -> int:
    """How many times all weights are read to write a task's answers, a batch of them at a time."""
    tokens = _answer_tokens(task, field)
    if not tokens:
        return 0
    batch = max(1, int(task.token_budget / (tokens_read(task, field) + tokens)))
    return tokens * math.ceil(task.samples / batch)


def _answer_tokens(task: TaskSpec, field: Field) -> int:
    """Tokens of an answer that a model writes, which ends at the table's limit."""
    if task.name != "instruction_following":
        return 0
    return min(task.max_new_tokens, math.ceil(field.answer_bytes / field.bytes_a_token))


def _repository(competition: Competition, field: Field, parameters: int) -> int:
    return min(2 * parameters, competition.limits.max_repo_bytes) if field.new_bytes is None else field.new_bytes


def _drawn_bytes(competition: Competition, field: Field) -> int:
    """Bytes of the samples that a round draws; those that the seed makes come over no network."""
    fetched = [task for task in competition.tasks if not isinstance(competition.source(task.source), GeneratedSpec)]
    return sum(task.samples * _line(task, field) for task in fetched)


def _line(task: TaskSpec, field: Field) -> int:
    """Bytes of a sample's line; an instruction has no answer, a question has choices in its place."""
    answer = {
        "instruction_following": 0,
        "multiple_choice": field.choices * field.choice_bytes,
    }.get(task.name, field.answer_bytes)
    return field.line_bytes + field.prompt_bytes + answer
