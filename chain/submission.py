"""Sending one intent, and what its answer means: it stands, it was refused, or nobody knows.

A write is refused only where the chain itself named a reason; a failure on the way is raised, as its fate is open.
"""

from typing import Any

import bittensor as bt
from bittensor.error_map import ErrorCode

from chain.connection import Substrate
from chain.reader import ChainUnreachable
from chain.signing import Wallet
from chain.types import Block, Included, Refused

Submitted = Included | Refused

_OPEN = ("AlreadyImported", "Retracted", "FinalityTimeout", "Dropped", "Invalid")
"""What a node's pool says of an extrinsic that was in a block, or that other pools may hold: it may stand yet."""


async def submit(substrate: Substrate, intent: Any, wallet: Wallet) -> Submitted:
    """Sign, send, and wait until it is final. Raises ChainUnreachable where the answer was lost, and SDK errors."""
    # "local", because the name only labels explorer links and a cache that a connection of this kind never fills
    client = bt.Client("local", substrate=substrate)
    try:
        result = await client.execute(intent, wallet.sdk)
    except bt.ChainError as error:
        if not _is_named(error):
            raise
        return _refused(error)
    except bt.PolicyError as error:
        return Refused("PolicyViolation", str(error))
    if result.success:
        return await _included(substrate, result)
    fault = result.error or bt.ChainError(result.message or "the node gave no reason")
    if result.block_hash or (_is_named(fault) and fault.name not in _OPEN):
        return _refused(fault)
    raise ChainUnreachable(f"whether it stands is unknown ({fault.message}): look at the chain before sending again")


def _is_named(error: Any) -> bool:
    """Whether the chain, or the preflight in its words, gave a reason."""
    return bool(error.name) or error.code is not ErrorCode.UNKNOWN


def _refused(error: Any) -> Refused:
    return Refused(error.name or error.code.value, error.message)


async def _included(substrate: Substrate, result: Any) -> Included:
    """The block is part of the identifier; a node that gives none is asked for the block it named."""
    if result.extrinsic_id:
        return Included(Block(int(str(result.extrinsic_id).partition("-")[0])), str(result.extrinsic_id))
    return Included(Block(int(await substrate.block_number())), str(result.block_hash))
