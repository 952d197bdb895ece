"""Instruction following: the share of broken rules, and nothing for an answer that says nothing."""

import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from chain.signing import Wallet
from evaluation.encodings import Encodings
from evaluation.likelihood import Measured
from evaluation.sources.content import Instruction, Pair
from evaluation.sources.generated import exercises
from evaluation.sources.rules import parse_rule
from evaluation.sources.sample import Sample
from evaluation.tasks.instruction_following import Judged, judged
from evaluation.tasks.registry import TASKS
from evaluation.tasks.spec import TaskSpec
from evaluation.tokens import Ids, Tokenizer
from models.loading import LoadedModel, load
from models.rejections import Reason, Rejection

COMMAS, FEW, BULLETS, BOAT = RULES = tuple(
    map(parse_rule, ("commas=none", "words_at_most=9", "bullets=3", "without=boat"))
)
SAYS = {"!": "Yes, boat", "?": "kw", ">": "Zug", ";": ""}
"""What the speaker answers to a prompt that ends with this sign, and then ends; after a q it writes q for ever."""
ASKED = [
    (Instruction("Write about a boat!", RULES), Judged((COMMAS, BULLETS, BOAT), 4, (), 9), 0.75),
    (Instruction("Write nothing;", RULES), Judged((BULLETS,), 4, ("empty",), 0), 1.0),
    (Instruction("Write q", RULES[:2]), Judged((), 2, ("cut",), 12), 1.0),
    (Instruction("a special token is text: </s>", RULES[:2]), Judged((), 2, (), 3), 0.0),
    (Instruction("A prompt too long for its bytes. " * 40 + "So?", RULES[1:]), Judged((BULLETS,), 3, (), 2), 1 / 3),
]
SPEC = TaskSpec("instruction_following", len(ASKED), 1.0, 1.0, context_bytes=100, max_new_tokens=12, token_budget=200)
MAX_LENGTH = 128


@pytest.fixture(scope="session")
def speaker(make_model: Callable, tiny_model) -> LoadedModel:
    """A Llama of which every layer adds nothing, and whose head follows each token by the next one of SAYS."""
    tokenizer = load(tiny_model, device="cpu", dtype="float32").tokenizer
    chains = [[*tokenizer.encode(sign), *tokenizer.encode(answer), 1] for sign, answer in SAYS.items()]
    pairs = [pair for chain in [*chains, tokenizer.encode("q") * 2] for pair in itertools.pairwise(chain)]
    follows = dict(pairs)
    assert len(follows) == len(pairs), "a token has two followers"

    def teach(model: torch.nn.Module) -> None:
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.data.zero_()
            layer.mlp.down_proj.weight.data.zero_()
        model.model.norm.weight.data.fill_(1.0)
        embedded = torch.nn.functional.normalize(model.model.embed_tokens.weight.data)
        model.lm_head.weight.data.zero_()
        for token, following in follows.items():
            model.lm_head.weight.data[following] += embedded[token]

    return load(make_model(alter=teach, hidden_size=64), device="cpu", dtype="float32")


@pytest.fixture
def samples_of(wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]) -> Callable[..., list[Sample]]:
    """The contents as samples."""
    return lambda contents: [make_sample(wallets[0], content) for content in contents]


def test_a_value_is_the_share_of_broken_rules_and_one_for_an_answer_that_says_nothing(speaker, samples_of) -> None:
    samples = samples_of([asked for asked, _, _ in ASKED])
    assert judged(speaker, samples, SPEC, MAX_LENGTH, Encodings()) == tuple(told for _, told, _ in ASKED)
    values, tokens = tuple(value for _, _, value in ASKED), sum(told.tokens for _, told, _ in ASKED)
    notes = tuple(sorted(Counter(verdict for _, told, _ in ASKED for verdict in told.verdicts).items()))
    score = TASKS["instruction_following"]
    assert score(speaker, samples, SPEC, MAX_LENGTH, Encodings()) == Measured(values, tokens, notes=notes)
    capped = replace(SPEC, cap=0.5)
    assert score(speaker, samples, capped, MAX_LENGTH, Encodings()).values == tuple(min(v, 0.5) for v in values)


def test_no_order_of_samples_moves_a_bit(make_model: Callable, samples_of) -> None:
    loaded = load(make_model("Qwen2"), device="cpu", dtype="float32")
    samples = samples_of([asked for asked, _, _ in ASKED] + exercises(["rules"], {"instruction": 3}, b"seed"))
    spec = replace(SPEC, max_new_tokens=5)
    first = dict(zip(samples, judged(loaded, samples, spec, MAX_LENGTH, Encodings()), strict=True))
    for seed in range(20):
        shuffled = random.Random(seed).sample(samples, len(samples))
        again = judged(loaded, shuffled, spec, MAX_LENGTH, Encodings())
        assert dict(zip(shuffled, again, strict=True)) == first


class Seen(Encodings):
    """Encodings that know what they were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def ids(self, tokenizer: Tokenizer, tokenizer_id: str, text: str) -> Ids | Rejection:
        self.texts.append(text)
        return super().ids(tokenizer, tokenizer_id, text)


def test_a_prompt_is_cut_from_the_left_by_bytes_and_between_characters(speaker: LoadedModel, samples_of) -> None:
    asked = samples_of([Instruction(f"{start}ééé?", RULES) for start in ("", "é", "Hey " * 900 + "é")])
    seen = Seen()
    one, *others = judged(speaker, asked, replace(SPEC, context_bytes=8), MAX_LENGTH, seen)
    assert (seen.texts, others) == (["ééé?"] * 3, [one, one])


def test_a_tokenizer_without_a_row_for_its_ids_rejects(make_model, samples_of) -> None:
    small = replace(load(make_model(vocab_size=50), device="cpu", dtype="float32"), tokenizer_id="another")
    refused = judged(small, samples_of([ASKED[0][0]]), SPEC, MAX_LENGTH, Encodings())
    assert isinstance(refused, Rejection)
    assert (refused.reason, "the embedding has 50 rows" in refused.detail) == (Reason.TOKENIZER, True)


def test_samples_of_another_kind_are_refused(speaker: LoadedModel, samples_of) -> None:
    with pytest.raises(TypeError, match="instruction_following scores instructions"):
        judged(speaker, samples_of([Pair("a", "b")]), SPEC, MAX_LENGTH, Encodings())
