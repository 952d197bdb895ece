"""The SDK's errors as ours: what was being done, where, what was said, and what helps.

Every error class that bittensor defines ends as one of the tree in `chain.reader`; a test walks through all of them.
"""

import bittensor as bt
from bittensor._transport.errors import (
    BlockNotFound,
    MaxRetriesExceeded,
    RpcPolicyRejection,
    StateDiscardedError,
    SubstrateRequestException,
)
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

_NO_STATE = ("state already discarded", "state discarded", "unknown block", "header was not found")
_NO_BLOCK = ("no block at height", "no block with hash", "no header for")

_LOST = ("connection lost", "session closed", "connection closed")


def translated(error: Exception, doing: str, where: str) -> ChainError:
    """The error of our tree for whatever was raised while `doing` something at an endpoint named `where`."""
    if isinstance(error, ChainError):
        return error
    said = str(error).strip() or type(error).__name__
    if isinstance(error, TimeoutError):
        return ChainTimeout(f"{doing}: {where} gave no answer in time; name further endpoints with --network A,B")
    if isinstance(error, (bt.RpcPolicyError, RpcPolicyRejection)):
        return ChainThrottled(f"{doing}: {where} refuses our traffic ({said}); use a node of your own, or another")
    if _is_unreachable(error, said):
        if _is_of_archive(error):
            return ChainUnreachable(
                f"{doing}: {where} has dropped that state, and its archive does not answer ({said}); check "
                "CRUCIBLE_ARCHIVE"
            )
        return ChainUnreachable(f"{doing}: {where} does not answer ({said}); check --network")
    if _is_unknown_block(error, said):
        return UnknownBlock(f"{doing}: {where} does not have it ({said}); ask an archive node for old blocks")
    if isinstance(error, bt.ChainError) and error.code is ErrorCode.SUBNET_NOT_EXISTS:
        return UnknownSubnet(f"{doing}: {where} has no such subnet ({said}); name another with --netuid")
    return ChainFault(f"{doing}: {where} answered with what cannot be used ({type(error).__name__}: {said})")


def _is_unreachable(error: Exception, said: str) -> bool:
    if isinstance(error, (bt.RpcConnectionError, bt.ConnectionNotReady, MaxRetriesExceeded, OSError)):
        return True
    by_the_wire = isinstance(error, (SubstrateRequestException, bt.ChainError))
    return by_the_wire and any(words in said.lower() for words in _LOST)


def _is_of_archive(error: BaseException | None) -> bool:
    """Whether the node answered and the SDK then failed to reach an archive: its error came while handling that."""
    while error is not None and not isinstance(error, StateDiscardedError):
        error = error.__cause__ or error.__context__
    return error is not None


def _is_unknown_block(error: Exception, said: str) -> bool:
    """The SDK keeps what a node said of a missing block as a cause, or only as words."""
    kinds = (StateDiscardedError, BlockNotFound)
    if isinstance(error, kinds) or isinstance(error.__cause__, kinds):
        return True
    by_the_wire = isinstance(error, (SubstrateRequestException, bt.ChainError))
    return by_the_wire and any(words in said.lower() for words in (*_NO_STATE, *_NO_BLOCK))
