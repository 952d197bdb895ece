"""Losses to the last digit: against a plain float64 computation, byte for byte, bit for bit."""

import json
import math
import random
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from chain.signing import Wallet
from evaluation.chat import ChatFormat
from evaluation.encodings import Encodings
from evaluation.likelihood import Measured
from evaluation.sources.content import Pair, Text
from evaluation.sources.sample import Sample
from evaluation.tasks.registry import TASKS
from evaluation.tasks.spec import KIND_OF_TASK, TaskSpec
from evaluation.windows import byte_windows
from models.loading import LoadedModel, load
from models.rejections import Reason, Rejection

PAIRS = [
    Pair("What does len do?", "Return the number of items in a container."),
    Pair("", "🙂"),
    Pair("a naïve question", "ein schönes, naïves Wort – „Zürich“"),
    Pair("a prompt that is too long for the window, " * 8, "and a short answer"),
    Pair("a short prompt", "a reference that no window of the model can hold at once, " * 5),
    Pair("markers are text", "<s> and </s> and <s></s>"),
]
TEXTS = [Text(pair.prompt + pair.reference) for pair in PAIRS]
REFERENCE = TaskSpec("reference_loss", len(PAIRS), 1.0, 100.0, token_budget=256)
WINDOWED = TaskSpec("text_loss", len(TEXTS), 1.0, 100.0, window_bytes=64, token_budget=256)
MAX_LENGTH = 128


@pytest.fixture(scope="session")
def loaded(tiny_model: Path) -> LoadedModel:
    """The tiny Llama on the CPU in float32."""
    return load(tiny_model, device="cpu", dtype="float32")


@pytest.fixture
def samples_of(wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]) -> Callable[..., list[Sample]]:
    """The contents as samples."""
    return lambda contents: [make_sample(wallets[0], content) for content in contents]


def plain_bits_per_byte(model: torch.nn.Module, tokenizer, pieces: list[tuple[list[str], str]]) -> float:
    """The plain way: one piece at a time after the texts of its context, full float64 logits, every token's
    log-probability looked up one by one."""
    bits = 0.0
    for context, piece in pieces:
        before = [token for text in context for token in tokenizer(text, add_special_tokens=False).input_ids]
        ids = tokenizer(piece, add_special_tokens=False, split_special_tokens=True).input_ids
        step = len(ids) if len(ids) <= MAX_LENGTH - 1 else (MAX_LENGTH - 1) // 2
        for first in range(0, len(ids), step):
            targets = ids[first : first + step]
            room = MAX_LENGTH - 1 - len(targets)
            context = (before + ids)[: len(before) + first][::-1][:room][::-1]
            with torch.no_grad():
                logits = model(torch.tensor([[0, *context, *targets]])).logits[0]
            chances = torch.log_softmax(logits, -1)
            bits -= sum(float(chances[len(context) + at, token]) for at, token in enumerate(targets)) / math.log(2)
    return bits / sum(len(piece.encode()) for _, piece in pieces)


def in_float64(folder: Path, dtype: str = "float32") -> torch.nn.Module:
    """The model of a clean directory in double precision, its weights as `dtype` has them."""
    return load(folder, device="cpu", dtype=dtype).model.double()


def edit_tokenizer(folder: Path, change: Callable[[dict], object]) -> None:
    """Change the tokenizer.json of a folder."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    change(tokenizer)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))


@pytest.mark.parametrize("family", ["Llama", "Qwen2", "Mistral"])
def test_reference_loss_is_the_plain_float64_one(family: str, make_model, samples_of) -> None:
    folder = make_model(family)
    loaded, exact = load(folder, device="cpu", dtype="float32"), in_float64(folder)
    measured = TASKS["reference_loss"](loaded, samples_of(PAIRS), REFERENCE, MAX_LENGTH, Encodings())
    expected = [plain_bits_per_byte(exact, loaded.tokenizer, [([pair.prompt], pair.reference)]) for pair in PAIRS]
    assert measured.values == pytest.approx(expected, rel=1e-6)


def test_a_pair_may_be_asked_in_a_chat_format(tiny_model: Path, loaded: LoadedModel, samples_of) -> None:
    asked = replace(REFERENCE, chat=ChatFormat("<s>user: ", "</s>"))
    measured = TASKS["reference_loss"](loaded, samples_of(PAIRS[:1]), asked, MAX_LENGTH, Encodings())
    pieces = [(["<s>user: ", PAIRS[0].prompt, "</s>"], PAIRS[0].reference)]  # the plain way reads marks in any context
    exact = in_float64(tiny_model)
    assert measured.values == pytest.approx([plain_bits_per_byte(exact, loaded.tokenizer, pieces)], rel=1e-6)


def test_text_loss_is_the_plain_float64_one(tiny_model: Path, loaded: LoadedModel, samples_of) -> None:
    texts = ["x" * 63 + "é" + "y" * 30, "🙂"]
    windows = [[([], "x" * 63), ([], "é" + "y" * 30)], [([], "🙂")]]
    measured = TASKS["text_loss"](loaded, samples_of([Text(text) for text in texts]), WINDOWED, MAX_LENGTH, Encodings())
    exact = in_float64(tiny_model)
    expected = [plain_bits_per_byte(exact, loaded.tokenizer, pieces) for pieces in windows]
    assert measured.values == pytest.approx(expected, rel=1e-6)


def test_a_long_pair_is_scored_in_windows_cut_by_bytes(tiny_model: Path, loaded: LoadedModel, samples_of) -> None:
    pair = Pair("forgotten 🙂, remembered", "Return the naïve number of items")
    spec = replace(REFERENCE, window_bytes=13, context_bytes=14)
    pieces = [
        ([", remembered"], "Return the na"),
        (["d", "Return the na"], "ïve number o"),
        (["aïve number o"], "f items"),
    ]
    measured = TASKS["reference_loss"](loaded, samples_of([pair]), spec, MAX_LENGTH, Encodings())
    exact = in_float64(tiny_model)
    assert measured.values == pytest.approx([plain_bits_per_byte(exact, loaded.tokenizer, pieces)], rel=1e-6)


@pytest.mark.parametrize(("dtype", "within"), [("float32", 1e-5), ("bfloat16", 2e-3)])
@pytest.mark.parametrize("spec", [REFERENCE, WINDOWED], ids=["pairs", "texts"])
def test_a_score_is_that_of_the_same_weights_in_float64(
    spec: TaskSpec, dtype: str, within: float, tiny_model: Path, samples_of
) -> None:
    loaded, exact = load(tiny_model, device="cpu", dtype=dtype), in_float64(tiny_model, dtype)
    if spec is REFERENCE:
        contents, cut = PAIRS, [[([pair.prompt], pair.reference)] for pair in PAIRS]
    else:
        contents, cut = TEXTS, [[([], window) for window in byte_windows(text.text, 64)] for text in TEXTS]
    values = TASKS[spec.name](loaded, samples_of(contents), spec, MAX_LENGTH, Encodings()).values
    expected = [plain_bits_per_byte(exact, loaded.tokenizer, pieces) for pieces in cut]
    assert statistics.mean(values) == pytest.approx(statistics.mean(expected), rel=within)


@pytest.mark.parametrize("spec", [REFERENCE, WINDOWED], ids=["pairs", "texts"])
def test_a_twin_with_a_permuted_vocabulary_scores_the_same(spec: TaskSpec, make_model, samples_of) -> None:
    old = torch.randperm(300, generator=torch.Generator().manual_seed(1))
    new = old.argsort().tolist()  # token of id i becomes new[i]

    def permute(model) -> None:
        for rows in (model.model.embed_tokens.weight.data, model.lm_head.weight.data):
            rows.copy_(rows[old])

    def renumber(tokenizer: dict) -> None:
        vocab = tokenizer["model"]["vocab"]
        vocab.update({token: new[number] for token, number in vocab.items()})
        for token in tokenizer["added_tokens"]:
            token["id"] = new[token["id"]]

    twin = make_model(alter=permute)
    edit_tokenizer(twin, renumber)
    samples = samples_of(PAIRS if spec is REFERENCE else TEXTS)
    one, other = (load(folder, device="cpu", dtype="float32") for folder in (make_model(), twin))
    assert one.tokenizer.encode("Return") != other.tokenizer.encode("Return")
    values, others = (TASKS[spec.name](model, samples, spec, MAX_LENGTH, Encodings()).values for model in (one, other))
    assert others == pytest.approx(values, rel=1e-6)


@pytest.mark.parametrize(("spec", "contents"), [(REFERENCE, PAIRS), (WINDOWED, TEXTS)], ids=["pairs", "texts"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_no_order_of_samples_and_no_repetition_moves_a_bit(
    dtype: str, spec: TaskSpec, contents, tiny_model: Path, samples_of
) -> None:
    loaded, samples = load(tiny_model, device="cpu", dtype=dtype), samples_of(contents)
    values = dict(zip(samples, TASKS[spec.name](loaded, samples, spec, MAX_LENGTH, Encodings()).values, strict=True))
    for seed in range(21):
        shuffled = random.Random(seed).sample(samples, len(samples)) if seed else samples
        again = TASKS[spec.name](loaded, shuffled, spec, MAX_LENGTH, Encodings()).values
        assert dict(zip(shuffled, again, strict=True)) == values


@pytest.mark.parametrize(("spec", "contents"), [(REFERENCE, PAIRS), (WINDOWED, TEXTS)], ids=["pairs", "texts"])
def test_a_zeroed_head_scores_log2_of_the_vocabulary_per_token(spec, contents, make_model, samples_of) -> None:
    blank = load(make_model(alter=lambda model: model.lm_head.weight.data.zero_()), device="cpu", dtype="float32")
    measured = TASKS[spec.name](blank, samples_of(contents), spec, MAX_LENGTH, Encodings())
    scored = [content.reference if isinstance(content, Pair) else content.text for content in contents]
    tokens = [len(blank.tokenizer(text, split_special_tokens=True).input_ids) for text in scored]
    if spec is REFERENCE:
        expected = [math.log2(300) * n / len(text.encode()) for n, text in zip(tokens, scored, strict=True)]
        assert (measured.values, measured.tokens) == (pytest.approx(expected, rel=1e-7), sum(tokens))
    else:
        assert measured.tokens >= sum(tokens)
        bits = [value * len(text.encode()) for value, text in zip(measured.values, scored, strict=True)]
        assert math.fsum(bits) == pytest.approx(math.log2(300) * measured.tokens, rel=1e-7)


def test_values_are_clipped_to_the_cap(loaded: LoadedModel, samples_of) -> None:
    measured = TASKS["reference_loss"](loaded, samples_of(PAIRS), replace(REFERENCE, cap=0.5), MAX_LENGTH, Encodings())
    assert isinstance(measured, Measured)
    assert measured.values == (0.5,) * len(PAIRS)


@pytest.mark.parametrize("number", [math.nan, math.inf], ids=str)
def test_a_loss_that_is_not_finite_rejects(number: float, make_model, samples_of) -> None:
    broken = make_model(alter=lambda model: model.lm_head.weight.data[7].fill_(number))
    samples = samples_of(PAIRS[:1])
    refused = TASKS["reference_loss"](
        load(broken, device="cpu", dtype="float32"), samples, REFERENCE, MAX_LENGTH, Encodings()
    )
    assert refused == Rejection(Reason.NOT_FINITE, f"reference_loss of sample {samples[0].id} is nan")


def test_a_normaliser_that_moves_text_rejects(make_model, samples_of) -> None:
    folder = make_model()
    lost = {"type": "Replace", "pattern": {"String": "Return"}, "content": ""}
    edit_tokenizer(folder, lambda tokenizer: tokenizer.update(normalizer=lost))
    loaded = load(folder, device="cpu", dtype="float32")
    refused = TASKS["reference_loss"](loaded, samples_of(PAIRS), REFERENCE, MAX_LENGTH, Encodings())
    assert refused.reason is Reason.TOKENIZER


def test_a_normaliser_that_moves_the_answers_start_into_the_prompt_leaves_every_byte_scored(
    loaded: LoadedModel, make_model, samples_of
) -> None:
    """Of prompt and answer in one it makes a letter that holds the end of one and the start of the other."""

    def look_ahead(tokenizer: dict) -> None:
        tokenizer["normalizer"] = {"type": "Replace", "pattern": {"String": "?Return"}, "content": "§"}
        back = {"type": "Replace", "pattern": {"String": "§"}, "content": "?Return"}
        tokenizer["decoder"] = {"type": "Sequence", "decoders": [tokenizer["decoder"], back]}

    folder, pair = make_model(), PAIRS[0]
    edit_tokenizer(folder, look_ahead)
    ahead = load(folder, device="cpu", dtype="float32")
    joint = ahead.tokenizer.encode(pair.prompt + pair.reference)
    assert ahead.tokenizer.decode(joint) == pair.prompt + pair.reference
    assert ahead.tokenizer.encode("?Return") == loaded.tokenizer.encode("§")
    values = [
        TASKS["reference_loss"](model, samples_of([pair]), REFERENCE, MAX_LENGTH, Encodings())
        for model in (loaded, ahead)
    ]
    assert values[0] == values[1]


def test_tasks_refuse_samples_of_another_kind(loaded: LoadedModel, samples_of) -> None:
    with pytest.raises(TypeError, match="reference_loss scores pairs"):
        TASKS["reference_loss"](loaded, samples_of(TEXTS), REFERENCE, MAX_LENGTH, Encodings())


def test_the_tasks_are_those_that_tables_may_name() -> None:
    assert TASKS.keys() == KIND_OF_TASK.keys()
