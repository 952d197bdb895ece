"""JSON-RPC 2.0 on one connection: frames in, frames out. Whatever comes in, an answer or nothing goes out."""

import json
import logging
import threading
from collections import Counter
from collections.abc import Iterator

from chain.embedded.errors import ChainFileError
from chain.embedded.rpc.errors import InternalError, InvalidParams, InvalidRequest, MethodNotFound, ParseError, RpcError
from chain.embedded.rpc.front import Front
from chain.embedded.rpc.methods import METHODS, Call
from chain.embedded.rpc.params import Params
from chain.embedded.rpc.subscriptions import Subscriptions

UNKNOWN = "(unknown)"
"""Under which requests for methods that do not exist are counted, whatever their names."""
_MOST_IN_BATCH = 1_000

_log = logging.getLogger(__name__)


class Requests:
    """How often each method was asked for, by all connections together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def count(self, method: str) -> None:
        """Count one request."""
        with self._lock:
            self._counts[method if method in METHODS else UNKNOWN] += 1

    def so_far(self) -> Counter[str]:
        """The counts, as a copy."""
        with self._lock:
            return Counter(self._counts)


class Dialogue:
    """One connection's requests and subscriptions; used by that connection's thread alone."""

    def __init__(self, front: Front, requests: Requests) -> None:
        self._front = front
        self._requests = requests
        self.subscriptions = Subscriptions()

    def answer(self, frame: str | bytes) -> str | None:
        """The response to a frame; None where it holds nothing but notifications."""
        try:
            said = json.loads(frame)
        except (ValueError, RecursionError):
            return self.refusal(ParseError())
        response = self._batch(said) if isinstance(said, list) else self._one(said)
        return None if response is None else _dumps(response)

    @staticmethod
    def refusal(error: RpcError) -> str:
        """The response to a frame that is not even looked at."""
        return _dumps(_failed(None, error))

    def news(self) -> Iterator[str]:
        """What is new in the subscriptions, as frames."""
        return (_dumps(notification) for notification in self.subscriptions.notifications())

    def _batch(self, requests: list[object]) -> object:
        if not 1 <= len(requests) <= _MOST_IN_BATCH:
            return _failed(None, InvalidRequest(f"a batch of {len(requests)}, it takes 1 to {_MOST_IN_BATCH}"))
        answers = [self._one(request) for request in requests]
        return [answer for answer in answers if answer is not None] or None

    def _one(self, request: object) -> object:
        """The response to one request; None for a notification, which wants none."""
        id_ = request.get("id") if isinstance(request, dict) else None
        id_ = id_ if isinstance(id_, str | int) and not isinstance(id_, bool) else None
        try:
            response: object = {"jsonrpc": "2.0", "id": id_, "result": self._result(request)}
        except RpcError as error:
            response = _failed(id_, error)
        except Exception as error:  # noqa: BLE001 - one request must not cost the connection its others
            if not isinstance(error, ChainFileError):
                _log.exception("the request %.200r failed", request)
            response = _failed(id_, InternalError(f"{type(error).__name__}: {error}"))
        wanted = not isinstance(request, dict) or "id" in request or "method" not in request
        return response if wanted else None

    def _result(self, request: object) -> object:
        if not isinstance(request, dict) or request.get("jsonrpc") != "2.0":
            raise InvalidRequest("a request is an object with jsonrpc 2.0")
        method, params = request.get("method"), request.get("params")
        if not isinstance(method, str):
            raise InvalidRequest("a request names its method")
        self._requests.count(method)
        if method not in METHODS:
            raise MethodNotFound(method)
        if not isinstance(params, list | None):
            raise InvalidParams("parameters are taken by position, in a list")
        return METHODS[method](Call(self._front, self.subscriptions, Params(params or [])))


def _failed(id_: str | int | None, error: RpcError) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": id_, "error": error.as_json()}


def _dumps(message: object) -> str:
    return json.dumps(message, separators=(",", ":"))
