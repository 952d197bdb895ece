"""The runtime's metadata as one chain serves it: spec 461's, with what differs on this chain written into its bytes.

Clients read constants and find storage items in the metadata alone, so the chain's block time, and the items that the
SDK names but the spec lacks, have to stand there. Nothing else is changed.
"""

from functools import lru_cache

from chain.embedded.metadata import OVERLAY, metadata
from chain.embedded.scale import compact, read_compact, vec

_SOME = b"\x01"
_DEFAULT = b"\x01"
_MAP = b"\x01"
_ONE_HASHER_IDENTITY = b"\x04\x06"
_NO_DOCS = b"\x00"


@lru_cache(maxsize=8)
def served_metadata(block_time_ms: int) -> bytes:
    """The V15 metadata of a chain with so long a block."""
    blob = _with_slot_duration(bytes(metadata().codec.metadata_bytes), block_time_ms)
    for (pallet, name), value in OVERLAY.items():
        blob = _with_item(blob, pallet, name, str(value))
    return blob


def _with_slot_duration(blob: bytes, milliseconds: int) -> bytes:
    """The constant Aura.SlotDuration, a u64 of milliseconds, with another value."""
    head = vec(b"SlotDuration") + compact(_type_id("u64"))
    present = vec(int(metadata().codec.constant("Aura", "SlotDuration")).to_bytes(8, "little"))
    return _replaced(blob, head + present, head + vec(milliseconds.to_bytes(8, "little")))


def _with_item(blob: bytes, pallet: str, name: str, value: str) -> bytes:
    """Another map by netuid at the front of a pallet's storage; its default, which is its every value, is the text."""
    start = vec(pallet.encode()) + _SOME + vec(pallet.encode())
    count, items = read_compact(blob, _only(blob, start) + len(start))
    netuid = metadata().item("SubtensorModule", "Tempo").entry.param_types[0].removeprefix("scale_info::")
    kind = _MAP + _ONE_HASHER_IDENTITY + compact(int(netuid)) + compact(_type_id("Vec<u8>"))
    item = vec(name.encode()) + _DEFAULT + kind + vec(vec(value.encode())) + _NO_DOCS
    return blob[: _only(blob, start)] + start + compact(count + 1) + item + blob[items:]


def _replaced(blob: bytes, old: bytes, new: bytes) -> bytes:
    at = _only(blob, old)
    return blob[:at] + new + blob[at + len(old) :]


def _only(blob: bytes, part: bytes) -> int:
    """Where a part stands; the shipped metadata is fixed, so one that is not there exactly once is a mistake here."""
    if blob.count(part) != 1:
        raise AssertionError(f"{part!r} stands {blob.count(part)} times in the metadata of this spec")
    return blob.index(part)


def _type_id(name: str) -> int:
    return int(metadata().codec.type_id_of(name))
