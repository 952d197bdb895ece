"""What a producer is asked for on the command line becomes shares, or one line that says what is missing."""

import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.sources.content import KIND_OF, Text
from evaluation.sources.sample import Sample
from neurons import producer_cli
from neurons.endpoint import Bounds
from neurons.errors import NeuronError
from neurons.recipe import Recipe, asked, source_of
from tests.neurons.test_producer import NOW

URL = "http://127.0.0.1:9/v1"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.txt"
    path.write_text("Sum up: $passage", encoding="utf-8")
    return path


def test_what_nobody_asked_for_has_no_share(file: Path) -> None:
    endpoint = asked(URL, "small", file, None, Bounds(), 9)
    whole = Recipe(3, 2, {"choices": 0}, endpoint).portion("seed", threading.Event())
    texts = Recipe(0, 2, {}).portion("seed", threading.Event())
    assert [(share.per_batch, share.source) for share in whole.shares] == [(3, "pydoc"), (2, "pydoc"), (9, "small")]
    assert [(share.per_batch, share.source) for share in texts.shares] == [(2, "pydoc")]
    assert (whole.size, texts.size, Recipe(0, 0, {}).portion("seed", threading.Event()).size) == (14, 2, 0)


def test_generated_samples_are_of_their_options_kind_and_never_the_same_twice() -> None:
    asked_for = {"exercises": 6, "choices": 2, "instructions": 2}
    portion = Recipe(0, 0, asked_for).portion("seed", threading.Event())
    first, second = portion.drawn(0), portion.drawn(1)
    assert [drawn.source for drawn in first] == ["generated"] * 10
    assert [KIND_OF[type(drawn.content)] for drawn in first] == ["pair"] * 6 + ["choice"] * 2 + ["instruction"] * 2
    assert len({drawn.content for drawn in (*first, *second)}) == 20


def test_who_does_not_know_the_seed_knows_neither_exercises_nor_the_order_of_the_text() -> None:
    one, other = (Recipe(9, 0, {"exercises": 3}).portion(seed, threading.Event()).drawn(0) for seed in "ab")
    assert one != other
    assert not {drawn.content for drawn in one[9:]} & {drawn.content for drawn in other[9:]}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            (URL, None, None, None),
            "needs --base-url, --model, --prompts together: add --model and --prompts",
        ),
        ((None, "small", None, None), "add --base-url and --prompts"),
        ((None, None, None, "MY_KEY"), "add --base-url and --model and --prompts"),
        ((URL, "small", "file", "NO_SUCH_KEY"), "environment variable 'NO_SUCH_KEY' holds no key: export it"),
    ],
)
def test_half_an_endpoint_is_told(file: Path, given: tuple[str | None, ...], told: str) -> None:
    url, model, prompts, key = given
    with pytest.raises(NeuronError) as error:
        asked(url, model, file if prompts else None, key, Bounds(), 1)
    assert told in str(error.value)


def test_without_an_endpoint_none_is_asked() -> None:
    assert asked(None, None, None, None, Bounds(), 50) is None


def test_the_key_comes_from_the_environment_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-hidden ")
    endpoint = asked(URL, "small", file, "MY_KEY", Bounds(), 1)
    assert endpoint is not None
    assert (endpoint.key, "sk-hidden" in repr(endpoint)) == ("sk-hidden", False)
    options = CliRunner().invoke(producer_cli.app, ["run", "--help"], env={"COLUMNS": "200"}).stdout
    assert [line.split()[1] for line in options.splitlines() if "-key" in line] == ["--api-key-env"]


@pytest.mark.parametrize(
    ("model", "source"),
    [
        ("meta-llama/Llama-3.1-8B", "meta-llama-llama-3.1-8b"),
        ("_Größe:7b", "gr-e-7b"),
        ("?", "endpoint"),
        ("x" * 80, "x" * 64),
    ],
)
def test_a_models_name_becomes_a_source_that_samples_can_have(model: str, source: str) -> None:
    assert source_of(model) == source
    assert Sample(Text("t"), source_of(model), None, None, NOW.replace(microsecond=0), None, None).source == source
