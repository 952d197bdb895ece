"""Commitments on the simulated chain: taken in, opened at their round, purged, and as the port shows them."""

from collections.abc import Sequence
from dataclasses import replace

from chain.simulated.beacon import SimulatedBeacon
from chain.simulated.state import Entry, Failed, Field, SubnetState, put, require, without
from chain.types import Block, BlockCount, Commitment, CommitmentRoom, Hotkey, Opened, Sealed, space_of

MOST_FIELDS = 3
MOST_CLEAR_BYTES = 128
MOST_SEALED_BYTES = 1_024
MAX_SPACE = 3_100
"""Bytes a hotkey may commit in one epoch."""
OPENINGS_KEPT = 10


def commit(subnet: SubnetState, hotkey: Hotkey, fields: Sequence[Field], block: Block) -> SubnetState:
    """Replace what stood. Raises Refusal."""
    require(subnet.neuron(hotkey) is not None, "AccountNotAllowedCommit", f"{hotkey} holds no uid here")
    for field in fields:
        longest = MOST_SEALED_BYTES if isinstance(field, Sealed) else MOST_CLEAR_BYTES
        require(_size(field) <= longest, "BadFormat", f"a field of {_size(field)} bytes; at most {longest} fit")
    require(len(fields) <= MOST_FIELDS, "TooManyFieldsInCommitmentInfo", f"{len(fields)} fields, {MOST_FIELDS} allowed")
    needed = space_of(sum(_size(field) for field in fields))
    used = MAX_SPACE - room(subnet, hotkey).free
    require(used + needed <= MAX_SPACE, "SpaceLimitExceeded", f"{used} of {MAX_SPACE} bytes used, {needed} needed")
    return replace(
        subnet,
        entries=put(subnet.entries, hotkey, Entry(block, tuple(fields))),
        last=put(subnet.last, hotkey, block),
        used=put(subnet.used, hotkey, (subnet.epoch, used + needed)),
    )


def room(subnet: SubnetState, hotkey: Hotkey) -> CommitmentRoom:
    """What a hotkey may still commit in this epoch."""
    epoch, used = subnet.used.get(hotkey, (subnet.epoch, 0))
    return CommitmentRoom(MAX_SPACE - used * (epoch == subnet.epoch), MAX_SPACE, BlockCount(subnet.rules.tempo))


def open_due(subnet: SubnetState, beacon: SimulatedBeacon, block: Block, now_ms: int) -> SubnetState:
    """At the start of a block: open every field whose round is out; an entry of which nothing is left goes."""
    latest = beacon.clock.latest(now_ms)
    due = [hotkey for hotkey, entry in subnet.entries.items() if any(_is_due(field, latest) for field in entry.fields)]
    for hotkey in due:
        subnet = _open(subnet, beacon, hotkey, block, latest)
    return subnet


def purge(subnet: SubnetState, hotkey: Hotkey) -> SubnetState:
    """Forget everything a hotkey committed."""
    return replace(
        subnet,
        entries=without(subnet.entries, hotkey),
        opened=without(subnet.opened, hotkey),
        last=without(subnet.last, hotkey),
        used=without(subnet.used, hotkey),
    )


def shown(subnet: SubnetState) -> tuple[Commitment, ...]:
    """Every hotkey's commitment, by hotkey."""
    return tuple(_shown(subnet, hotkey) for hotkey in sorted(subnet.entries.keys() | subnet.opened.keys()))


def _shown(subnet: SubnetState, hotkey: Hotkey) -> Commitment:
    entry, opened = subnet.entries.get(hotkey), subnet.opened.get(hotkey, ())
    if entry is None:
        return Commitment(hotkey, subnet.last.get(hotkey), None, None, opened)
    sealed = [field for field in entry.fields if isinstance(field, Sealed)]
    clear = [field for field in entry.fields if isinstance(field, bytes)]
    failed = any(isinstance(field, Failed) for field in entry.fields)
    surplus = len(sealed) > 1 or len(clear) > 1
    first = sealed[0] if sealed else None, clear[0] if clear else None
    return Commitment(hotkey, entry.block, *first, opened, failed, surplus)


def _open(subnet: SubnetState, beacon: SimulatedBeacon, hotkey: Hotkey, block: Block, latest: int) -> SubnetState:
    entry = subnet.entries[hotkey]
    fields: list[Field] = []
    texts: list[Opened] = []
    for field in entry.fields:
        if not isinstance(field, Sealed) or not _is_due(field, latest):
            fields.append(field)
        elif (text := beacon.opened(field)) is None:
            fields.append(Failed())
        else:
            texts.append(Opened(text, block))
    if texts:
        history = (*subnet.opened.get(hotkey, ()), *texts)[-OPENINGS_KEPT:]
        subnet = replace(subnet, opened=put(subnet.opened, hotkey, history))
    if not fields:
        return replace(subnet, entries=without(subnet.entries, hotkey))
    return replace(subnet, entries=put(subnet.entries, hotkey, replace(entry, fields=tuple(fields))))


def _is_due(field: Field, latest: int) -> bool:
    return isinstance(field, Sealed) and field.reveal_round <= latest


def _size(field: Field) -> int:
    match field:
        case Sealed(ciphertext, _):
            return len(ciphertext)
        case bytes():
            return len(field)
        case _:
            return 0
