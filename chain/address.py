"""Addresses as this network spells them. One key has one spelling here, so that nobody counts as two."""

import bittensor_core

PREFIX = 42
"""The ss58 prefix of every Bittensor network."""


def valid_address(text: str) -> bool:
    """Whether a text is an ss58 address of this network, in its only spelling."""
    return address_fault(text) is None


def address_fault(text: str) -> str | None:
    """Why a text is no ss58 address of this network, with a remedy; None where it is one."""
    try:
        own = str(bittensor_core.ss58_encode(bytes(bittensor_core.ss58_decode(text)), PREFIX))
    except ValueError as error:
        return f"{text[:64]!r} is no ss58 address ({error}): give 48 characters that begin with 5"
    if own != text:
        return f"{text} is an address of another network, whose prefix is not {PREFIX}: the same key is {own} here"
    return None
