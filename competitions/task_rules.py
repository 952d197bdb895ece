"""What the table may say of one task; a value that a task would ignore in silence is refused."""

import math

from competitions.table_checks import Checks
from evaluation.chat import PLAIN
from evaluation.tasks.spec import FEWEST_SAMPLES, MAX_NEW_TOKENS, SHARES, TaskSpec

_CHARACTER = "at least 4, the most bytes of a character"


def task_checks(task: TaskSpec) -> Checks:
    """All that a task's own fields must keep."""
    fewest = f"at least {FEWEST_SAMPLES}, the fewest that a title fight can reckon with"
    yield task.samples >= FEWEST_SAMPLES, "samples", task.samples, fewest
    yield 0 < task.weight < math.inf, "weight", task.weight, "more than 0, and finite"
    yield 0 < task.cap < math.inf, "cap", task.cap, "more than 0, and finite"
    yield 0 <= task.sd_floor <= task.cap, "sd_floor", task.sd_floor, f"from 0 to the cap ({task.cap})"
    if task.name in SHARES:
        yield task.cap <= 1, "cap", task.cap, "at most 1, the most that a share can be"
    yield 1 <= task.max_new_tokens <= MAX_NEW_TOKENS, "max_new_tokens", task.max_new_tokens, f"1 to {MAX_NEW_TOKENS}"
    yield task.window_bytes >= 4, "window_bytes", task.window_bytes, _CHARACTER
    yield task.context_bytes >= 4, "context_bytes", task.context_bytes, _CHARACTER
    yield task.token_budget > 0, "token_budget", task.token_budget, "at least 1"
    yield from _normalisation(task)
    chooses = task.name == "multiple_choice"
    yield chooses or task.by == "likelihood", "by", task.by, "left out: only multiple_choice has it"
    yield task.name != "text_loss" or task.chat == PLAIN, "chat", task.chat, "left out: a text has no prompt"


def _normalisation(task: TaskSpec) -> Checks:
    """A ceiling above the cap would never be reached: the worst model's mean would weigh less than the table says."""
    if task.normalisation == "saturating":
        rule = f"more than 0 and at most the cap ({task.cap}), where saturating is to reach 1"
        yield 0 < task.ceiling <= task.cap, "ceiling", task.ceiling, rule
    else:
        yield task.ceiling == 0, "ceiling", task.ceiling, 'left out: only normalisation = "saturating" has it'
