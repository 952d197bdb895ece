"""An endpoint's answers become pairs, and whatever it does instead of answering makes fewer of them, and no more."""

import asyncio
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evaluation.sources.content import Pair
from neurons.corpus import Passage
from neurons.endpoint import Bounds, Endpoint, Lack, Lacking, read_answer
from neurons.errors import ProducerError
from neurons.prompts import Prompts, parse_templates
from tests.neurons.completions import Completions, Reply, completions, fails, says

PASSAGES = tuple(Passage(f"module{number}", f"text {number}") for number in range(6))
KEY = "sk-quite-secret"
QUICK = Bounds(retries=0)


def endpoint(server: Completions, bounds: Bounds = QUICK, key: str | None = None, **more: Any) -> Endpoint:
    """An endpoint whose prompts are `about module<n>: text <n>`."""
    prompts = Prompts(parse_templates("about $name: $passage", "a test"), PASSAGES, "seed")
    return Endpoint(server.base_url, "small-model", prompts, key, bounds, **more)


def echo(request: dict[str, Any]) -> Reply:
    """An answer that repeats the prompt."""
    return says(f"  You asked: {request['messages'][0]['content']}")


def test_each_prompt_is_asked_once_and_its_answer_is_the_reference() -> None:
    with completions(echo) as server:
        stock = endpoint(server, Bounds(retries=0, answer_tokens=77), KEY)
        pairs = stock.draw(0, 4) + stock.draw(4, 2)
    prompts = {f"about {passage.name}: {passage.text}\n" for passage in PASSAGES}
    assert {pair.prompt for pair in pairs} == prompts
    assert all(pair == Pair(pair.prompt, f"You asked: {pair.prompt.strip()}") for pair in pairs)
    assert sorted(server.prompts) == sorted(prompts)
    assert {(request["model"], request["max_tokens"]) for request in server.requests} == {("small-model", 77)}
    assert set(server.keys) == {f"Bearer {KEY}"}


def test_a_length_is_only_asked_for_where_it_was_given() -> None:
    with completions(echo) as server:
        assert len(endpoint(server).draw(0, 1)) == 1
    assert server.requests[0].keys() == {"model", "messages"}


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (says(" \n"), Lack.EMPTY),
        (says("x" * 101), Lack.TOO_LONG),
        (says("ü" * 51), Lack.TOO_LONG),
        (says("half an ans", "length"), Lack.CUT),
        (says(None, refusal="I would rather not"), Lack.REFUSED),
        (says("", "content_filter"), Lack.REFUSED),
        (says(None, "tool_calls"), Lack.NO_TEXT),
        (says([{"type": "text", "text": "in parts"}]), Lack.NO_TEXT),
        (says("\ud800"), Lack.NO_TEXT),
        (Reply(b"<html>busy</html>"), Lack.NO_TEXT),
        (Reply(b"[]"), Lack.NO_TEXT),
        (Reply(b'{"choices": []}'), Lack.NO_TEXT),
        (Reply(b'{"choices": [7]}'), Lack.NO_TEXT),
        (Reply(b'{"choices": [{"message": "text"}]}'), Lack.NO_TEXT),
        (Reply(b'{"choices": {"0": {}}}'), Lack.NO_TEXT),
        (Reply(b""), Lack.NO_TEXT),
    ],
    ids=lambda value: None if isinstance(value, Reply) else str(value),
)
def test_what_is_no_usable_answer_says_why(reply: Reply, why: Lack) -> None:
    assert read_answer(reply.body, 100) == Lacking(why)


def test_answers_that_cannot_be_used_are_left_out_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    replies = iter([says("good"), says(""), says("cut", "length"), says("cut", "length"), fails(401), fails(500)])
    with completions(lambda _: next(replies)) as server:
        pairs = endpoint(server, Bounds(retries=0, at_once=1)).draw(0, 6)
    assert [pair.reference for pair in pairs] == ["good"]
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        f"small-model at {server.base_url}: no usable answer to 5 of 6 prompts (cut 2, empty 1, http_401 1, http_500 1)"
    ]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_is_refused_for_now_is_asked_again(status: int) -> None:
    replies = iter([fails(status), fails(status), says("at last")])
    with completions(lambda _: next(replies)) as server:
        pairs = endpoint(server, Bounds(retries=2)).draw(0, 1)
    assert ([pair.reference for pair in pairs], len(set(server.prompts))) == (["at last"], 1)


def test_a_storm_of_refusals_ends_after_so_many_repetitions(caplog: pytest.LogCaptureFixture) -> None:
    with completions(lambda _: fails(429)) as server:
        assert endpoint(server, Bounds(retries=3)).draw(0, 3) == ()
    assert (len(server.requests), "(http_429 3)" in caplog.text) == (3 * 4, True)


def test_an_endpoint_that_asks_for_more_patience_than_there_is_is_not_waited_for() -> None:
    with completions(lambda _: fails(429, again_ms=10**9)) as server:
        assert endpoint(server, Bounds(retries=3)).draw(0, 2) == ()
    assert len(server.requests) == 2


@pytest.mark.parametrize("bounds", [Bounds(request_s=0.2, retries=0), Bounds(batch_s=0.2)], ids=["request", "batch"])
def test_an_endpoint_that_hangs_is_left_at_the_end_of_its_time(
    bounds: Bounds, caplog: pytest.LogCaptureFixture
) -> None:
    with completions() as server:
        assert endpoint(server, bounds).draw(0, 2) == ()
    assert "(late 2)" in caplog.text


def test_a_producer_that_is_told_to_stop_keeps_what_came_and_waits_for_no_more() -> None:
    def reply(request: dict[str, Any]) -> Reply:
        return server.hang(request) if "module1" in request["messages"][0]["content"] else says("in time")

    def is_over() -> bool:
        return len(asyncio.all_tasks()) <= 2  # the batch itself, and the one request that hangs

    with completions(reply) as server:
        assert len(endpoint(server, Bounds(retries=0, at_once=6), is_over=is_over).draw(0, 6)) == 5


def test_an_endpoint_that_nobody_serves_gives_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with completions(echo) as server:
        pass
    assert endpoint(server).draw(0, 2) == ()
    assert "(unreachable 2)" in caplog.text


def test_so_many_requests_are_under_way_at_once_and_no_more() -> None:
    looks: list[int] = []

    def is_over() -> bool:
        looks.append(len(server.requests))
        return looks.count(looks[-1]) > 1 and looks[-1] > 1  # two have come, and no other since the last look

    with completions() as server:
        assert endpoint(server, Bounds(retries=0, at_once=2), is_over=is_over).draw(0, 6) == ()
    assert len(server.requests) == 2


def test_the_key_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), completions(lambda _: fails(401)) as server:
        stock = endpoint(server, key=KEY)
        stock.draw(0, 1)
    assert (KEY in caplog.text, KEY in repr(stock), server.keys) == (False, False, [f"Bearer {KEY}"])


@pytest.mark.parametrize(
    "url", ["ftp://host/v1", "host/v1", "http:///v1", "http://me:hidden@host/v1", "https://host/v1?key=hidden"]
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ProducerError) as told:
        Endpoint(url, "m", Prompts((), (), "seed"))
    assert ("write http(s)://host" in str(told.value), "hidden" in str(told.value)) == (True, False)


def test_without_prompts_nothing_is_asked() -> None:
    with completions(echo) as server:
        assert Endpoint(server.base_url, "m", Prompts((), (), "seed")).draw(0, 3) == ()
    assert server.requests == []


LOADED = "import sys, {module}; print(sorted(name for name in ('openai', 'torch') if name in sys.modules))"


@pytest.mark.parametrize("module", ["neurons.producer_cli", "neurons.validator_cli"])
def test_the_client_is_loaded_by_whoever_asks_an_endpoint_alone(module: str) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", LOADED.format(module=module)]
    assert subprocess.check_output(command, cwd=root, text=True, timeout=60) == "[]\n"
