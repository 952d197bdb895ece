"""Greedy generation: the ids of a plain loop in float64, whatever the batch, and never more than the limits."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from evaluation.generation import MAX_TOKEN_BYTES, Answer, answers
from evaluation.tokens import Ids
from models.loading import LoadedModel, load
from models.rejections import Reason, Rejection

PROMPTS: list[Ids] = [
    (5, 6, 7),
    (),
    (299,),
    tuple(range(40, 100)),
    tuple(range(2, 250)),
    (5, 6, 8),
    (0, 1, 0),
    tuple(range(200, 230)),
]
"""Of very different lengths: none, one longer than the window, and one of special ids."""
KEYS = [f"{number:02d}" for number in range(len(PROMPTS))]
NEW, WINDOW = 10, 96
LIMITS = {"max_new_tokens": NEW, "max_length": WINDOW, "budget": 200}


def on_the_cpu(folder: Path) -> LoadedModel:
    return load(folder, device="cpu", dtype="float32")


@pytest.fixture(scope="session")
def loaded(tiny_model: Path) -> LoadedModel:
    """The tiny Llama on the CPU in float32."""
    return on_the_cpu(tiny_model)


def plain(model: torch.nn.Module, prompt: Ids, ends: set[int], new: int = NEW, window: int = WINDOW) -> Ids:
    """The plain way: one prompt at a time, everything again for each token, the largest of float64 logits."""
    ids = [0, *prompt[-(window - new - 1) :]]
    made: list[int] = []
    while len(made) < new:
        with torch.no_grad():
            token = int(model(torch.tensor([ids + made]), use_cache=False).logits[0, -1].argmax())
        if token in ends:
            break
        made.append(token)
    return tuple(made)


@pytest.mark.parametrize(
    ("family", "changes"),
    [("Llama", {}), ("Qwen2", {}), ("Mistral", {}), ("Mistral", {"sliding_window": 8})],
    ids=["Llama", "Qwen2", "Mistral", "Mistral, sliding"],
)
def test_answers_are_those_of_the_plain_loop_in_float64(family: str, changes: dict, make_model: Callable) -> None:
    folder = make_model(family, **changes)
    exact = on_the_cpu(folder).model.double()
    found = answers(on_the_cpu(folder), PROMPTS, KEYS, **LIMITS)
    assert [one.ids for one in found] == [plain(exact, prompt, {1}) for prompt in PROMPTS]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_in_whatever_order_prompts_come_the_model_is_fed_the_same(dtype: str, tiny_model: Path) -> None:
    """The same batches in the same order: what bits they give can then depend on nothing else."""
    loaded, limits = load(tiny_model, device="cpu", dtype=dtype), {**LIMITS, "max_new_tokens": 5}
    fed: list[list[list[int]]] = []
    loaded.model.register_forward_pre_hook(
        lambda _, __, inputs: fed.append(inputs["input_ids"].tolist()), with_kwargs=True
    )
    found: list[tuple[dict[str, Answer], list[list[list[int]]]]] = []
    items = list(zip(PROMPTS, KEYS, strict=True))
    for seed in range(20):
        prompts, keys = zip(*random.Random(seed).sample(items, len(items)), strict=True)
        answered = dict(zip(keys, answers(loaded, prompts, keys, **limits), strict=True))
        found.append((answered, fed.copy()))
        fed.clear()
    assert [one == found[0] for one in found] == [True] * 20
    sizes = [len(rows) * (len(rows[0]) + 5) for rows in found[0][1] if len(rows[0]) > 1 and len(rows) > 1]
    assert (len(sizes) > 0, max(sizes) <= LIMITS["budget"]) == (True, True)


@pytest.mark.parametrize("names", ["config", "tokenizer"])
def test_an_answer_ends_at_the_id_that_the_config_or_the_tokenizer_names(names, make_model, tiny_model: Path) -> None:
    exact = on_the_cpu(tiny_model).model.double()
    end = plain(exact, PROMPTS[0], set())[4]
    ending = on_the_cpu(make_model(eos_token_id=end if names == "config" else None))
    if names == "tokenizer":
        ending.tokenizer.eos_token = ending.tokenizer.convert_ids_to_tokens(end)
    expected = [plain(exact, prompt, {1, end} if names == "config" else {end}) for prompt in PROMPTS]
    found = answers(ending, PROMPTS, KEYS, **LIMITS)
    assert [(one.ids, one.ended) for one in found] == [(ids, len(ids) < NEW) for ids in expected]
    assert (found[0].ended, found[0].text) == (True, ending.tokenizer.decode(list(expected[0])))


def test_a_model_that_never_ends_stops_at_the_limit_on_the_lowest_of_equal_ids(make_model: Callable) -> None:
    blank = on_the_cpu(make_model(alter=lambda model: model.lm_head.weight.data.zero_(), eos_token_id=None))
    assert answers(blank, PROMPTS, KEYS, **LIMITS) == (Answer((0,) * NEW, "<s>" * NEW, False),) * len(PROMPTS)


def test_an_answer_gets_half_the_window_at_most_and_the_prompt_the_rest(loaded: LoadedModel, tiny_model) -> None:
    exact = on_the_cpu(tiny_model).model.double()
    found = answers(loaded, PROMPTS[3:5], KEYS[3:5], max_new_tokens=1_000, max_length=12, budget=64)
    assert [one.ids for one in found] == [plain(exact, prompt, {1}, new=6, window=12) for prompt in PROMPTS[3:5]]
    with pytest.raises(ValueError, match="a window of 2 tokens has no room for start, prompt and answer"):
        answers(loaded, PROMPTS, KEYS, max_new_tokens=1, max_length=2, budget=64)


def test_settings_of_the_model_itself_are_not_followed(make_model: Callable, loaded: LoadedModel) -> None:
    folder = make_model()
    own = {"do_sample": True, "temperature": 9.0, "repetition_penalty": 9.0, "suppress_tokens": [5], "num_beams": 3}
    own |= {"max_length": 2, "min_new_tokens": 5, "forced_eos_token_id": 7, "eos_token_id": list(range(300))}
    (folder / "generation_config.json").write_text(json.dumps(own))
    following = on_the_cpu(folder)
    assert following.model.generation_config.repetition_penalty == 9.0
    assert answers(following, PROMPTS, KEYS, **LIMITS) == answers(loaded, PROMPTS, KEYS, **LIMITS)


def test_logits_that_are_not_finite_reject(make_model: Callable) -> None:
    broken = on_the_cpu(make_model(alter=lambda model: model.lm_head.weight.data[7].fill_(float("nan"))))
    told = "logits of the answer to sample 03 are not finite"
    assert answers(broken, PROMPTS[:4], KEYS[:4], **LIMITS) == Rejection(Reason.NOT_FINITE, told)


def test_a_token_of_a_megabyte_makes_no_text_of_many(make_model: Callable, loaded: LoadedModel) -> None:
    class Long:
        """Whatever the tokenizer says, its tokens are named at great length."""

        def __getattr__(self, name: str) -> object:
            return getattr(loaded.tokenizer, name)

        def convert_ids_to_tokens(self, _: int) -> str:
            return "x" * (NEW * MAX_TOKEN_BYTES)

    (endless,) = answers(loaded, PROMPTS[:1], KEYS[:1], **LIMITS)
    ending = replace(on_the_cpu(make_model(eos_token_id=endless.ids[4])), tokenizer=Long())
    (short,) = answers(ending, PROMPTS[:1], KEYS[:1], **LIMITS)
    assert (short.ids, short.ended) == (endless.ids[:1], False)
