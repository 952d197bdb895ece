"""A change by Root from the command line: made, waited for, and its refusal explained."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from chain.embedded.errors import DispatchFailed
from chain.embedded.node import Node
from chain.embedded.pallet_registration import netuids
from chain.embedded.root import Root
from chain.embedded.state import SUBTENSOR
from chain.types import Block, Coldkey, NetUid
from localnet.place import LocalnetError
from localnet.who import Who

_LEAST_PATIENCE_S = 5.0
_PATIENCE_BLOCKS = 4

_REMEDIES = {
    "HotKeyAlreadyRegisteredInSubNet": "the hotkey holds a uid there already: `inspect` shows which",
    "NoNeuronIdAvailable": "the subnet is full and everybody on it immune: `advance` past its immunity period",
    "NonAssociatedColdKey": "the hotkey belongs to the coldkey that registered it first: name that one by --coldkey",
    "HotKeyAccountNotExists": "nobody has registered that hotkey: `register` it first",
}


@contextmanager
def changing(node: Node, who: Who, patience_s: float | None = None) -> Iterator[Root]:
    """Change the chain as Root, and wait for the block in which the change stands.

    Raises LocalnetError where the chain refuses it, or no block comes.
    """
    root = Root(node)
    try:
        yield root
    except DispatchFailed as failure:
        remedy = _REMEDIES.get(failure.name, "see docs/embedded-chain.md")
        raise LocalnetError(f"the chain refuses this for {who.name} ({failure.name}): {remedy}") from failure
    await_block(node, root.stands_in, patience_s)


def await_block(node: Node, block: Block, patience_s: float | None = None) -> None:
    """Wait until a block is sealed, by default for a few blocks' time. Raises LocalnetError where none comes."""
    block_time_s = node.parameters.block_time_ms / 1000
    wait_s = max(_LEAST_PATIENCE_S, _PATIENCE_BLOCKS * block_time_s) if patience_s is None else patience_s
    until = time.monotonic() + wait_s
    while node.head().number < block:
        if time.monotonic() >= until:
            raise LocalnetError(
                f"the change waits for block {block}, which nobody made in {wait_s:g} s: make it with "
                "`crucible localnet chain advance`, or start an author with `crucible localnet chain run`"
            )
        time.sleep(node.parameters.poll_s)


def subnet_for(node: Node, asked: int | None, who: Who) -> NetUid:
    """The subnet that is meant: the one asked for, the person's own, or the only one. Raises LocalnetError."""
    known = netuids(node.view(node.head()).state)
    wanted = who.netuid if asked is None else asked
    if wanted is None and len(known) == 1:
        wanted = known[0]
    if wanted not in known:
        listed = ", ".join(map(str, known)) or "none yet"
        missing = "no netuid was given" if wanted is None else f"there is no netuid {wanted} here"
        raise LocalnetError(f"{missing}: choose by --netuid; known are {listed}")
    return NetUid(wanted)


def coldkey_for(node: Node, who: Who, named: Who | None) -> Coldkey:
    """To whom a hotkey belongs: the one named, its wallet's, the chain's, or, for a new address, to itself."""
    if named is not None:
        return named.coldkey or Coldkey(named.hotkey)
    if who.coldkey is not None:
        return who.coldkey
    view = node.view(node.head())
    known = view.state.raw(SUBTENSOR, "Owner", who.hotkey) is not None
    return Coldkey(str(view.get(SUBTENSOR, "Owner", who.hotkey)) if known else who.hotkey)
