"""What the table says of one task. Loads nothing heavy, so that the validator process can know tasks by name."""

from dataclasses import dataclass
from typing import Literal

from evaluation.chat import PLAIN, ChatFormat

TaskName = Literal["reference_loss", "text_loss", "multiple_choice", "instruction_following"]
SampleKind = Literal["pair", "text", "choice", "instruction"]

KIND_OF_TASK: dict[TaskName, SampleKind] = {
    "reference_loss": "pair",
    "text_loss": "text",
    "multiple_choice": "choice",
    "instruction_following": "instruction",
}
"""Which kind of sample each task scores; the names a table may use."""
SHARES: frozenset[TaskName] = frozenset({"multiple_choice", "instruction_following"})
"""Tasks whose values are shares: no cap above 1 means anything for them."""
FEWEST_SAMPLES = 64
"""Of fewer values a title fight's corrections for skew and for few degrees of freedom do not hold."""
MAX_NEW_TOKENS = 1_024
"""The most tokens of an answer that a table may ask for."""


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task of a competition: how many samples a round draws, its weight in the score, the cap of a value."""

    name: TaskName
    samples: int
    weight: float
    cap: float
    """Values are clipped to [0, cap], in the task's unit (bits per byte for losses, 1 − p(right) for choices)."""
    source: str = ""
    """Which of the competition's sources the samples come from; where there is only one, it need not be named."""
    window_bytes: int = 1024
    """Texts and references are scored in windows of at most this many bytes."""
    context_bytes: int = 4096
    """reference_loss: the most bytes of prompt and preceding reference that stand before a window;
    multiple_choice, instruction_following: of the prompt."""
    token_budget: int = 4096
    """Upper bound on padded tokens in one batch; a fact of the table, never of free memory."""
    sd_floor: float = 0.01
    """Racing takes the paired differences of values to spread at least so much, in the task's unit: a few samples that
    happen to agree must not end a race."""
    normalisation: Literal["none", "saturating", "by_incumbent"] = "none"
    """What becomes of the mean before it is weighted: nothing; (1 − e^(−mean/ceiling)) / (1 − e^(−1)), 1 from the
    ceiling on; or units of the incumbent's mean, so that tasks of different units weigh alike (units of the cap on a
    vacant throne, where there is none)."""
    ceiling: float = 0.0
    """The ceiling of `saturating`, in the task's unit."""
    chat: ChatFormat = PLAIN
    """What stands around every prompt; by default nothing."""
    by: Literal["likelihood", "letter"] = "likelihood"
    """multiple_choice: whether the choices are scored, or the letters before which the prompt then lists them."""
    max_new_tokens: int = 256
    """instruction_following: an answer that has not ended after so many tokens is worth nothing. 120 words, the most
    that `generated` rules allow, are 160 tokens of today's tokenizers."""
