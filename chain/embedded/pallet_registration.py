"""Subnets and the uids on them: creation, registration, and the replacement of old uids on a full subnet."""

from typing import Any

from chain.embedded import accounts, hyperparameters, pallet_commitments
from chain.embedded.errors import require
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.state import SUBTENSOR, State

COLUMNS: dict[str, object] = {
    "Active": True,
    "Consensus": 0,
    "Incentive": 0,
    "Dividends": 0,
    "Emission": 0,
    "ValidatorTrust": 0,
    "ValidatorPermit": False,
}
"""Per-uid columns of a subnet and what a new uid holds in them; LastUpdate starts at the registration's block."""


def exists(state: State, netuid: int) -> bool:
    """Whether there is such a subnet."""
    return bool(state.get(SUBTENSOR, "NetworksAdded", netuid))


def netuids(state: State) -> list[int]:
    """All subnets, ascending."""
    return sorted(int(netuid) for netuid, added in state.items(SUBTENSOR, "NetworksAdded") if added)


def uid_of(state: State, netuid: int, hotkey: str) -> int:
    """The uid of a hotkey. Fails with HotKeyNotRegisteredInSubNet."""
    uid = state.get(SUBTENSOR, "Uids", netuid, hotkey)
    require(uid is not None, SUBTENSOR, "HotKeyNotRegisteredInSubNet")
    return int(uid)


def create_subnet(
    state: State, netuid: int, name: str, owner_coldkey: str, owner_hotkey: str, values: Hyperparameters
) -> None:
    """Add a subnet; its owner's hotkey takes uid 0, and its first epoch is one tempo away."""
    networks = int(state.get(SUBTENSOR, "TotalNetworks"))
    state.put(SUBTENSOR, "TotalNetworks", value=networks + 1)
    state.put(SUBTENSOR, "NetworksAdded", netuid, value=True)
    state.put(SUBTENSOR, "NetworkRegisteredAt", netuid, value=state.number)
    state.put(SUBTENSOR, "LastEpochBlock", netuid, value=state.number)
    state.put(SUBTENSOR, "LastMechansimStepBlock", netuid, value=state.number)
    state.put(SUBTENSOR, "SubtokenEnabled", netuid, value=True)
    state.put(SUBTENSOR, "TokenSymbol", netuid, value="α".encode())
    state.put(SUBTENSOR, "SubnetOwner", netuid, value=owner_coldkey)
    state.put(SUBTENSOR, "SubnetOwnerHotkey", netuid, value=owner_hotkey)
    state.put(SUBTENSOR, "SubnetIdentitiesV3", netuid, value=_identity(name))
    hyperparameters.apply(state, netuid, values)
    register(state, netuid, owner_hotkey, owner_coldkey)


def burned_register(state: State, signer: str, args: dict[str, Any]) -> None:
    """The extrinsic: the signing coldkey pays the price and the hotkey gets a uid."""
    netuid, hotkey = int(args["netuid"]), str(args["hotkey"])
    require(exists(state, netuid), SUBTENSOR, "SubnetNotExists")
    require(bool(state.get(SUBTENSOR, "NetworkRegistrationAllowed", netuid)), SUBTENSOR, "SubNetRegistrationDisabled")
    price = int(state.get(SUBTENSOR, "Burn", netuid))
    uid = register(state, netuid, hotkey, signer)
    accounts.withdraw(state, signer, price)
    burned = int(state.get(SUBTENSOR, "RAORecycledForRegistration", netuid))
    state.put(SUBTENSOR, "RAORecycledForRegistration", netuid, value=burned + price)
    state.deposit(SUBTENSOR, "NeuronRegistered", [netuid, uid, hotkey])


def register(state: State, netuid: int, hotkey: str, coldkey: str) -> int:
    """Give a hotkey a uid: the next one, or on a full subnet that of the oldest neuron past its immunity."""
    require(exists(state, netuid), SUBTENSOR, "SubnetNotExists")
    taken = state.get(SUBTENSOR, "Uids", netuid, hotkey) is not None
    require(not taken, SUBTENSOR, "HotKeyAlreadyRegisteredInSubNet")
    _associate(state, hotkey, coldkey)
    count = int(state.get(SUBTENSOR, "SubnetworkN", netuid))
    if count < int(state.get(SUBTENSOR, "MaxAllowedUids", netuid)):
        uid = count
        state.put(SUBTENSOR, "SubnetworkN", netuid, value=count + 1)
    else:
        uid = _replaceable(state, netuid, count)
        _remove(state, netuid, uid)
    _place(state, netuid, uid, hotkey)
    return uid


def _associate(state: State, hotkey: str, coldkey: str) -> None:
    """A hotkey belongs to the coldkey that first registered it."""
    if state.raw(SUBTENSOR, "Owner", hotkey) is None:
        state.put(SUBTENSOR, "Owner", hotkey, value=coldkey)
        owned = state.get(SUBTENSOR, "OwnedHotkeys", coldkey)
        state.put(SUBTENSOR, "OwnedHotkeys", coldkey, value=[*owned, hotkey])
    require(state.get(SUBTENSOR, "Owner", hotkey) == coldkey, SUBTENSOR, "NonAssociatedColdKey")


def _place(state: State, netuid: int, uid: int, hotkey: str) -> None:
    state.put(SUBTENSOR, "Keys", netuid, uid, value=hotkey)
    state.put(SUBTENSOR, "Uids", netuid, hotkey, value=uid)
    state.put(SUBTENSOR, "IsNetworkMember", hotkey, netuid, value=True)
    state.put(SUBTENSOR, "BlockAtRegistration", netuid, uid, value=state.number)
    for name, initial in (COLUMNS | {"LastUpdate": state.number}).items():
        column = list(state.get(SUBTENSOR, name, netuid))
        column[uid : uid + 1] = [initial]
        state.put(SUBTENSOR, name, netuid, value=column)


def _replaceable(state: State, netuid: int, count: int) -> int:
    """Without emission all pruning scores are equal, and the chain then takes the oldest that is not immune."""
    owner = state.get(SUBTENSOR, "SubnetOwnerHotkey", netuid)
    immunity = int(state.get(SUBTENSOR, "ImmunityPeriod", netuid))
    since = [int(state.get(SUBTENSOR, "BlockAtRegistration", netuid, uid)) for uid in range(count)]
    keys = [state.get(SUBTENSOR, "Keys", netuid, uid) for uid in range(count)]
    open_ = [uid for uid in range(count) if keys[uid] != owner and state.number - since[uid] >= immunity]
    require(bool(open_), SUBTENSOR, "NoNeuronIdAvailable")
    return min(open_, key=lambda uid: (since[uid], uid))


def _remove(state: State, netuid: int, uid: int) -> None:
    """Clear a uid: its keys, its weights and the commitments of the hotkey that leaves."""
    hotkey = str(state.get(SUBTENSOR, "Keys", netuid, uid))
    state.remove(SUBTENSOR, "Uids", netuid, hotkey)
    state.remove(SUBTENSOR, "IsNetworkMember", hotkey, netuid)
    state.remove(SUBTENSOR, "Weights", netuid, uid)
    pallet_commitments.purge(state, netuid, hotkey)


def _identity(name: str) -> dict[str, bytes]:
    fields = ("github_repo", "subnet_contact", "subnet_url", "discord", "description", "logo_url", "additional")
    return {"subnet_name": name.encode()} | dict.fromkeys(fields, b"")
