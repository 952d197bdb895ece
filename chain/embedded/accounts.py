"""Addresses, free balances and nonces of accounts, in rao. Nothing is reserved, and no call costs a fee."""

from typing import Any

import bittensor_core

from chain.embedded.errors import InvalidValue, require
from chain.embedded.state import SUBTENSOR, State

PREFIX = 42
"""The ss58 prefix of this chain's addresses, as of every Bittensor network's."""


def require_address(address: str) -> None:
    """Raise InvalidValue for anything but an ss58 address of this network."""
    try:
        own = str(bittensor_core.ss58_encode(public_key(address), PREFIX))
    except ValueError as error:
        raise InvalidValue(f"{address!r} is no address ({error}): give 48 characters that begin with 5") from error
    if own != address:
        raise InvalidValue(
            f"{address} is an address of another network, whose prefix is not {PREFIX}: the same key is {own} here"
        )


def public_key(address: str) -> bytes:
    """The 32 bytes an ss58 address names. Raises ValueError for anything else."""
    return bytes(bittensor_core.ss58_decode(address))


def free(state: State, address: str) -> int:
    """The free balance of an account."""
    return int(state.get("System", "Account", address)["data"]["free"])


def nonce(state: State, address: str) -> int:
    """How many extrinsics of an account stand in blocks."""
    return int(state.get("System", "Account", address)["nonce"])


def endow(state: State, address: str, rao: int) -> None:
    """Issue new TAO to an account."""
    _change(state, address, rao)
    for pallet in ("Balances", SUBTENSOR):
        state.put(pallet, "TotalIssuance", value=int(state.get(pallet, "TotalIssuance")) + rao)


def withdraw(state: State, address: str, rao: int) -> None:
    """Take TAO from an account. Fails with NotEnoughBalanceToStake, as registrations and stakes do."""
    require(free(state, address) >= rao, SUBTENSOR, "NotEnoughBalanceToStake")
    _change(state, address, -rao)


def spend_nonce(state: State, address: str) -> None:
    """Count an included extrinsic."""
    account = _account(state, address)
    account["nonce"] += 1
    state.put("System", "Account", address, value=account)


def _change(state: State, address: str, rao: int) -> None:
    account = _account(state, address)
    account["data"]["free"] += rao
    state.put("System", "Account", address, value=account)


def _account(state: State, address: str) -> dict[str, Any]:
    account: dict[str, Any] = state.get("System", "Account", address)
    return account | {"providers": max(1, int(account["providers"]))}
