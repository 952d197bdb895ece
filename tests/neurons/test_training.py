"""Bases and fine-tunes learn, are repeatable by their seed, keep to their budget, and leave a model and nothing else.

The only test module of this room that loads torch.
"""

import dataclasses
import hashlib
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from evaluation.sources.content import Pair
from evaluation.tokens import spans
from evaluation.windows import byte_windows, pieces
from models.limits import WIDEST
from models.publishing import prepare
from models.vetting import Vetted
from neurons import corpus
from neurons.budget import Budget
from neurons.errors import MinerError
from neurons.examples import IGNORED, Example, from_pairs, from_texts
from neurons.trainer import Hyperparameters
from neurons.training import PRESETS, fine_tune, train_base, train_tokenizer

FILES = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
MATERIAL = corpus.pairs()[:200]
HELD_OUT = corpus.pairs()[200:240]
TUNING = Hyperparameters(batch=8, learning_rate=5e-3, seed=0)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Models this small gain nothing from a second core, and lose much when another process wants it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("training") / "base"
    train_base(out, "pocket", Budget(40))
    return out


def _weights(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def _loss(folder: Path, pairs: tuple[Pair, ...]) -> float:
    """Mean nats per token of the references, the plain way."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    total, count = 0.0, 0
    for example in from_pairs(pairs, lambda text: tokenizer(text, add_special_tokens=False)["input_ids"], 0, 1, 256):
        with torch.no_grad():
            loss = model(input_ids=torch.tensor([example.ids]), labels=torch.tensor([example.labels])).loss
        learnt = sum(label != IGNORED for label in example.labels)
        total, count = total + loss.item() * learnt, count + learnt
    return total / count


def test_a_base_is_a_model_that_validators_accept_and_nothing_else(base: Path) -> None:
    vetted = prepare(base, WIDEST)
    assert ({file.name for file in base.iterdir()}, isinstance(vetted, Vetted)) == (FILES, True)


def test_presets_are_of_the_sizes_they_say() -> None:
    sizes = {}
    for name, shape in PRESETS.items():
        layer = 4 * shape.hidden**2 + 3 * shape.hidden * shape.inner + 2 * shape.hidden
        sizes[name] = shape.vocabulary * shape.hidden + shape.layers * layer + shape.hidden
    assert sizes == {"demo": 2_557_632, "pocket": 43_168}


def test_a_base_is_better_than_guessing_bytes_after_a_few_steps(base: Path) -> None:
    assert _loss(base, HELD_OUT) < math.log(512)


def test_the_same_seed_trains_the_same_base_and_another_seed_another(base: Path, tmp_path: Path) -> None:
    same, other = tmp_path / "same", tmp_path / "other"
    train_base(same, "pocket", Budget(40))
    train_base(other, "pocket", Budget(40), seed=1)
    assert (_weights(same) == _weights(base), _weights(other) == _weights(base)) == (True, False)


def test_fine_tuning_on_pairs_lowers_the_loss_on_others_and_a_longer_budget_lowers_it_more(
    base: Path, tmp_path: Path
) -> None:
    short, long = tmp_path / "short", tmp_path / "long"
    fine_tune(base, short, MATERIAL, Budget(5), TUNING)
    fine_tune(base, long, MATERIAL, Budget(60), TUNING)
    losses = [_loss(folder, HELD_OUT) for folder in (base, short, long)]
    assert losses == sorted(losses, reverse=True)


def test_fine_tuning_is_repeatable_and_works_on_texts_and_pairs_alike(base: Path, tmp_path: Path) -> None:
    material = (*MATERIAL[:20], *corpus.passages()[:10])
    first, second = (fine_tune(base, tmp_path / name, material, Budget(3), TUNING) for name in ("one", "two"))
    assert (_weights(first.folder), first.parameters, first.run.steps) == (_weights(second.folder), 43_168, 3)
    assert {file.name for file in first.folder.iterdir()} == FILES


def test_progress_is_told_after_every_step_and_seconds_end_a_run(base: Path, tmp_path: Path) -> None:
    told: list[float] = []
    fine_tune(base, tmp_path / "steps", MATERIAL, Budget(4), TUNING, lambda share, _: told.append(share))
    timed = fine_tune(base, tmp_path / "seconds", MATERIAL, Budget(None, 0.3), TUNING)
    assert (told, 0 < timed.run.steps < 200, timed.run.seconds < 30) == ([0.25, 0.5, 0.75, 1.0], True, True)


@pytest.mark.parametrize("fault", ["full", "nothing", "no base"])
def test_what_cannot_be_trained_is_told_in_one_line_and_leaves_nothing(base: Path, tmp_path: Path, fault: str) -> None:
    start = tmp_path / "empty" if fault == "no base" else base
    out = base if fault == "full" else tmp_path / "out"
    before = _weights(base)
    with pytest.raises(MinerError) as told:
        fine_tune(start, out, () if fault == "nothing" else MATERIAL, Budget(1), TUNING)
    remedy = {"full": "--out", "nothing": "--dataset", "no base": "--base"}[fault]
    assert (remedy in str(told.value), "\n" in str(told.value)) == (True, False)
    assert ((tmp_path / "out").exists(), _weights(base)) == (False, before)


def test_the_tokenizer_gives_every_byte_back_and_adds_nothing() -> None:
    tokenizer = train_tokenizer(corpus.topics()[:5], 512, 64)
    text = " \n\té字𝄞\x00  spaces"
    ids = tokenizer(text, add_special_tokens=True)["input_ids"]
    back = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    assert (back, len(tokenizer), tokenizer.bos_token_id, tokenizer.eos_token_id) == (text, 512, 0, 1)


def test_of_a_pair_only_the_answer_is_learnt_and_a_long_prompt_loses_its_beginning() -> None:
    encode = lambda text: [int(digit) for digit in text]  # noqa: E731 - one line says it best
    (whole,) = from_pairs([Pair("234", "56")], encode, 0, 1, 10)
    (cut,) = from_pairs([Pair("23456", "789")], encode, 0, 1, 7)
    assert whole == Example((0, 2, 3, 4, 5, 6, 1), (IGNORED,) * 4 + (5, 6, 1))
    assert cut == Example((0, 5, 6, 7, 8, 9, 1), (IGNORED,) * 3 + (7, 8, 9, 1))


def test_what_fits_is_laid_out_as_it_is_scored_and_an_eos_is_learnt_behind_it() -> None:
    encode = lambda text: list(text.encode())  # noqa: E731 - one line says it best
    (pair,) = from_pairs([Pair("Which?", "Thät.")], encode, 0, 1, 40)
    (text,) = from_texts(["A téxt."], encode, 0, 1, 40)
    (piece,) = pieces("Which?", "Thät.", context_bytes=40, window_bytes=40)
    (window,) = byte_windows("A téxt.", 40)
    scored = [
        spans(tuple(encode(*piece.context)), tuple(encode(piece.scored)), 0, 40),
        spans((), tuple(encode(window)), 0, 40),
    ]
    for learnt, (span,) in zip((pair, text), scored, strict=True):
        labels = (IGNORED,) * (len(span.inputs) - len(span.targets) + 1) + span.targets
        assert learnt == Example((*span.inputs, span.targets[-1], 1), (*labels, 1))


def test_windows_of_a_text_start_with_bos_and_learn_every_token_once() -> None:
    windows = list(from_texts(["23456"], lambda text: [int(digit) for digit in text], 0, 1, 4))
    assert windows == [Example((0, 2, 3, 4), (IGNORED, 2, 3, 4)), Example((0, 5, 6, 1), (IGNORED, 5, 6, 1))]


def test_a_budget_ends_with_the_nearer_of_its_bounds_and_the_rate_falls_towards_it() -> None:
    clock = iter([0.0, 1.0, 9.0, 20.0])
    budget = Budget(10, 10.0, now=lambda: next(clock))
    budget.start()
    assert [budget.spent(step) for step in (2, 2, 2)] == [0.2, 0.9, 1.0]
    rates = [Budget(100).rate(step) for step in (0, 5, 50, 100)]
    assert [round(rate, 3) for rate in rates] == [0.1, 0.994, 0.525, 0.05]


@pytest.mark.parametrize(("steps", "seconds"), [(None, None), (0, None), (5, 0.0)])
def test_a_budget_without_anything_to_spend_is_refused(steps: int | None, seconds: float | None) -> None:
    with pytest.raises(MinerError, match="trains nothing: give one above 0"):
        Budget(steps, seconds)


def test_records_of_a_run_are_plain_numbers(base: Path, tmp_path: Path) -> None:
    run = fine_tune(base, tmp_path / "run", MATERIAL, Budget(20), TUNING).run
    assert {type(value) for value in dataclasses.astuple(run)} == {int, float}
    assert run.last_loss < run.first_loss


def test_a_fine_tune_keeps_the_tokenizer_of_its_base_whatever_the_models_type(base: Path, tmp_path: Path) -> None:
    """transformers would give a Qwen2 a tokenizer of its own making, with an id that the embedding lacks."""
    words = PreTrainedTokenizerFast.from_pretrained(base)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Qwen2Config(vocab_size=len(words), num_key_value_heads=2, bos_token_id=0, eos_token_id=1, **shape)
    Qwen2ForCausalLM(config).save_pretrained(tmp_path / "qwen")
    words.save_pretrained(tmp_path / "qwen")
    fine_tune(tmp_path / "qwen", tmp_path / "out", MATERIAL[:8], Budget(1), TUNING)
    before, after = prepare(tmp_path / "qwen", WIDEST), prepare(tmp_path / "out", WIDEST)
    assert isinstance(before, Vetted)
    assert isinstance(after, Vetted)
    assert after.tokenizer == before.tokenizer
