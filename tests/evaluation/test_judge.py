"""One model on a round's samples: rung by rung, raced or not, always the same values."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.encodings import Encodings
from evaluation.executor import Race
from evaluation.judge import judge
from evaluation.racing import rungs
from evaluation.sources.bundle import Bundle, TaskSamples
from evaluation.sources.content import Instruction, Pair, Text
from evaluation.sources.rules import Rule
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Outraced, Scored
from evaluation.windows import byte_windows
from models.loading import LoadedModel, load
from models.rejections import Rejection

TASKS = (
    TaskSpec("reference_loss", 96, 0.5, 16.0, token_budget=256),
    TaskSpec("text_loss", 64, 0.5, 16.0, window_bytes=32, token_budget=256),
)


@pytest.fixture(scope="module")
def loaded(tiny_model: Path) -> LoadedModel:
    """The tiny Llama on the CPU in float32."""
    return load(tiny_model, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def bundle(wallets, make_sample) -> Bundle:
    """Samples of two producers, none as long as another."""
    pairs = tuple(
        make_sample(wallets[n % 2], Pair(f"Say {n}", "again " * (1 + n % 7) + str(n))) for n in range(TASKS[0].samples)
    )
    texts = tuple(make_sample(wallets[n % 2], Text(f"„naïve“ {n} " * (1 + n % 5))) for n in range(TASKS[1].samples))
    return Bundle((TaskSamples("reference_loss", pairs), TaskSamples("text_loss", texts)))


@pytest.fixture(scope="module")
def judged(loaded: LoadedModel, bundle: Bundle) -> Callable[..., Scored | Outraced | Rejection]:
    """Judges the model, or another, against what is given."""

    def run(race: Race | None = None, model: LoadedModel = loaded, encodings: Encodings | None = None):
        return judge(model, bundle, TASKS, 128, encodings or Encodings(), device="cpu", dtype="float32", race=race)

    return run


def better(verdict: Scored, share: float) -> Race:
    """A race against an incumbent that is better than a verdict by so much of its values on every sample."""
    values = tuple(tuple(value * (1 - share) for value in task.values) for task in verdict.tasks)
    return Race(values, needed=0.01)


def test_without_a_race_every_sample_has_a_value_in_the_bundles_order(judged, bundle: Bundle) -> None:
    verdict = judged()
    assert isinstance(verdict, Scored)
    assert [task.sample_ids for task in verdict.tasks] == [
        tuple(sample.id for sample in bundle.of(spec.name)) for spec in TASKS
    ]


def test_a_hopeless_race_ends_after_the_first_rung_with_the_values_of_a_full_judging(judged, bundle: Bundle) -> None:
    full = judged()
    verdict = judged(better(full, 0.5))
    assert isinstance(verdict, Outraced)
    assert (verdict.rung, verdict.improvement) == (1, pytest.approx(-1.0))
    assert verdict.improvement <= verdict.at_best < 0.01
    assert verdict.tokens < full.tokens
    for task, whole, places in zip(verdict.tasks, full.tasks, rungs(bundle, TASKS)[0], strict=True):
        of = dict(zip(whole.sample_ids, whole.values, strict=True))
        assert task.sample_ids == tuple(whole.sample_ids[at] for at in places)
        assert task.values == tuple(of[sample_id] for sample_id in task.sample_ids)


def test_a_race_that_is_won_is_judged_to_the_end_with_the_same_values(judged) -> None:
    full = judged()
    assert judged(better(full, -0.5)).tasks == full.tasks


def test_a_race_needs_all_samples_where_the_bundle_has_one_rung(loaded, bundle: Bundle) -> None:
    few = Bundle(tuple(TaskSamples(entry.task, entry.samples[:10]) for entry in bundle.tasks))
    tasks = tuple(replace(spec, samples=10) for spec in TASKS)
    race = Race(((1e-6,) * 10,) * 2, needed=0.01)
    verdict = judge(loaded, few, tasks, 128, Encodings(), device="cpu", dtype="float32", race=race)
    assert isinstance(verdict, Scored)


def test_what_was_encoded_before_changes_no_value(judged) -> None:
    kept = Encodings()
    assert judged(encodings=kept).tasks == judged(encodings=kept).tasks == judged().tasks


def test_losses_are_told_in_nats_a_token_too(judged, loaded: LoadedModel, bundle: Bundle) -> None:
    for task in judged().tasks:
        contents = [sample.content for sample in bundle.of(task.task)]
        scored = [content.reference if isinstance(content, Pair) else content.text for content in contents]
        nats = sum(value * len(text.encode()) for value, text in zip(task.values, scored, strict=True)) * math.log(2)
        texts = scored if task.task == "reference_loss" else [w for text in scored for w in byte_windows(text, 32)]
        tokens = sum(len(loaded.tokenizer.encode(text, add_special_tokens=False)) for text in texts)
        assert task.nats_per_token == pytest.approx(nats / tokens, rel=1e-12)


def test_answers_that_only_play_to_the_rules_are_counted_by_name(loaded: LoadedModel, wallets, make_sample) -> None:
    asked = tuple(
        make_sample(wallets[0], Instruction(f"Write {n} words.", (Rule("words_at_least", "3"),))) for n in range(3)
    )
    spec = TaskSpec("instruction_following", 3, 1.0, 1.0, max_new_tokens=4)
    bundle = Bundle((TaskSamples("instruction_following", asked),))
    verdict = judge(loaded, bundle, (spec,), 128, Encodings(), device="cpu", dtype="float32")
    assert isinstance(verdict, Scored)
    (task,) = verdict.tasks
    assert (task.values, task.nats_per_token, dict(task.notes)["cut"]) == ((1.0,) * 3, None, 3)
