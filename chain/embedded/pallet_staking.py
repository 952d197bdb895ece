"""Stake behind hotkeys, at a price of one alpha per TAO, and the validator permits it buys at each epoch."""

from typing import Any

from chain.embedded import accounts
from chain.embedded.errors import require
from chain.embedded.state import SUBTENSOR, State

ROOT = 0
"""Netuid under which TAO itself is staked."""
_TAO_WEIGHT_ONE = 2**64 - 1


def add_stake(state: State, signer: str, args: dict[str, Any]) -> None:
    """The extrinsic: a coldkey stakes TAO behind a hotkey of its own or of another."""
    netuid, hotkey, rao = int(args["netuid"]), str(args["hotkey"]), int(args["amount_staked"])
    require_known(state, netuid, hotkey)
    accounts.withdraw(state, signer, rao)
    increase(state, netuid, hotkey, rao)
    state.deposit(SUBTENSOR, "StakeAdded", [signer, hotkey, rao, rao, netuid, 0])


def require_known(state: State, netuid: int, hotkey: str) -> None:
    """Fail unless there are such a subnet, or the root, and such a hotkey."""
    known = netuid == ROOT or bool(state.get(SUBTENSOR, "NetworksAdded", netuid))
    require(known, SUBTENSOR, "SubnetNotExists")
    require(state.raw(SUBTENSOR, "Owner", hotkey) is not None, SUBTENSOR, "HotKeyAccountNotExists")


def increase(state: State, netuid: int, hotkey: str, rao: int) -> None:
    """Put stake behind a hotkey."""
    staked = int(state.get(SUBTENSOR, "TotalHotkeyAlpha", hotkey, netuid))
    state.put(SUBTENSOR, "TotalHotkeyAlpha", hotkey, netuid, value=staked + rao)
    state.put(SUBTENSOR, "TotalStake", value=int(state.get(SUBTENSOR, "TotalStake")) + rao)
    for name in ("SubnetTAO", "SubnetAlphaOut", "TotalAlphaStaked"):
        state.put(SUBTENSOR, name, netuid, value=int(state.get(SUBTENSOR, name, netuid)) + rao)


def stakes(state: State, netuid: int, hotkeys: list[str]) -> tuple[list[int], list[int], list[int]]:
    """Alpha, TAO and total stake of hotkeys on a subnet, in rao: total = alpha + TAO · the chain's TAO weight."""
    alpha = state.get_many(SUBTENSOR, "TotalHotkeyAlpha", [(hotkey, netuid) for hotkey in hotkeys])
    tao = state.get_many(SUBTENSOR, "TotalHotkeyAlpha", [(hotkey, ROOT) for hotkey in hotkeys])
    weight = int(state.get(SUBTENSOR, "TaoWeight"))
    total = [int(a) + int(t) * weight // _TAO_WEIGHT_ONE for a, t in zip(alpha, tao, strict=True)]
    return [int(a) for a in alpha], [int(t) for t in tao], total


def total_stake(state: State, netuid: int, hotkey: str) -> int:
    """Total stake of one hotkey on a subnet, in rao."""
    return stakes(state, netuid, [hotkey])[2][0]


def give_permits(state: State, netuid: int) -> None:
    """Give permits to the largest stakes above zero, as many as the subnet has validators; lower uids win ties."""
    count = int(state.get(SUBTENSOR, "SubnetworkN", netuid))
    hotkeys = [str(key) for key in state.get_many(SUBTENSOR, "Keys", [(netuid, uid) for uid in range(count)])]
    total = stakes(state, netuid, hotkeys)[2]
    ranked = sorted((uid for uid in range(count) if total[uid] > 0), key=lambda uid: (-total[uid], uid))
    chosen = set(ranked[: int(state.get(SUBTENSOR, "MaxAllowedValidators", netuid))])
    permits = [uid in chosen for uid in range(count)]
    if permits != state.get(SUBTENSOR, "ValidatorPermit", netuid):
        state.put(SUBTENSOR, "ValidatorPermit", netuid, value=permits)
