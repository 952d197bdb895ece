"""Every task's scoring function by name. Reaches torch: only the worker imports it; others know `tasks.spec`."""

from collections.abc import Callable, Mapping, Sequence

from evaluation.encodings import Encodings
from evaluation.likelihood import Measured
from evaluation.sources.sample import Sample
from evaluation.tasks import instruction_following, multiple_choice, reference_loss, text_loss
from evaluation.tasks.spec import TaskName, TaskSpec
from models.loading import LoadedModel
from models.rejections import Rejection

Task = Callable[[LoadedModel, Sequence[Sample], TaskSpec, int, Encodings], Measured | Rejection]
"""(model, samples, spec, longest sequence in tokens, what is encoded already) → a value per sample, lower is better, in
[0, spec.cap]."""

TASKS: Mapping[TaskName, Task] = {
    "reference_loss": reference_loss.score,
    "text_loss": text_loss.score,
    "multiple_choice": multiple_choice.score,
    "instruction_following": instruction_following.score,
}
