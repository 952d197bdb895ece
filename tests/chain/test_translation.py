"""No error of the SDK leaves the chain room as itself: each of its classes becomes one of ours."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import bittensor as bt
import pytest
from bittensor._transport import errors as wire
from bittensor.error_map import ErrorCode

from chain.reader import (
    ChainError,
    ChainFault,
    ChainThrottled,
    ChainTimeout,
    ChainUnreachable,
    UnknownBlock,
    UnknownSubnet,
)
from chain.translation import translated


def sdk_errors() -> Iterator[type[Exception]]:
    """Every exception class that a module of bittensor defines; its command line's own are not among the SDK's."""
    for module in pkgutil.walk_packages(bt.__path__, "bittensor."):
        if ".cli" in module.name or ".vault" in module.name:
            continue
        for _, thing in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(thing, Exception) and thing.__module__.startswith("bittensor"):
                yield thing


ALL = sorted(set(sdk_errors()), key=lambda kind: f"{kind.__module__}.{kind.__qualname__}")

EXPECTED: dict[type[Exception], type[ChainError]] = {
    bt.ConnectionNotReady: ChainUnreachable,
    bt.RpcConnectionError: ChainUnreachable,
    bt.RpcPolicyError: ChainThrottled,
    wire.MaxRetriesExceeded: ChainUnreachable,
    wire.RpcPolicyRejection: ChainThrottled,
    wire.StateDiscardedError: UnknownBlock,
    wire.BlockNotFound: UnknownBlock,
}
"""All others say that an answer cannot be used."""


def made(kind: type[Exception]) -> Exception:
    """An instance, whatever its constructor asks for: what matters here is the class."""
    error = kind.__new__(kind)
    Exception.__init__(error, "as it was said")
    for name, value in {"code": ErrorCode.UNKNOWN, "name": None}.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: str(kind.__name__))
def test_every_error_class_of_the_sdk_becomes_one_of_ours(kind: type[Exception]) -> None:
    told = translated(made(kind), "reading the head", "node.example")
    assert type(told) is EXPECTED.get(kind, ChainFault)
    assert "reading the head: node.example" in str(told)


def test_the_walk_finds_the_sdks_errors() -> None:
    assert {bt.BittensorError, bt.ChainError, bt.PolicyError, bt.RpcPolicyError} | EXPECTED.keys() <= set(ALL)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), ChainTimeout),
        (ConnectionResetError("reset by peer"), ChainUnreachable),
        (OSError("no route to host"), ChainUnreachable),
        (bt.ChainError("State discarded for 0xabc. This indicates the block is too old"), UnknownBlock),
        (bt.ChainError("UnknownBlock: Header was not found in the database"), UnknownBlock),
        (bt.ChainError("Connection lost while waiting for a subscription response"), ChainUnreachable),
        (bt.ChainError("there is none", code=ErrorCode.SUBNET_NOT_EXISTS), UnknownSubnet),
        (bt.ChainError("method not found"), ChainFault),
        (ValueError("not a number"), ChainFault),
        (KeyError("total_stake"), ChainFault),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else f"{type(value).__name__}({value})"[:40],
)
def test_what_was_said_decides_where_the_class_does_not(error: Exception, kind: type[ChainError]) -> None:
    assert type(translated(error, "reading", "node.example")) is kind


def test_a_cause_names_the_missing_block_that_the_words_hide() -> None:
    error = bt.ChainError("the request failed")
    error.__cause__ = wire.BlockNotFound("nothing there")
    assert type(translated(error, "reading", "node.example")) is UnknownBlock


def test_our_own_errors_pass_as_they_are() -> None:
    error = UnknownSubnet("netuid 9 does not exist")
    assert translated(error, "reading", "node.example") is error
