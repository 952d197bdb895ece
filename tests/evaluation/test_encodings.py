"""Encodings that are kept: each text is encoded once per tokenizer, and nothing else shows that any were kept."""

import json
import shutil
import tracemalloc
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.chat import Markup
from evaluation.encodings import Encodings
from evaluation.executor import Request
from evaluation.likelihood import Measured
from evaluation.sources.bundle import Bundle, TaskSamples, write_bundle
from evaluation.sources.content import Pair
from evaluation.sources.sample import Sample
from evaluation.tasks.registry import TASKS
from evaluation.tasks.spec import TaskSpec
from evaluation.tokens import Tokenizer
from evaluation.verdicts import Scored
from models.loading import LoadedModel, identify_tokenizer, load
from models.rejections import Reason, Rejection

SPEC = TaskSpec("reference_loss", 3, 1.0, 100.0, window_bytes=24, context_bytes=32)
PAIRS = [
    Pair("What does len do?", "Return the number of items in a container, the quick brown fox."),
    Pair("a naïve question that is longer than its bound", "ein schönes Wort – „Zürich“ 🙂"),
    Pair("What does len do?", "def len(left): ..."),
]


class Letters:
    """A tokenizer of code points, each `shift` further on, that counts how often each text was encoded."""

    bos_token_id: int | None = None
    eos_token_id: int | None = None

    def __init__(self, shift: int = 0) -> None:
        self._shift = shift
        self.encoded: Counter[str] = Counter()

    def encode(self, text: str, **_: bool) -> list[int]:
        self.encoded[text] += 1
        return [ord(letter) + self._shift for letter in text]

    def decode(self, token_ids: Sequence[int], **_: bool) -> str:
        return "".join(chr(token - self._shift) for token in token_ids)


class Counting:
    """Another tokenizer, of which it is counted how often each text was encoded."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.bos_token_id, self.eos_token_id, self.decode = (
            tokenizer.bos_token_id,
            tokenizer.eos_token_id,
            tokenizer.decode,
        )
        self.encoded: Counter[str] = Counter()

    def encode(self, text: str, **how: bool) -> list[int]:
        self.encoded[text] += 1
        return self._tokenizer.encode(text, **how)


@pytest.fixture(scope="session")
def samples(wallets, make_sample: Callable[..., Sample]) -> list[Sample]:
    """The pairs as samples."""
    return [make_sample(wallets[0], pair) for pair in PAIRS]


@pytest.fixture
def retold(tiny_model: Path, tmp_path: Path) -> Callable[..., Path]:
    """Makes a copy of the tiny model whose tokenizer.json was changed."""

    def make(change: Callable[[dict], object]) -> Path:
        folder = Path(shutil.copytree(tiny_model, tmp_path / "retold"))
        tokenizer = json.loads((folder / "tokenizer.json").read_text())
        change(tokenizer)
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        return folder

    return make


def open_model(folder: Path) -> LoadedModel:
    return load(folder, device="cpu", dtype="float32")


def score(loaded: LoadedModel, samples: list[Sample], encodings: Encodings) -> Measured | Rejection:
    return TASKS["reference_loss"](loaded, samples, SPEC, 128, encodings)


def drop_a_merge(tokenizer: dict) -> None:
    """Leave out the most frequent merge; its word stays in the vocabulary."""
    tokenizer["model"]["merges"].pop(0)


def lose_a_word(tokenizer: dict) -> None:
    tokenizer["normalizer"] = {"type": "Replace", "pattern": {"String": "fox"}, "content": ""}


def test_a_text_is_encoded_once_for_all_models_of_a_tokenizer(tiny_model: Path, make_model, samples) -> None:
    encodings, models = Encodings(), [open_model(tiny_model), open_model(make_model(seed=1))]
    tokenizers = [Counting(model.tokenizer) for model in models]
    values = [
        score(replace(model, tokenizer=tokenizer), samples, encodings).values
        for model, tokenizer in zip(models, tokenizers, strict=True)
    ]
    assert set(tokenizers[0].encoded.values()) == {1}
    assert (tokenizers[1].encoded, values[0] != values[1]) == (Counter(), True)


def test_scores_are_bit_for_bit_those_without_anything_kept(tiny_model: Path, make_model, samples) -> None:
    encodings, other = Encodings(), open_model(make_model(seed=1))
    score(open_model(tiny_model), samples, encodings)
    assert score(other, samples, encodings) == score(other, samples, Encodings())


def test_a_smaller_embedding_is_refused_as_if_nothing_were_kept(tiny_model: Path, make_model, samples) -> None:
    whole, narrow = open_model(tiny_model), open_model(make_model(vocab_size=280))
    encodings = Encodings()
    assert isinstance(score(whole, samples, encodings), Measured)
    refused = score(narrow, samples, encodings)
    assert (refused, refused.reason) == (score(narrow, samples, Encodings()), Reason.TOKENIZER)
    assert (whole.tokenizer_id, "280 rows" in refused.detail) == (narrow.tokenizer_id, True)


def test_a_tokenizer_that_loses_text_is_refused_again_in_the_same_words(tiny_model: Path, retold, samples) -> None:
    encodings, lossy = Encodings(), open_model(retold(lose_a_word))
    score(open_model(tiny_model), samples, encodings)
    refusals = [score(lossy, samples, encodings) for _ in range(2)]
    assert refusals == [score(lossy, samples, Encodings())] * 2
    assert refusals[0].reason is Reason.TOKENIZER


def test_tokenizers_of_the_same_words_and_another_merge_share_nothing(tiny_model: Path, retold, samples) -> None:
    encodings, plain, poorer = Encodings(), open_model(tiny_model), open_model(retold(drop_a_merge))
    assert plain.tokenizer.get_vocab() == poorer.tokenizer.get_vocab()
    first, second = score(plain, samples, encodings), score(poorer, samples, encodings)
    assert (second, second != first) == (score(poorer, samples, Encodings()), True)


def test_a_worker_keeps_what_it_encoded_for_the_next_model(tiny_model: Path, samples, tmp_path: Path) -> None:
    from evaluation.judging import Judging

    encodings, spy = Encodings(), Letters()
    write_bundle(Bundle((TaskSamples("reference_loss", tuple(samples)),)), tmp_path / "bundle.jsonl")
    judging = Judging("cpu", "float32", 1, encodings)
    assert isinstance(judging(Request(tiny_model, tmp_path / "bundle.jsonl", (SPEC,), 128, 60.0)), Scored)
    encodings.ids(spy, identify_tokenizer(tiny_model), PAIRS[2].reference)
    assert spy.encoded == Counter()


def test_a_text_and_the_tables_markup_of_the_same_letters_are_kept_apart(tiny_model: Path) -> None:
    encodings, loaded = Encodings(), open_model(tiny_model)
    asked = ["</s>", Markup("</s>")] * 2
    plain, markup, *again = (encodings.ids(loaded.tokenizer, loaded.tokenizer_id, part) for part in asked)
    assert (len(plain), markup, again) == (4, (loaded.tokenizer.eos_token_id,), [plain, markup])


@given(st.lists(st.tuples(st.integers(0, 2), st.text("ab", max_size=30)), max_size=40), st.integers(0, 5000))
def test_no_bound_and_no_order_of_questions_changes_an_answer(asked: list[tuple[int, str]], max_bytes: int) -> None:
    encodings, tokenizers = Encodings(max_bytes), [Letters(shift) for shift in range(3)]
    answers = [encodings.ids(tokenizers[which], f"tokenizer {which}", text) for which, text in asked]
    assert answers == [tuple(Letters(which).encode(text)) for which, text in asked]


def test_what_was_not_asked_for_the_longest_goes_first() -> None:
    one, two, three = ("a" * 1000, "b" * 1000, "c" * 1000)
    encodings, tokenizer = Encodings(max_bytes=20_000), Letters()  # room for two
    for text in (one, two, one, three, one, two):
        encodings.ids(tokenizer, "id", text)
    assert tokenizer.encoded == Counter({one: 1, two: 2, three: 1})


@pytest.mark.parametrize("letters", [1, 10_000], ids=["small texts", "large texts"])
def test_what_is_kept_stays_within_its_memory(letters: int) -> None:
    encodings = Encodings(max_bytes=1_000_000)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(max(50, 20_000 // letters)):
        encodings.ids(Letters(), f"{number}", chr(number % 1000 + 1) * letters)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 300_000 < after - before < 1_000_000
