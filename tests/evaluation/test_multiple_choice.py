"""Multiple choice to the last digit: the prompt computed once is worth what each choice after it by itself is."""

import json
import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from chain.signing import Wallet
from evaluation.branches import Branch, Tree, trees
from evaluation.chat import PLAIN, ChatFormat
from evaluation.encodings import Encodings
from evaluation.executor import Request
from evaluation.likelihood import Measured
from evaluation.sources.bundle import Bundle, TaskSamples, write_bundle
from evaluation.sources.content import Choice, Pair
from evaluation.sources.procedures.draws import Draws
from evaluation.sources.procedures.facts import facts
from evaluation.sources.sample import Sample
from evaluation.tasks.multiple_choice import doubt, score
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import TaskValues
from evaluation.wire import decode_request, encode_request
from models.loading import LoadedModel, load
from models.rejections import Reason, Rejection

CHOICES = [
    Choice("Which one is the fox?", (" the quick brown fox", " the lazy dog", " a container"), 0),
    Choice("Wo liegt das Café? 🙂\n", ("Zürich", "in Zürich – „schön“", "Bern", "Ö"), 1),
    Choice("</s><s> or not", ("<s>", "</s>", "neither"), 2),
    Choice("Return the number of items in a container. " * 3, ("seven", "a number that takes a while", "8"), 0),
    *(facts(Draws(f"question {number}".encode())) for number in range(8)),
]
LONG_PROMPT = Choice("a prompt too long for the window, " * 8, ("seven", "a longer choice 🙂", "8"), 1)
LONG_CHOICE = Choice("a short prompt", ("no", "a choice that no window of the model can hold at once, " * 5, "yes"), 2)
MANY = Choice("one of very many", tuple(f"choice {letter} of them all" for letter in "abcdefghijklmnopqrstuvwxyz"), 9)
SPEC = TaskSpec("multiple_choice", len(CHOICES), 1.0, 1.0, token_budget=256)
CHAT = ChatFormat("<s>user: ", "</s>\nassistant: ")
MAX_LENGTH = 128
SLIDING = 7


@pytest.fixture(scope="session")
def loaded(tiny_model: Path) -> LoadedModel:
    """The tiny Llama on the CPU in float32."""
    return load(tiny_model, device="cpu", dtype="float32")


@pytest.fixture
def samples_of(wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]) -> Callable[..., list[Sample]]:
    """The contents as samples."""
    return lambda contents: [make_sample(wallets[0], content) for content in contents]


def measure(loaded: LoadedModel, samples: list[Sample], spec: TaskSpec = SPEC) -> tuple[float, ...]:
    """The samples' values."""
    measured = score(loaded, samples, spec, MAX_LENGTH, Encodings())
    assert isinstance(measured, Measured)
    return measured.values


def in_float64(folder: Path, dtype: str) -> torch.nn.Module:
    """The weights of a clean directory, as they are in `dtype`, in double precision."""
    return load(folder, device="cpu", dtype=dtype).model.double()


def plain_nats(model: torch.nn.Module, fed: list[int], scored: list[int]) -> float:
    """Full float64 logits of one sequence; each scored token's log-probability looked up by itself."""
    with torch.no_grad():
        chances = torch.log_softmax(model(torch.tensor([[*fed, *scored]])).logits[0], -1)
    return -sum(float(chances[len(fed) - 1 + at, token]) for at, token in enumerate(scored))


def plain_ids(tokenizer, text: str, *, ours: bool = False) -> list[int]:
    return tokenizer(text, add_special_tokens=False, split_special_tokens=not ours).input_ids


def plain_context(tokenizer, prompt: str, chat: ChatFormat = PLAIN) -> list[int]:
    """All that stands before a choice but the first id."""
    before, after = (plain_ids(tokenizer, text, ours=True) for text in (chat.before, chat.after))
    return [*before, *plain_ids(tokenizer, prompt), *after]


def plain_doubt(nats: list[float], question: Choice) -> float:
    scores = [-loss / len(choice.encode()) for loss, choice in zip(nats, question.choices, strict=True)]
    return 1 - float(torch.softmax(torch.tensor(scores, dtype=torch.float64), 0)[question.answer])


def plain_value(model: torch.nn.Module, tokenizer, question: Choice, chat: ChatFormat = PLAIN) -> float:
    """The plain way: each choice by itself after the whole prompt, in float64."""
    fed = [0, *plain_context(tokenizer, question.prompt, chat)]
    return plain_doubt([plain_nats(model, fed, plain_ids(tokenizer, c)) for c in question.choices], question)


@pytest.mark.parametrize("chat", [PLAIN, CHAT], ids=["plain", "chat"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("family", ["Llama", "Qwen2", "Mistral", "sliding"])
def test_values_are_the_plain_float64_ones(family: str, dtype: str, chat: ChatFormat, make_model, samples_of) -> None:
    folder = make_model("Mistral", sliding_window=SLIDING) if family == "sliding" else make_model(family)
    loaded, exact = load(folder, device="cpu", dtype=dtype), in_float64(folder, dtype)
    expected = [plain_value(exact, loaded.tokenizer, question, chat) for question in CHOICES]
    values = measure(loaded, samples_of(CHOICES), replace(SPEC, chat=chat))
    assert values == pytest.approx(expected, rel=1e-6 if dtype == "float32" else 5e-3)
    assert math.fsum(values) == pytest.approx(math.fsum(expected), rel=1e-6 if dtype == "float32" else 2e-3)


@pytest.mark.parametrize("by", ["likelihood", "letter"])
def test_no_order_of_samples_moves_a_bit(by, loaded: LoadedModel, samples_of) -> None:
    samples, spec = samples_of([*CHOICES, LONG_PROMPT, LONG_CHOICE, MANY]), replace(SPEC, by=by)
    values = dict(zip(samples, measure(loaded, samples, spec), strict=True))
    for seed in range(20):
        shuffled = random.Random(seed).sample(samples, len(samples))
        assert dict(zip(shuffled, measure(loaded, shuffled, spec), strict=True)) == values


def test_no_order_of_choices_moves_a_value(loaded: LoadedModel, samples_of) -> None:
    questions = [*CHOICES, LONG_PROMPT, LONG_CHOICE, MANY]
    turned = [
        replace_choices(question, order)
        for question in questions
        for order in [random.Random(question.prompt).sample(range(len(question.choices)), len(question.choices))]
    ]
    assert measure(loaded, samples_of(turned)) == pytest.approx(measure(loaded, samples_of(questions)), rel=1e-6)


def replace_choices(question: Choice, order: list[int]) -> Choice:
    return Choice(question.prompt, tuple(question.choices[at] for at in order), order.index(question.answer))


def test_the_prompt_is_fed_once_for_all_choices(loaded: LoadedModel, samples_of) -> None:
    question = CHOICES[0]
    fed: list[int] = []
    hook = loaded.model.get_input_embeddings().register_forward_pre_hook(lambda _, given: fed.append(given[0].numel()))
    measured = score(loaded, samples_of([question]), SPEC, MAX_LENGTH, Encodings())
    hook.remove()
    prompt, *choices = (len(plain_ids(loaded.tokenizer, text)) for text in (question.prompt, *question.choices))
    assert (fed, measured.tokens) == ([1 + prompt + sum(choices) - len(choices)], sum(choices))


def test_a_long_prompt_loses_its_beginning_alike_for_all_choices(tiny_model: Path, loaded, samples_of) -> None:
    exact, tokenizer = in_float64(tiny_model, "float32"), loaded.tokenizer
    choices = [plain_ids(tokenizer, choice) for choice in LONG_PROMPT.choices]
    room = MAX_LENGTH - 1 - max(map(len, choices))
    fed = [0, *plain_context(tokenizer, LONG_PROMPT.prompt)[-room:]]
    expected = plain_doubt([plain_nats(exact, fed, ids) for ids in choices], LONG_PROMPT)
    assert measure(loaded, samples_of([LONG_PROMPT])) == pytest.approx([expected], rel=1e-6)


def test_of_a_choice_that_no_window_holds_every_byte_is_scored(tiny_model: Path, loaded, samples_of) -> None:
    exact, tokenizer = in_float64(tiny_model, "float32"), loaded.tokenizer
    prompt = plain_ids(tokenizer, LONG_CHOICE.prompt)
    nats, room = [], MAX_LENGTH - 1
    for ids in (plain_ids(tokenizer, choice) for choice in LONG_CHOICE.choices):
        step = len(ids) if len(ids) <= room else room // 2
        pieces = [(prompt + ids[:at], ids[at : at + step]) for at in range(0, len(ids), step)]
        nats.append(sum(plain_nats(exact, [0, *before[-(room - len(some)) :]], some) for before, some in pieces))
    measured = score(loaded, samples_of([LONG_CHOICE]), SPEC, MAX_LENGTH, Encodings())
    tokens = sum(len(plain_ids(tokenizer, choice)) for choice in LONG_CHOICE.choices)
    assert measured == Measured((pytest.approx(plain_doubt(nats, LONG_CHOICE), rel=1e-6),), tokens)


def test_choices_too_many_for_one_window_are_worth_the_same(tiny_model: Path, loaded, samples_of) -> None:
    expected = plain_value(in_float64(tiny_model, "float32"), loaded.tokenizer, MANY)
    assert measure(loaded, samples_of([MANY])) == pytest.approx([expected], rel=1e-6)


def test_a_prompt_is_cut_by_bytes_and_the_chat_format_is_not(tiny_model: Path, loaded, samples_of) -> None:
    question = Choice("forgotten 🙂, remembered", ("seven", "eight"), 0)
    cut = Choice(", remembered", question.choices, 0)
    expected = plain_value(in_float64(tiny_model, "float32"), loaded.tokenizer, cut, CHAT)
    spec = replace(SPEC, context_bytes=14, chat=CHAT)
    assert measure(loaded, samples_of([question]), spec) == pytest.approx([expected], rel=1e-6)


def test_whoever_knows_nothing_has_one_chance_in_as_many_as_there_are(make_model, samples_of) -> None:
    blank = load(make_model(alter=lambda model: model.lm_head.weight.data.zero_()), device="cpu", dtype="float32")
    alike, longer = Choice("?", ("#1", "#2", "#3"), 1), Choice("?", ("xyzw", "fox", "container"), 2)
    counts = [len(plain_ids(blank.tokenizer, choice)) for choice in longer.choices]
    expected = plain_doubt([count * math.log(300) for count in counts], longer)
    assert measure(blank, samples_of([alike, longer])) == pytest.approx([2 / 3, expected], rel=1e-7)
    assert measure(blank, samples_of([alike]), replace(SPEC, by="letter")) == (1.0,)


def test_by_letter_the_likeliest_letter_after_the_list_decides(tiny_model: Path, loaded, samples_of) -> None:
    exact, tokenizer = in_float64(tiny_model, "float32"), loaded.tokenizer
    expected = []
    for question in CHOICES:
        letters = "ABCDEFGH"[: len(question.choices)]
        listed = "".join(f"{letter}) {choice}\n" for letter, choice in zip(letters, question.choices, strict=True))
        prompt = question.prompt.rstrip("\n") + "\n" + listed
        context = [0, *plain_context(tokenizer, prompt, CHAT)[-(MAX_LENGTH - 2) :]]
        nats = [plain_nats(exact, context, plain_ids(tokenizer, letter)) for letter in letters]
        expected.append(float(nats.index(min(nats)) != question.answer))
    values = measure(loaded, samples_of(CHOICES), replace(SPEC, by="letter", chat=CHAT))
    assert (values, set(values)) == (tuple(expected), {0.0, 1.0})


@pytest.mark.parametrize(
    ("losses", "sizes", "right", "value"),
    [
        ([0.0, 90.0], [1, 1], 0, pytest.approx(math.exp(-90), rel=1e-12)),
        ([5.0, 9.0, 7.0], [5, 9, 7], 2, pytest.approx(2 / 3, rel=1e-12)),
        ([4000.0, 1.0], [1, 1], 0, 1.0),
    ],
    ids=["sure", "even by bytes", "hopeless"],
)
def test_doubt_loses_no_digit_and_overflows_nowhere(losses, sizes, right: int, value) -> None:
    assert doubt(losses, sizes, right) == value


def test_values_are_clipped_to_the_cap(loaded: LoadedModel, samples_of) -> None:
    assert measure(loaded, samples_of(CHOICES), replace(SPEC, cap=0.125)) == (0.125,) * len(CHOICES)


@pytest.mark.parametrize("number", [math.nan, math.inf], ids=str)
def test_a_loss_that_is_not_finite_rejects(number: float, make_model, samples_of) -> None:
    broken = make_model(alter=lambda model: model.lm_head.weight.data[7].fill_(number))
    samples = samples_of(CHOICES[:1])
    refused = score(load(broken, device="cpu", dtype="float32"), samples, SPEC, MAX_LENGTH, Encodings())
    told = f"multiple_choice of sample {samples[0].id}: its choices' losses are [nan, nan, nan]"
    assert refused == Rejection(Reason.NOT_FINITE, told)


@pytest.mark.parametrize("swallowed", ["Which", "lazy", "assistant"], ids=["prompt", "choice", "chat format"])
def test_a_tokenizer_that_swallows_text_is_refused(swallowed: str, make_model, samples_of) -> None:
    folder = make_model()
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["normalizer"] = {"type": "Replace", "pattern": {"String": swallowed}, "content": ""}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    loaded, spec = load(folder, device="cpu", dtype="float32"), replace(SPEC, chat=CHAT)
    refused = score(loaded, samples_of(CHOICES[:1]), spec, MAX_LENGTH, Encodings())
    assert refused.reason is Reason.TOKENIZER


def test_samples_of_another_kind_are_refused(loaded: LoadedModel, samples_of) -> None:
    with pytest.raises(TypeError, match="multiple_choice scores choices"):
        score(loaded, samples_of([Pair("a", "b")]), SPEC, MAX_LENGTH, Encodings())


def test_a_worker_asks_as_the_request_says(tiny_model: Path, loaded: LoadedModel, samples_of, tmp_path: Path) -> None:
    from evaluation.judging import Judging

    samples, spec = samples_of(CHOICES), replace(SPEC, chat=CHAT)
    write_bundle(Bundle((TaskSamples("multiple_choice", tuple(samples)),)), tmp_path / "bundle.jsonl")
    request = Request(tiny_model, tmp_path / "bundle.jsonl", (spec,), MAX_LENGTH, 60.0)
    verdict = Judging("cpu", "float32", 1)(decode_request(encode_request(request)))
    judged = TaskValues("multiple_choice", tuple(sample.id for sample in samples), measure(loaded, samples, spec))
    assert verdict.tasks == (judged,)


ids = st.lists(st.integers(10, 99), max_size=60).map(tuple)
several = st.lists(st.lists(st.integers(10, 99), min_size=1, max_size=40).map(tuple), min_size=2, max_size=8)


@given(ids, several, st.integers(3, 80))
def test_every_id_of_every_continuation_is_scored_once_within_the_window(context, continuations, max_length) -> None:
    made = trees(context, continuations, 1, max_length)
    branches = [branch for tree in made for branch in tree.branches]
    scored = [sum((branch.targets for branch in branches if branch.of == at), ()) for at in range(len(continuations))]
    assert (scored, max(tree.length for tree in made) < max_length) == (continuations, True)


@given(ids, several, st.integers(41, 80))
def test_all_continuations_that_fit_stand_after_the_same_context(context, continuations, max_length: int) -> None:
    (trunk,) = {tree.trunk for tree in trees(context, continuations, 1, max_length)}
    kept = min(len(context), max_length - 1 - max(map(len, continuations)))
    assert trunk == (1, *context[len(context) - kept :])


def test_trees_as_written_out() -> None:
    assert trees((5, 6), ((7, 8), (9,), (7, 7, 7)), 1, 7) == (
        Tree((1, 5, 6), (Branch(0, (7, 8)), Branch(1, (9,)), Branch(2, (7, 7, 7)))),
    )
    assert trees((5, 6), ((7, 8), (9, 7, 7), (7,)), 1, 6) == (
        Tree((1, 5, 6), (Branch(0, (7, 8)),)),
        Tree((1, 5, 6), (Branch(1, (9, 7, 7)), Branch(2, (7,)))),
    )
