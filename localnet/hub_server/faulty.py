"""An ASGI application behind faults: it does its work, and what goes back is late, refused, cut off or changed."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localnet.hub_server.faults import Fault, Faults
from localnet.hub_server.problems import Problem

_TICKS_PER_S = 10


class Faulty:
    """Answers as `app` does, but for the requests that faults befall. A refused request never reaches it."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        due = self._faults.due(scope["method"], scope["path"]) if scope["type"] == "http" else []
        for fault in due:
            await asyncio.sleep(fault.seconds)
            if fault.kind in ("429", "503"):
                await _refusal(fault).response()(scope, receive, send)
                return
            send = _spoilt(fault, send)
        await self._app(scope, receive, send)


def _refusal(fault: Fault) -> Problem:
    said = "Too many requests" if fault.kind == "429" else "Service unavailable"
    headers = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
    return Problem(int(fault.kind), f"{said}, on purpose", headers=headers)


def _spoilt(fault: Fault, send: Send) -> Send:
    """Return a `send` through which the body goes slowly, in part, or with one byte turned over."""
    gone = 0

    async def spoil(message: Message) -> None:
        nonlocal gone
        if message["type"] != "http.response.body":
            await send(message)
            return
        body, start = message.get("body", b""), gone
        gone += len(body)
        if fault.kind == "slow" and fault.rate is not None:
            await _trickle(message, fault.rate, send)
        elif fault.kind == "truncated" and gone > fault.at:
            # the server closes the connection when the answer ends before its Content-Length
            await send({**message, "body": body[: max(0, fault.at - start)], "more_body": True})
        elif fault.kind == "tampered" and start <= fault.at < gone:
            await send({**message, "body": _flipped(body, fault.at - start)})
        else:
            await send(message)

    return spoil


async def _trickle(message: Message, rate: int, send: Send) -> None:
    body, piece = message.get("body", b""), max(1, rate // _TICKS_PER_S)
    for start in range(0, len(body), piece):
        await asyncio.sleep(min(piece, len(body) - start) / rate)
        await send({**message, "body": body[start : start + piece], "more_body": True})
    if not message.get("more_body"):
        await send({**message, "body": b""})


def _flipped(body: bytes, place: int) -> bytes:
    return body[:place] + bytes([body[place] ^ 0xFF]) + body[place + 1 :]
