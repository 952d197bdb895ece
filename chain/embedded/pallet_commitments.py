"""The Commitments pallet: what a hotkey commits on a subnet, and the opening of timelocked fields by the beacon."""

from typing import Any

from chain.embedded.beacon import Beacon
from chain.embedded.errors import require
from chain.embedded.scale import compact, plain_bytes, read_bytes, read_compact, vec
from chain.embedded.state import SUBTENSOR, State
from chain.embedded.storage import ChainFile
from chain.embedded.tlock import CannotOpen, open_sealed

PALLET = "Commitments"
_LEAST_SPACE = 100
"""Bytes that even the smallest commitment counts for."""
_REVEALS_KEPT = 10
_NEXT_OPENING = "next_opening"
"""Entry of the file: no pending field opens before this beacon round. It spares idle blocks a look at all of them."""
_NEVER = 2**64 - 1
_SEALED, _FAILED, _ANY_LENGTH = "TimelockEncrypted", "TimelockRevealFailed", "BigRaw"


def set_commitment(state: State, signer: str, args: dict[str, Any], info: bytes) -> None:
    """The extrinsic: replace the signer's commitment. `info` is the argument as it was signed, stored unchanged."""
    netuid, fields = int(args["netuid"]), [parts(field) for field in args["info"]["fields"]]
    require(state.get(SUBTENSOR, "Uids", netuid, signer) is not None, PALLET, "AccountNotAllowedCommit")
    most = int(state.metadata.codec.constant(PALLET, "MaxFields"))
    require(len(fields) <= most, PALLET, "TooManyFieldsInCommitmentInfo")
    require(all(kind != _FAILED for kind, _ in fields), PALLET, "TimelockRevealFailedNotAllowed")
    _use_space(state, netuid, signer, max(_LEAST_SPACE, sum(space(kind, value) for kind, value in fields)))
    deposit, block = (0).to_bytes(8, "little"), state.number.to_bytes(4, "little")
    state.put_raw(PALLET, "CommitmentOf", netuid, signer, value=deposit + block + info)
    state.put(PALLET, "LastCommitment", netuid, signer, value=state.number)
    rounds = _pending_rounds(args["info"]["fields"])
    _index(state, netuid, signer, pending=bool(rounds))
    who = {"netuid": netuid, "who": signer}
    if rounds:
        _note_opening(state.file, min(next_opening(state.file), *rounds))
        state.deposit(PALLET, "TimelockCommitment", who | {"reveal_round": rounds[0]})
    else:
        state.deposit(PALLET, "Commitment", who)


def open_due(state: State, beacon: Beacon) -> None:
    """At the start of a block: open every timelocked field whose round is published by the block's time."""
    latest = beacon.clock.latest(state.time_ms)
    if latest < next_opening(state.file):
        return
    still_pending = {_NEVER}
    for netuid, hotkey in state.get(PALLET, "TimelockedIndex"):
        registration = state.get(PALLET, "CommitmentOf", netuid, hotkey)
        rounds = _pending_rounds(registration["info"]["fields"])
        if min(rounds) <= latest:
            _open(state, beacon, int(netuid), str(hotkey), registration)
        still_pending.update(round_ for round_ in rounds if round_ > latest)
    _note_opening(state.file, min(still_pending))


def next_opening(file: ChainFile) -> int:
    """A beacon round before which no pending field opens; 0 where nobody has looked."""
    return int.from_bytes(file.find_meta(_NEXT_OPENING) or b"", "big")


def forget_next_opening(file: ChainFile) -> None:
    """Make the next block look at every pending field, because blocks that opened some were dropped."""
    _note_opening(file, 0)


def purge(state: State, netuid: int, hotkey: str) -> None:
    """Forget everything a hotkey committed on a subnet."""
    for name in ("CommitmentOf", "LastCommitment", "RevealedCommitments", "UsedSpaceOf"):
        state.remove(PALLET, name, netuid, hotkey)
    _index(state, netuid, hotkey, pending=False)


def _open(state: State, beacon: Beacon, netuid: int, hotkey: str, registration: dict[str, Any]) -> None:
    """Open what is due of one commitment; what remains keeps the commit block, nothing remaining removes the entry."""
    remaining: list[object] = []
    opened: list[bytes] = []
    for kind, value in map(parts, registration["info"]["fields"]):
        if kind != _SEALED or int(value["reveal_round"]) > beacon.clock.latest(state.time_ms):
            remaining.append(_encodable(kind, value))
            continue
        try:
            opened.append(_plaintext(state, beacon, value))
        except CannotOpen as failure:
            remaining.append(_encodable(_FAILED, value))
            failed = {"netuid": netuid, "who": hotkey, "reveal_round": value["reveal_round"], "error": failure.reason}
            state.deposit(PALLET, "CommitmentRevealFailed", failed)
    if opened:
        _remember(state, netuid, hotkey, opened)
    if remaining:
        state.put(PALLET, "CommitmentOf", netuid, hotkey, value=registration | {"info": {"fields": remaining}})
    else:
        state.remove(PALLET, "CommitmentOf", netuid, hotkey)
    _index(state, netuid, hotkey, pending=any(_SEALED in field for field in remaining if isinstance(field, dict)))


def _note_opening(file: ChainFile, round_: int) -> None:
    file.set_meta(_NEXT_OPENING, round_.to_bytes(8, "big"))


def _plaintext(state: State, beacon: Beacon, sealed: dict[str, Any]) -> bytes:
    signature = beacon.signature(int(sealed["reveal_round"]), state.time_ms)
    if signature is None:
        raise CannotOpen("PulseExpired", f"the pulse of round {sealed['reveal_round']} is no longer kept")
    return open_sealed(plain_bytes(sealed["encrypted"]), signature)


def _remember(state: State, netuid: int, hotkey: str, opened: list[bytes]) -> None:
    """Append to the reveal history byte for byte: re-encoding decoded text could change it."""
    history = _history(state.raw(PALLET, "RevealedCommitments", netuid, hotkey))
    history += [vec(message) + state.number.to_bytes(8, "little") for message in opened]
    kept = history[-_REVEALS_KEPT:]
    state.put_raw(PALLET, "RevealedCommitments", netuid, hotkey, value=compact(len(kept)) + b"".join(kept))
    for _ in opened:
        state.deposit(PALLET, "CommitmentRevealed", {"netuid": netuid, "who": hotkey})


def _history(stored: bytes | None) -> list[bytes]:
    """The encoded (text, block) entries of a reveal history."""
    entries: list[bytes] = []
    count, offset = read_compact(stored) if stored else (0, 0)
    for _ in range(count):
        _, end = read_bytes(stored or b"", offset)
        entries.append((stored or b"")[offset : end + 8])
        offset = end + 8
    return entries


def _use_space(state: State, netuid: int, hotkey: str, needed: int) -> None:
    """Count a commitment's bytes against what a hotkey may commit in one epoch of the subnet."""
    epoch = int(state.get(SUBTENSOR, "SubnetEpochIndex", netuid))
    usage = state.get(PALLET, "UsedSpaceOf", netuid, hotkey)
    used = int(usage["used_space"]) if usage and int(usage["last_epoch"]) == epoch else 0
    require(used + needed <= int(state.get(PALLET, "MaxSpace")), PALLET, "SpaceLimitExceeded")
    state.put(PALLET, "UsedSpaceOf", netuid, hotkey, value={"last_epoch": epoch, "used_space": used + needed})


def _index(state: State, netuid: int, hotkey: str, *, pending: bool) -> None:
    """Keep the set of commitments with a closed field, which is all that a block has to look at."""
    before = [(int(n), str(who)) for n, who in state.get(PALLET, "TimelockedIndex")]
    others = [entry for entry in before if entry != (netuid, hotkey)]
    after = sorted([*others, (netuid, hotkey)]) if pending else others
    if after != before:
        state.put(PALLET, "TimelockedIndex", value=[after])


def _pending_rounds(fields: list[Any]) -> list[int]:
    return [int(value["reveal_round"]) for kind, value in map(parts, fields) if kind == _SEALED]


def parts(field: Any) -> tuple[str, Any]:
    """Variant and payload of a decoded field; variants without one come as text."""
    if isinstance(field, str):
        return field, None
    ((kind, value),) = field.items()
    return str(kind), value


def _encodable(kind: str, value: Any) -> object:
    """A field to encode, with byte strings of any length as bytes; those of a fixed length round-trip as 0x-hex."""
    if kind in (_SEALED, _FAILED):
        return {kind: {"encrypted": plain_bytes(value["encrypted"]), "reveal_round": int(value["reveal_round"])}}
    if value is None:
        return kind
    return {kind: plain_bytes(value) if kind == _ANY_LENGTH else value}


def space(kind: str, value: Any) -> int:
    """Bytes a field counts for."""
    if kind in (_SEALED, _FAILED):
        return len(plain_bytes(value["encrypted"]))
    if kind == _ANY_LENGTH:
        return len(plain_bytes(value))
    # Fields of a fixed length come as 0x-hex, except that the empty one comes as a list.
    return len(value) // 2 - 1 if value else 0
