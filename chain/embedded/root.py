"""What only the operator of an embedded chain can do: create subnets, fund, register and stake without a signature."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from chain.embedded import accounts, hyperparameters, pallet_registration, pallet_staking
from chain.embedded.blocks import seal
from chain.embedded.errors import EmbeddedChainError, InvalidValue, require
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.node import Node
from chain.embedded.state import SUBTENSOR, State
from chain.types import Block, Coldkey, Hotkey, NetUid, Uid

RAO = 10**9
"""Rao in a TAO."""
_MOST_TAO = 21_000_000
"""All there will ever be."""


class Root:
    """Operator's changes. On a chain at block 0 they are part of genesis and stand at once.

    Later they stand in the next block, which is sealed with them where blocks are sealed instantly. Failures raise
    DispatchFailed with the pallet's own error name, and InvalidValue for addresses and amounts that cannot be meant.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self.stands_in = Block(0)
        """The block in which the newest change stands, or will."""

    def create_subnet(
        self,
        netuid: NetUid,
        owner_coldkey: Coldkey,
        owner_hotkey: Hotkey,
        values: Hyperparameters | None = None,
        name: str = "",
    ) -> None:
        """Add a subnet; the owner's hotkey gets uid 0."""
        accounts.require_address(owner_coldkey)
        accounts.require_address(owner_hotkey)
        with self._change() as state:
            if pallet_registration.exists(state, netuid):
                raise EmbeddedChainError(
                    f"netuid {netuid} exists already; choose another, or set_hyperparameters on it"
                )
            chosen = values or Hyperparameters()
            pallet_registration.create_subnet(state, netuid, name, owner_coldkey, owner_hotkey, chosen)

    def set_hyperparameters(self, netuid: NetUid, values: Hyperparameters) -> None:
        """Replace all hyperparameters of a subnet."""
        with self._change() as state:
            require(pallet_registration.exists(state, netuid), SUBTENSOR, "SubnetNotExists")
            hyperparameters.apply(state, netuid, values)

    def fund(self, coldkey: Coldkey, tao: float) -> None:
        """Issue TAO to an account."""
        accounts.require_address(coldkey)
        rao = _rao(tao)
        with self._change() as state:
            accounts.endow(state, coldkey, rao)

    def register(self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey) -> Uid:
        """Give a hotkey a uid without a price."""
        accounts.require_address(hotkey)
        accounts.require_address(coldkey)
        with self._change() as state:
            return Uid(pallet_registration.register(state, netuid, hotkey, coldkey))

    def hand_over(self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey) -> None:
        """Make another hotkey, and its coldkey, the subnet's owner."""
        with self._change() as state:
            state.put(SUBTENSOR, "SubnetOwner", netuid, value=coldkey)
            state.put(SUBTENSOR, "SubnetOwnerHotkey", netuid, value=hotkey)

    def stake(self, netuid: NetUid, hotkey: Hotkey, tao: float) -> None:
        """Put stake behind a known hotkey; a permit follows at the subnet's next epoch, in genesis at once."""
        accounts.require_address(hotkey)
        rao = _rao(tao)
        with self._change() as state:
            pallet_staking.require_known(state, netuid, hotkey)
            pallet_staking.increase(state, netuid, hotkey, rao)
            if state.number == 0:
                pallet_staking.give_permits(state, netuid)

    def set_stake_threshold(self, tao: float) -> None:
        """Total stake below which no hotkey of the whole chain may set weights."""
        with self._change() as state:
            state.put(SUBTENSOR, "StakeThreshold", value=round(tao * RAO))

    def trigger_epoch(self, netuid: NetUid, at: Block) -> None:
        """Turn a subnet's epoch early, in the first block at or after the given one."""
        with self._change() as state:
            state.put(SUBTENSOR, "PendingEpochAt", netuid, value=at)

    @contextmanager
    def _change(self) -> Iterator[State]:
        with self._node.file.write():
            head = self._node.head()
            if head.number == 0:
                self.stands_in = Block(0)
                yield self._node.state(0, head.time_ms)
            else:
                self.stands_in = Block(head.number + 1)
                yield self._node.state(head.number + 1, head.time_ms + self._node.parameters.block_time_ms)
                if self._node.instant:
                    seal(self._node)


def _rao(tao: float) -> int:
    """An amount in rao. Raises InvalidValue for what is no amount."""
    if not math.isfinite(tao) or not 1 <= round(tao * RAO) <= _MOST_TAO * RAO:
        raise InvalidValue(f"{tao} is no amount of TAO: give at least 0.000000001 and at most {_MOST_TAO:,}")
    return round(tao * RAO)
