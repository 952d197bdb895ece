"""Weights, with the chain's checks: set in the clear, or committed timelocked and revealed an epoch later."""

import hashlib
from typing import Any

from chain.embedded.accounts import public_key
from chain.embedded.beacon import Beacon
from chain.embedded.errors import DispatchFailed, require
from chain.embedded.pallet_registration import exists, uid_of
from chain.embedded.pallet_staking import total_stake
from chain.embedded.scale import plain_bytes
from chain.embedded.state import SUBTENSOR, State
from chain.embedded.tlock import CannotOpen, open_sealed

PAYLOAD_TYPE = "(Vec<u8>, Vec<u16>, Vec<u16>, u64)"
"""What a timelocked commit holds: hotkey, uids, weights, version key."""
MOST_PENDING = 10
"""Unrevealed commits a hotkey may have in one epoch."""
_U16_MAX = 65_535


def set_weights(state: State, signer: str, args: dict[str, Any]) -> None:
    """The extrinsics set_weights and set_mechanism_weights; refused while commit-reveal is on."""
    netuid = int(args["netuid"])
    _first_mechanism(args)
    require(not state.get(SUBTENSOR, "CommitRevealWeightsEnabled", netuid), SUBTENSOR, "CommitRevealEnabled")
    uids, values = [int(uid) for uid in args["dests"]], [int(value) for value in args["weights"]]
    _store(state, netuid, signer, uids, values, int(args["version_key"]), revealed=False)


def commit_weights(state: State, signer: str, args: dict[str, Any]) -> None:
    """The extrinsics commit_timelocked_weights and commit_timelocked_mechanism_weights."""
    netuid = int(args["netuid"])
    _first_mechanism(args)
    require(exists(state, netuid), SUBTENSOR, "SubnetNotExists")
    require(bool(state.get(SUBTENSOR, "CommitRevealWeightsEnabled", netuid)), SUBTENSOR, "CommitRevealDisabled")
    version = int(state.get(SUBTENSOR, "CommitRevealWeightsVersion"))
    require(int(args["commit_reveal_version"]) == version, SUBTENSOR, "IncorrectCommitRevealVersion")
    uid = uid_of(state, netuid, signer)
    require(_rested(state, netuid, uid), SUBTENSOR, "CommittingWeightsTooFast")
    epoch = int(state.get(SUBTENSOR, "SubnetEpochIndex", netuid))
    commit = plain_bytes(args["commit"])
    commits = _commits(state, netuid, epoch)
    require(sum(who == signer for who, *_ in commits) < MOST_PENDING, SUBTENSOR, "TooManyUnrevealedCommits")
    commits.append((signer, state.number, commit, int(args["reveal_round"])))
    state.put(SUBTENSOR, "TimelockedWeightCommits", netuid, epoch, value=commits)
    _touch(state, netuid, uid)
    digest = hashlib.blake2b(commit, digest_size=32).digest()
    state.deposit(SUBTENSOR, "TimelockedWeightsCommitted", [signer, netuid, digest, int(args["reveal_round"])])


def reveal_due(state: State, beacon: Beacon, netuid: int) -> None:
    """In every block of an epoch: reveal what was committed `reveal period` epochs before, once its round is out."""
    epoch = int(state.get(SUBTENSOR, "SubnetEpochIndex", netuid))
    due = epoch - int(state.get(SUBTENSOR, "RevealPeriodEpochs", netuid))
    for committed, _ in state.items(SUBTENSOR, "TimelockedWeightCommits", netuid):
        if int(committed) < due:
            state.remove(SUBTENSOR, "TimelockedWeightCommits", netuid, committed)
        elif int(committed) == due:
            _reveal(state, beacon, netuid, due)


def rounds_awaited(state: State, netuid: int) -> list[int]:
    """Beacon rounds of the commits whose epoch of reveal has begun: each is revealed as soon as its round is out."""
    epoch = int(state.get(SUBTENSOR, "SubnetEpochIndex", netuid))
    due = epoch - int(state.get(SUBTENSOR, "RevealPeriodEpochs", netuid))
    return [round_ for *_, round_ in _commits(state, netuid, due)] if due >= 0 else []


def _reveal(state: State, beacon: Beacon, netuid: int, epoch: int) -> None:
    waiting = []
    for commit in _commits(state, netuid, epoch):
        signature = beacon.signature(commit[3], state.time_ms)
        if signature is None:
            waiting.append(commit)
        else:
            _apply(state, netuid, commit[0], commit[2], signature)
    if not waiting:
        state.remove(SUBTENSOR, "TimelockedWeightCommits", netuid, epoch)
    elif len(waiting) < len(_commits(state, netuid, epoch)):
        state.put(SUBTENSOR, "TimelockedWeightCommits", netuid, epoch, value=waiting)


def _apply(state: State, netuid: int, hotkey: str, commit: bytes, signature: bytes) -> None:
    """Open one commit and set its weights. Like the chain, skip what cannot be opened, is another's, or is refused."""
    try:
        owner, uids, values, version = state.metadata.decode(PAYLOAD_TYPE, open_sealed(commit, signature))
    except (CannotOpen, ValueError):
        return
    if plain_bytes(owner) != public_key(hotkey):
        return
    try:
        with state.file.undo_on_error():
            _store(state, netuid, hotkey, list(uids), list(values), int(version), revealed=True)
    except DispatchFailed:
        return
    state.deposit(SUBTENSOR, "TimelockedWeightsRevealed", [netuid, hotkey])


def _store(
    state: State, netuid: int, hotkey: str, uids: list[int], values: list[int], version: int, *, revealed: bool
) -> None:
    """Check weights as the chain does, in its order, and store them scaled to a maximum of 65,535."""
    require(len(uids) == len(values), SUBTENSOR, "WeightVecNotEqualSize")
    require(exists(state, netuid), SUBTENSOR, "SubnetNotExists")
    count = int(state.get(SUBTENSOR, "SubnetworkN", netuid))
    require(len(uids) <= count, SUBTENSOR, "UidsLengthExceedUidsInSubNet")
    uid = uid_of(state, netuid, hotkey)
    enough = total_stake(state, netuid, hotkey) >= int(state.get(SUBTENSOR, "StakeThreshold"))
    require(enough, SUBTENSOR, "NotEnoughStakeToSetWeights")
    require(version >= int(state.get(SUBTENSOR, "WeightsVersionKey", netuid)), SUBTENSOR, "IncorrectWeightVersionKey")
    # A reveal was rated when it was committed.
    require(revealed or _rested(state, netuid, uid), SUBTENSOR, "SettingWeightsTooFast")
    require(uids == [uid] or _permitted(state, netuid, uid, hotkey), SUBTENSOR, "NeuronNoValidatorPermit")
    require(len(set(uids)) == len(uids), SUBTENSOR, "DuplicateUids")
    require(all(uid < count for uid in uids), SUBTENSOR, "UidVecContainInvalidOne")
    _check_shape(state, netuid, uid, uids, values, count)
    largest = max(values, default=0) or 1
    weights = [(to, round(value * _U16_MAX / largest)) for to, value in zip(uids, values, strict=True)]
    state.put(SUBTENSOR, "Weights", netuid, uid, value=weights)
    if not revealed:
        _touch(state, netuid, uid)
    state.deposit(SUBTENSOR, "WeightsSet", [netuid, uid])


def _check_shape(state: State, netuid: int, uid: int, uids: list[int], values: list[int], count: int) -> None:
    """A single weight on oneself is exempt from the smallest number and the largest share."""
    if uids == [uid]:
        return
    least = min(count, int(state.get(SUBTENSOR, "MinAllowedWeights", netuid)))
    require(len(uids) >= least, SUBTENSOR, "WeightVecLengthIsLow")
    limit = int(state.get(SUBTENSOR, "MaxWeightsLimit", netuid))
    require(max(values, default=0) * _U16_MAX <= limit * sum(values), SUBTENSOR, "MaxWeightExceeded")


def _permitted(state: State, netuid: int, uid: int, hotkey: str) -> bool:
    permits = state.get(SUBTENSOR, "ValidatorPermit", netuid)
    return bool(permits[uid]) or hotkey == state.get(SUBTENSOR, "SubnetOwnerHotkey", netuid)


def _rested(state: State, netuid: int, uid: int) -> bool:
    """Whether the rate limit has passed since the last setting, commit or registration; block 0 counts as never."""
    last = int(state.get(SUBTENSOR, "LastUpdate", netuid)[uid])
    return last == 0 or state.number - last >= int(state.get(SUBTENSOR, "WeightsSetRateLimit", netuid))


def _touch(state: State, netuid: int, uid: int) -> None:
    column = list(state.get(SUBTENSOR, "LastUpdate", netuid))
    column[uid] = state.number
    state.put(SUBTENSOR, "LastUpdate", netuid, value=column)


def _commits(state: State, netuid: int, epoch: int) -> list[tuple[str, int, bytes, int]]:
    stored = state.get(SUBTENSOR, "TimelockedWeightCommits", netuid, epoch)
    return [(str(who), int(block), plain_bytes(commit), int(round_)) for who, block, commit, round_ in stored]


def _first_mechanism(args: dict[str, Any]) -> None:
    require(int(args.get("mecid", 0)) == 0, SUBTENSOR, "MechanismDoesNotExist")
