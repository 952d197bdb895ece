"""One run of the transformers Trainer on given examples within a budget, repeatable by its seed. It reports to nobody
but the caller and leaves no file behind; what the examples say and where the model goes is not its part."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from neurons.budget import Budget
from neurons.examples import IGNORED, Example

Report = Callable[[float, float], None]
"""Told after every step: the share of the budget spent, and the step's mean loss in nats per token."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What a run is tuned by: sequences per step, peak learning rate, and the seed of order and initial weights."""

    batch: int
    learning_rate: float
    seed: int


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did: optimizer steps, seconds, and the mean loss (nats per token) of its first and last tenth."""

    steps: int
    seconds: float
    first_loss: float
    last_loss: float


def fit(
    model: Any,
    examples: Sequence[Example],
    budget: Budget,
    tuning: Hyperparameters,
    scratch: Path,
    report: Report | None = None,
) -> Run:
    """Train every parameter of a model in place; bfloat16 on a CUDA device, float32 on the CPU."""
    watch = _Watch(budget, report)
    trainer = _BudgetedTrainer(budget, model=model, args=_arguments(budget, tuning, scratch), callbacks=[watch])
    trainer.remove_callback(PrinterCallback)
    trainer.train_dataset = list(examples)
    trainer.data_collator = _padded
    started = time.monotonic()
    trainer.train()
    model.to("cpu").eval()
    tenth = max(1, len(watch.losses) // 10)
    means = (sum(part) / len(part) for part in (watch.losses[:tenth], watch.losses[-tenth:]))
    return Run(len(watch.losses), time.monotonic() - started, *means)


class _BudgetedTrainer(Trainer):  # type: ignore[misc] # transformers is untyped
    """The Trainer with a learning rate that follows the budget, so that a run cut short by time still cools down."""

    def __init__(self, budget: Budget, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._budget = budget

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:  # noqa: ARG002 - its signature
        """The schedule that the Trainer steps after every optimizer step."""
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, self._budget.rate)
        return self.lr_scheduler


class _Watch(TrainerCallback):  # type: ignore[misc] # transformers is untyped
    """Stops at the end of the budget and passes each step's loss on."""

    def __init__(self, budget: Budget, report: Report | None) -> None:
        self._budget = budget
        self._report = report
        self.losses: list[float] = []

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self._budget.start()

    def on_log(self, _args: Any, state: Any, _control: Any, logs: dict[str, Any], **_: Any) -> None:
        if "loss" not in logs:  # the closing summary
            return
        self.losses.append(float(logs["loss"]))
        if self._report:
            self._report(self._budget.spent(state.global_step), self.losses[-1])

    def on_step_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_training_stop |= self._budget.spent(state.global_step) >= 1


def _arguments(budget: Budget, tuning: Hyperparameters, scratch: Path) -> Any:
    on_gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(scratch),
        max_steps=budget.steps or 10**9,
        per_device_train_batch_size=tuning.batch,
        learning_rate=tuning.learning_rate,
        weight_decay=0.01,
        seed=tuning.seed,
        bf16=on_gpu,
        use_cpu=not on_gpu,
        dataloader_pin_memory=on_gpu,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def _padded(examples: Sequence[Example]) -> dict[str, Any]:
    """Examples as one batch, padded on the right to the longest; padding is neither attended to nor learnt."""
    width = max(len(example.ids) for example in examples)
    ids = [[*example.ids, *[0] * (width - len(example.ids))] for example in examples]
    labels = [[*example.labels, *[IGNORED] * (width - len(example.labels))] for example in examples]
    mask = [[1] * len(example.ids) + [0] * (width - len(example.ids)) for example in examples]
    named = {"input_ids": ids, "labels": labels, "attention_mask": mask}
    return {name: torch.tensor(rows, dtype=torch.long) for name, rows in named.items()}
