"""How requests and verdicts cross to a worker process and back: length-prefixed JSON frames. Floats keep every bit."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evaluation.chat import ChatFormat
from evaluation.executor import Race, Request
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Abandoned, Outraced, Scored, TaskValues, Verdict
from models.rejections import Reason, Rejection

HEADER_BYTES = 4
MAX_FRAME_BYTES = 256_000_000
READY = b"ready"
"""The first frame a worker sends: from now on the time is the request's."""


class Garbled(Exception):
    """Bytes that are no frame, or a frame that is no request or verdict; the process that wrote them is of no use."""


def frame(message: bytes) -> bytes:
    """The message behind its length in four bytes, big-endian. Raises Garbled for one that is too long."""
    if len(message) > MAX_FRAME_BYTES:
        raise Garbled(f"wrote a message of {len(message)} bytes; {MAX_FRAME_BYTES} are allowed")
    return len(message).to_bytes(HEADER_BYTES, "big") + message


def length_of(header: bytes) -> int:
    """The length a frame's header states. Raises Garbled for one that is too long."""
    length = int.from_bytes(header, "big")
    if length > MAX_FRAME_BYTES:
        raise Garbled(f"announced a frame of {length} bytes; {MAX_FRAME_BYTES} are allowed")
    return length


def encode_request(request: Request) -> bytes:
    """The request as JSON."""
    return _json({**dataclasses.asdict(request), "model": str(request.model), "bundle": str(request.bundle)})


def decode_request(message: bytes) -> Request:
    """Raises Garbled."""
    try:
        value = json.loads(message)
        model, bundle = Path(value.pop("model")), Path(value.pop("bundle"))
        tasks = tuple(TaskSpec(**{**task, "chat": ChatFormat(**task["chat"])}) for task in value.pop("tasks"))
        return Request(model, bundle, tasks, race=_race(value.pop("race")), **value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Garbled(f"got no request: {error}") from error


def _race(value: dict[str, Any] | None) -> Race | None:
    return None if value is None else Race(tuple(map(tuple, value["incumbent"])), value["needed"])


def encode_verdict(verdict: Verdict) -> bytes:
    """The verdict as JSON, under the name of its kind."""
    return _json({"kind": type(verdict).__name__, **dataclasses.asdict(verdict)})


def decode_verdict(message: bytes) -> Verdict:
    """Raises Garbled."""
    try:
        value = json.loads(message)
        return _VERDICTS[value.pop("kind")](value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Garbled(f"gave no verdict: {error}") from error


def _scored(value: dict[str, Any]) -> Scored:
    return Scored(_tasks(value), **value)


def _outraced(value: dict[str, Any]) -> Outraced:
    return Outraced(_tasks(value), **value)


def _tasks(value: dict[str, Any]) -> tuple[TaskValues, ...]:
    return tuple(
        TaskValues(
            task["task"],
            tuple(task["sample_ids"]),
            tuple(task["values"]),
            task["nats_per_token"],
            tuple((name, number) for name, number in task["notes"]),
        )
        for task in value.pop("tasks")
    )


def _rejection(value: dict[str, Any]) -> Rejection:
    return Rejection(Reason(value["reason"]), value["detail"])


def _abandoned(value: dict[str, Any]) -> Abandoned:
    return Abandoned(value["cause"], value["is_ours_alone"])


_VERDICTS: dict[str, Callable[[dict[str, Any]], Verdict]] = {
    "Scored": _scored,
    "Outraced": _outraced,
    "Rejection": _rejection,
    "Abandoned": _abandoned,
}


def _json(value: object) -> bytes:
    return json.dumps(value, allow_nan=False).encode()
