"""What this server answers when it cannot: JSON-RPC's own errors and a node's, with their codes and texts.

RpcError
├── ParseError, InvalidRequest, InvalidParams, MethodNotFound, InternalError    JSON-RPC 2.0
├── TooBig, TooManySubscriptions                                                the limits of a node's server
├── UnknownBlock, StateDiscarded, NoSuchExport, CountTooLarge                   reading
└── Refused                                                                     an extrinsic that the pool does not take
"""

from bittensor.result import RpcConnectionError

from chain.embedded.errors import EmbeddedChainError
from chain.embedded.scale import to_hex

CLIENT_ERROR = 4003
"""Substrate's code for whatever its client could not do with a block's state."""


class RpcError(EmbeddedChainError):
    """An answer that says why there is none; `data` is the detail a node puts beside its message."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def as_json(self) -> dict[str, object]:
        """The `error` member of a response."""
        detail = {} if self.data is None else {"data": self.data}
        return {"code": self.code, "message": self.message} | detail


class ParseError(RpcError):
    """A frame that is no JSON."""

    def __init__(self) -> None:
        super().__init__(-32700, "Parse error")


class InvalidRequest(RpcError):
    """JSON that is no request."""

    def __init__(self, why: str) -> None:
        super().__init__(-32600, "Invalid request", why)


class MethodNotFound(RpcError):
    """A method this chain does not serve; `rpc_methods` lists those it does."""

    def __init__(self, method: str) -> None:
        super().__init__(-32601, f"Method not found: {method[:100]}", "rpc_methods lists what this chain serves")


class InvalidParams(RpcError):
    """Parameters a method cannot use."""

    def __init__(self, why: str) -> None:
        super().__init__(-32602, "Invalid params", why)


class InternalError(RpcError):
    """A method that failed in a way nobody foresaw, or whose chain file cannot be used."""

    def __init__(self, why: str) -> None:
        super().__init__(-32603, "Internal error", why)


class TooBig(RpcError):
    """A request beyond the server's limit."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(-32007, "Request is too big", f"Exceeded max limit of {most_bytes}")


class TooManySubscriptions(RpcError):
    """More subscriptions than one connection may hold."""

    def __init__(self, most: int) -> None:
        super().__init__(-32006, "Too many subscriptions on the connection", f"Exceeded max limit of {most}")


class UnknownBlock(RpcError):
    """The state of a block that is not on this chain."""

    def __init__(self, block_hash: bytes) -> None:
        where = f"Header was not found in the database: {to_hex(block_hash)}"
        super().__init__(CLIENT_ERROR, f"Client error: UnknownBlock: {where}")


class StateDiscarded(RpcError):
    """The state of a block that a pruning node no longer keeps; the SDK asks its archive then."""

    def __init__(self, block_hash: bytes) -> None:
        where = f"State already discarded for {to_hex(block_hash)}"
        super().__init__(CLIENT_ERROR, f"Client error: UnknownBlock: {where}")


class NoSuchExport(RpcError):
    """A runtime API that this chain does not answer."""

    def __init__(self, method: str) -> None:
        where = f"Exported method {method[:100]} is not found"
        super().__init__(CLIENT_ERROR, f"Client error: Execution failed: Other: {where}")


class CountTooLarge(RpcError):
    """A page larger than a node gives."""

    def __init__(self, count: int, most: int) -> None:
        super().__init__(4002, f"count exceeds maximum value. value: {count}, max: {most}")


_POOL_TEXTS = {
    "Stale": "Transaction is outdated",
    "Future": "Transaction will be valid in the future",
    "BadProof": "Transaction has a bad signature",
    "Payment": "Inability to pay some fees (e.g. account balance too low)",
    "AncientBirthBlock": "Transaction has an ancient birth block",
}
"""The runtime's own words for why an extrinsic is invalid, by which clients recognise the reason."""


class Refused(RpcError):
    """An extrinsic the pool does not take."""

    @classmethod
    def under(cls, name: str, message: str) -> "Refused":
        """A refusal by the name the chain gives it; one without words of its own is of malformed bytes."""
        text = _POOL_TEXTS.get(name)
        return cls(1001, message) if text is None else cls(1010, "Invalid Transaction", text)

    @classmethod
    def already_there(cls) -> "Refused":
        """The very extrinsic waits in the pool."""
        return cls(1013, "Transaction Already Imported")


class NodeUnreachable(EmbeddedChainError, RpcConnectionError):  # type: ignore[misc]  # the SDK is untyped to mypy
    """A client of this package got no usable answer; to the SDK this is a node out of reach."""
