"""What the validator and the process that drives a cluster say to one another: JSON frames, each about one request."""

import json
from dataclasses import dataclass

from evaluation.executor import Request
from evaluation.verdicts import Verdict
from evaluation.wire import Garbled, decode_request, decode_verdict, encode_request, encode_verdict

END = b""
"""The order to end the cluster's actors, and whatever else was started."""
BEAT_S = 2.0
"""The driving process says that it lives this often."""


@dataclass(frozen=True, slots=True)
class Beat:
    """The driving process lives; `workers` is how many it keeps."""

    workers: int


@dataclass(frozen=True, slots=True)
class Began:
    """A request's deadline runs from now on."""

    number: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A request's verdict."""

    number: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Said:
    """Something that an operator should know of the cluster."""

    text: str


News = Beat | Began | Ended | Said


def encode_order(number: int, request: Request) -> bytes:
    """A request under a number."""
    return json.dumps({"number": number, "request": encode_request(request).decode()}).encode()


def decode_order(message: bytes) -> tuple[int, Request]:
    """The number and its request."""
    value = json.loads(message)
    return value["number"], decode_request(value["request"].encode())


def encode_news(news: News) -> bytes:
    """News as JSON."""
    match news:
        case Beat(workers):
            return json.dumps({"workers": workers}).encode()
        case Began(number):
            return json.dumps({"began": number}).encode()
        case Said(text):
            return json.dumps({"said": text}).encode()
        case Ended(number, verdict):
            return json.dumps({"ended": number, "verdict": encode_verdict(verdict).decode()}).encode()


def decode_news(message: bytes) -> News:
    """Raises Garbled."""
    try:
        value = json.loads(message)
        if "workers" in value:
            return Beat(value["workers"])
        if "began" in value:
            return Began(value["began"])
        if "said" in value:
            return Said(value["said"])
        return Ended(value["ended"], decode_verdict(value["verdict"].encode()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Garbled(f"told no news: {error}") from error
