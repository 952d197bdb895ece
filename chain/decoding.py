"""The SDK's decoded shapes as our records. Strangers' bytes are data: one unreadable entry never costs the poll."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chain.embedded.scale import plain_bytes
from chain.types import (
    BeaconRound,
    Block,
    Coldkey,
    Commitment,
    Hotkey,
    Neuron,
    Opened,
    Sealed,
    Uid,
    Unreadable,
    Weights,
)

_RAO = 1_000_000_000


def neurons(graph: Mapping[str, Sequence[Any]]) -> tuple[Neuron, ...]:
    """Neurons from the metagraph runtime call's parallel columns; stake is `total_stake` in TAO."""
    columns = ("hotkeys", "coldkeys", "total_stake", "validator_permit", "block_at_registration", "last_update")
    rows = zip(*(graph[column] for column in columns), strict=True)
    return tuple(
        Neuron(
            Uid(uid), Hotkey(hot), Coldkey(cold), int(stake) / _RAO, bool(permit), Block(int(since)), Block(int(last))
        )
        for uid, (hot, cold, stake, permit, since, last) in enumerate(rows)
    )


def commitments(
    entries: Iterable[tuple[Any, Any]], revealed: Iterable[tuple[Any, Any]], last: Iterable[tuple[Any, Any]]
) -> tuple[Commitment | Unreadable, ...]:
    """One record per hotkey from the maps CommitmentOf, RevealedCommitments and LastCommitment, by hotkey."""
    standing = {str(hotkey): entry for hotkey, entry in entries}
    history = {str(hotkey): texts for hotkey, texts in revealed}
    newest = {str(hotkey): block for hotkey, block in last}
    hotkeys = sorted(standing.keys() | history.keys())
    return tuple(_commitment(Hotkey(h), standing.get(h), history.get(h) or (), newest.get(h)) for h in hotkeys)


def weights(rows: Iterable[tuple[Any, Iterable[tuple[Any, Any]]]]) -> dict[Uid, Weights]:
    """Each setter's weights, u16 values normalised to sum to 1; setters of nothing are left out."""
    decoded = {Uid(int(uid)): {Uid(int(to)): int(value) for to, value in row} for uid, row in rows}
    totals = {uid: sum(row.values()) for uid, row in decoded.items()}
    return {uid: {to: value / totals[uid] for to, value in row.items()} for uid, row in decoded.items() if totals[uid]}


def fixed_bytes(value: Any) -> bytes:
    """Bytes of a fixed length, which the SDK shows as 0x-hex, or as numbers where there are none."""
    return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else _numbers(value)


def raw_bytes(value: Any) -> bytes:
    """Bytes of any length, which the SDK shows as text where they are UTF-8, else as 0x-hex, or as numbers.

    A text that is the 0x-hex of bytes that are no text cannot be told from those bytes by any reader of the SDK.
    """
    return plain_bytes(value) if isinstance(value, str) else _numbers(value)


def _commitment(hotkey: Hotkey, entry: Any, texts: Sequence[Any], newest: Any) -> Commitment | Unreadable:
    try:
        opened = tuple(
            sorted((Opened(raw_bytes(data), Block(int(block))) for data, block in texts), key=lambda o: o.block)
        )
        if entry is None:
            return Commitment(hotkey, None if newest is None else Block(int(newest)), None, None, opened)
        fields = [item for field in entry["info"]["fields"] for item in _items(field)]
        sealed, clear = _sealed(fields), _clear(fields)
        return Commitment(
            hotkey,
            Block(int(entry["block"])),
            sealed[0] if sealed else None,
            clear[0] if clear else None,
            opened,
            _has_failed(fields),
            len(sealed) > 1 or len(clear) > 1,
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        known = Block(newest) if isinstance(newest, int) else None
        return Unreadable(hotkey, f"the chain's entry has an unknown shape: {error!r}"[:200], known)


def _items(field: Any) -> list[tuple[str, Any]]:
    """A field is one variant, which the SDK shows as a mapping or as a bare name; nested lists hold one more level."""
    if isinstance(field, Mapping):
        return [(str(name), value) for name, value in field.items()]
    if isinstance(field, str):
        return [(field, "")]
    return [item for inner in field for item in _items(inner)]


def _sealed(fields: Iterable[tuple[str, Any]]) -> list[Sealed]:
    closed = [value for name, value in fields if name == "TimelockEncrypted"]
    return [Sealed(raw_bytes(value["encrypted"]), BeaconRound(int(value["reveal_round"]))) for value in closed]


def _clear(fields: Iterable[tuple[str, Any]]) -> list[bytes]:
    clear = [(name, value) for name, value in fields if name.startswith(("Raw", "BigRaw"))]
    return [raw_bytes(value) if name == "BigRaw" else fixed_bytes(value) for name, value in clear]


def _numbers(value: Any) -> bytes:
    """Bytes given one by one. Raises TypeError for a single number, of which `bytes` would make as many zeros."""
    return bytes(iter(value))


def _has_failed(fields: Iterable[tuple[str, Any]]) -> bool:
    return any(name == "TimelockRevealFailed" for name, _ in fields)
