"""The HTTP session that the Hugging Face client uses here: with time-outs, and without waits of its own that nobody
bounded. It makes no request."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx2
from huggingface_hub import set_client_factory
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils._http import default_client_factory

_UPLOAD_TIMEOUT_S = 300.0
_asking: ContextVar[float | None] = ContextVar("asking", default=None)


@contextmanager
def asking(timeout_s: float | None) -> Iterator[None]:
    """Wait meanwhile no longer than that for any one answer; None as long as an upload may take.

    The client takes a time-out only for some of its questions.
    """
    before = _asking.set(timeout_s)
    try:
        yield
    finally:
        _asking.reset(before)


@functools.cache
def use_own_session() -> None:
    """Give the client this session, for the whole process; later calls do nothing."""
    set_client_factory(_own_client)


def _own_client() -> httpx2.Client:
    client = default_client_factory()
    # The client waits for ever by default, and has no argument for it where it uploads.
    client.timeout = httpx2.Timeout(_UPLOAD_TIMEOUT_S)
    hooks = client.event_hooks
    client.event_hooks = {
        "request": [*hooks["request"], _no_longer_than_asked],
        "response": [*hooks["response"], _refused_for_now],
    }
    return client


def _no_longer_than_asked(request: httpx2.Request) -> None:
    timeout_s = _asking.get()
    if timeout_s is not None:
        request.extensions["timeout"] = httpx2.Timeout(timeout_s).as_dict()


def _refused_for_now(response: httpx2.Response) -> None:
    """Raise at once where the Hub asks for patience: the client would sleep as long as it asks, however long that is.

    Who calls decides what is waited for (hub/patience.py)."""
    asks = "retry-after" in response.headers or "ratelimit" in response.headers
    if response.status_code == httpx2.codes.TOO_MANY_REQUESTS or (
        response.status_code == httpx2.codes.SERVICE_UNAVAILABLE and asks
    ):
        raise HfHubHTTPError(f"{response.status_code} {response.reason_phrase}", response=response)
