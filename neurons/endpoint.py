"""Answers of any OpenAI-compatible endpoint as pairs: a prompt is asked once, and its answer is the reference.

The one place that loads the vendor's client, and asynchronous: to cancel is the only deadline that ends a request.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from evaluation.sources.content import Pair
from models.strict_json import BadJson, parse_object
from neurons.errors import ProducerError
from neurons.prompts import Prompts

log = logging.getLogger(__name__)

_LOOK_S = 0.25
"""How often a batch on its way is asked whether it is to end."""


class Lack(StrEnum):
    """Why a prompt brought no reference; what the endpoint refuses by its status is counted as `http_<status>`."""

    EMPTY = "empty"
    """The answer says nothing."""
    TOO_LONG = "too_long"
    """The answer is longer than a reference may be."""
    CUT = "cut"
    """The model was stopped before its end (finish_reason "length")."""
    REFUSED = "refused"
    """The model, or a filter before it, would not answer."""
    NO_TEXT = "no_text"
    """The response is no completion, or its message no text."""
    LATE = "late"
    """No answer within its time, or the batch's."""
    UNREACHABLE = "unreachable"
    """The endpoint cannot be reached."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """A prompt without a reference, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long an endpoint is waited for, and how hard it is asked."""

    request_s: float = 60.0
    """Longest silence within one request."""
    batch_s: float = 300.0
    """All answers of a batch together; what has not come by then is left out."""
    retries: int = 4
    """Repetitions of a request after 408, 409, 429, 5xx or a lost connection, each after what the endpoint asks for
    (at most two minutes, or the request is given up) or else a growing pause."""
    at_once: int = 4
    """Requests under way at the same time."""
    answer_bytes: int = 8_000
    """Longest answer in UTF-8 that is used."""
    answer_tokens: int | None = None
    """Sent as max_tokens where it is given."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A stock of pairs: a model's answers to prompts. The key, where one is needed, is shown nowhere."""

    base_url: str
    model: str
    prompts: Prompts
    key: str | None = field(default=None, repr=False)
    bounds: Bounds = Bounds()
    is_over: Callable[[], bool] = lambda: False
    """Asked while a batch is on its way; once true, what is there has to do."""

    def __post_init__(self) -> None:
        address = urlsplit(self.base_url)
        if address.scheme not in ("http", "https") or not address.hostname or "@" in address.netloc or address.query:
            # messages name the address, and never a secret
            raise ProducerError(
                f"--base-url names no endpoint (host {address.hostname!r}): write http(s)://host[:port]/v1 and nothing "
                "more; a key comes from the environment, see --api-key-env"
            )

    def draw(self, position: int, count: int) -> tuple[Pair, ...]:
        """See Stock.draw. Prompts whose answers cannot be used are left out, counted and logged."""
        prompts = self.prompts.draw(position, count)
        if not prompts:
            return ()
        answers = asyncio.run(self._answers(prompts))
        lacking = Counter(answer.why for answer in answers if isinstance(answer, Lacking))
        if lacking:
            told = ", ".join(f"{why} {number}" for why, number in sorted(lacking.items()))
            log.warning("%s at %s: no usable answer to %d of %d prompts (%s)", *self._told(lacking, prompts), told)
        found = zip(prompts, answers, strict=True)
        return tuple(Pair(prompt, answer) for prompt, answer in found if isinstance(answer, str))

    def _told(self, lacking: Counter[str], prompts: Sequence[str]) -> tuple[str, str, int, int]:
        return self.model, self.base_url, lacking.total(), len(prompts)

    async def _answers(self, prompts: Sequence[str]) -> list[str | Lacking]:
        from openai import AsyncOpenAI

        bounds, gate = self.bounds, asyncio.Semaphore(self.bounds.at_once)
        async with AsyncOpenAI(
            base_url=self.base_url,
            api_key=self.key or "none",  # the client wants one, and endpoints without keys do not look
            timeout=bounds.request_s,
            max_retries=bounds.retries,
        ) as client:
            tasks = [asyncio.create_task(self._answer(client, gate, prompt)) for prompt in prompts]
            await self._until_over(tasks)
            for task in tasks:
                task.cancel()
            settled = await asyncio.gather(*tasks, return_exceptions=True)
        return [_answer_or_late(outcome) for outcome in settled]

    async def _until_over(self, tasks: Sequence["asyncio.Task[str | Lacking]"]) -> None:
        clock = asyncio.get_running_loop().time
        pending, until = set(tasks), clock() + self.bounds.batch_s
        while pending and not self.is_over() and (left := until - clock()) > 0:
            _, pending = await asyncio.wait(pending, timeout=min(_LOOK_S, left))

    async def _answer(self, client: Any, gate: asyncio.Semaphore, prompt: str) -> str | Lacking:
        import openai

        extra = {} if self.bounds.answer_tokens is None else {"max_tokens": self.bounds.answer_tokens}
        message = {"role": "user", "content": prompt}
        try:
            async with gate:
                response = await client.chat.completions.with_raw_response.create(
                    model=self.model, messages=[message], **extra
                )
        except openai.APIStatusError as error:
            return Lacking(f"http_{error.status_code}")
        except openai.APITimeoutError:
            return Lacking(Lack.LATE)
        except openai.APIConnectionError:
            return Lacking(Lack.UNREACHABLE)
        return read_answer(response.content, self.bounds.answer_bytes)


def read_answer(body: bytes, longest: int) -> str | Lacking:
    """The text of a chat completion; whatever an endpoint sent, the answer is a value."""
    document = parse_object(body)
    choices = None if isinstance(document, BadJson) else document.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        return Lacking(Lack.NO_TEXT)
    if message.get("refusal") or choice.get("finish_reason") == "content_filter":
        return Lacking(Lack.REFUSED)
    if choice.get("finish_reason") == "length":
        return Lacking(Lack.CUT)
    return _usable(message.get("content"), longest)


def _usable(content: object, longest: int) -> str | Lacking:
    if not isinstance(content, str):
        return Lacking(Lack.NO_TEXT)
    text = content.strip()
    if not text:
        return Lacking(Lack.EMPTY)
    try:
        return text if len(text.encode()) <= longest else Lacking(Lack.TOO_LONG)
    except UnicodeEncodeError:  # a lone surrogate, which has no UTF-8
        return Lacking(Lack.NO_TEXT)


def _answer_or_late(outcome: str | Lacking | BaseException) -> str | Lacking:
    if isinstance(outcome, asyncio.CancelledError):
        return Lacking(Lack.LATE)
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome
