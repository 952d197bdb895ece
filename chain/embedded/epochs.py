"""What happens at the start of a block by itself: timelocks open, epochs turn, committed weights are revealed."""

from collections.abc import Iterator

from chain.embedded.beacon import Beacon
from chain.embedded.pallet_commitments import next_opening, open_due
from chain.embedded.pallet_registration import netuids
from chain.embedded.pallet_staking import give_permits
from chain.embedded.pallet_weights import reveal_due, rounds_awaited
from chain.embedded.state import SUBTENSOR, State


def initialise(state: State, beacon: Beacon) -> None:
    """Run a block's own work before its extrinsics."""
    open_due(state, beacon)
    for netuid in netuids(state):
        turned = is_due(state, netuid)
        if turned:
            _turn(state, netuid)
        reveal_due(state, beacon, netuid)
        if turned:
            give_permits(state, netuid)


def quiet_blocks(sealed: State, beacon: Beacon, block_time_ms: int) -> int:
    """For how many blocks after a sealed one nothing happens by itself, each one block time after the last."""
    number, time_ms = sealed.number, sealed.time_ms

    def block_of(round_: int) -> int:
        return number - (time_ms - beacon.clock.published_ms(round_)) // block_time_ms

    events = [block_of(next_opening(sealed.file))]
    for netuid in netuids(sealed):
        events += _turns(sealed, netuid)
        events += [block_of(round_) for round_ in rounds_awaited(sealed, netuid)]
    return max(0, min(events) - number - 1)


def is_due(state: State, netuid: int) -> bool:
    """Whether a subnet's epoch turns in this block: at `last + tempo`, or earlier where its owner triggered one."""
    tempo = int(state.get(SUBTENSOR, "Tempo", netuid))
    pending = int(state.get(SUBTENSOR, "PendingEpochAt", netuid))
    due = state.number - int(state.get(SUBTENSOR, "LastEpochBlock", netuid)) >= tempo
    return tempo > 0 and (due or 0 < pending <= state.number)


def _turns(state: State, netuid: int) -> Iterator[int]:
    tempo, last, pending = (
        int(state.get(SUBTENSOR, name, netuid)) for name in ("Tempo", "LastEpochBlock", "PendingEpochAt")
    )
    if tempo:
        yield next_epoch_block(last, tempo, pending)


def next_epoch_block(last: int, tempo: int, pending: int) -> int:
    """The block in which the next epoch turns."""
    return min(last + tempo, pending) if pending else last + tempo


def _turn(state: State, netuid: int) -> None:
    """Advance the stateful schedule; commits of this block already belong to the new epoch."""
    state.put(SUBTENSOR, "SubnetEpochIndex", netuid, value=int(state.get(SUBTENSOR, "SubnetEpochIndex", netuid)) + 1)
    for name in ("LastEpochBlock", "LastMechansimStepBlock"):
        state.put(SUBTENSOR, name, netuid, value=state.number)
    if int(state.get(SUBTENSOR, "PendingEpochAt", netuid)):
        state.put(SUBTENSOR, "PendingEpochAt", netuid, value=0)
