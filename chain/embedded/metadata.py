"""The runtime's types: storage keys and SCALE values of subtensor spec 461, from the metadata shipped beside this file.

The one place that touches the SDK's private codec. Knows types, not what is stored.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from bittensor._transport.codec import RuntimeCodec, StorageEntry

SPEC_VERSION = 461
TRANSACTION_VERSION = 1
_METADATA = Path(__file__).with_name("subtensor-metadata-461.scale.z")

OVERLAY: dict[tuple[str, str], object] = {("SubtensorModule", "SubnetEpochConsensus"): "Yuma"}
"""Items the SDK names but spec 461 lacks, with what a node that has them would answer. Without it SetWeights raises."""


@dataclass(frozen=True, slots=True)
class Item:
    """One storage item; `default` is None where an unset key reads as None."""

    pallet: str
    name: str
    value_type: str
    keys: int
    default: bytes | None
    entry: StorageEntry


class Metadata:
    """Keys, values, calls, events and errors of the runtime; values are the SDK's: ints, text, lists, dicts."""

    def __init__(self, codec: RuntimeCodec) -> None:
        self.codec = codec
        self._items: dict[tuple[str, str], Item] = {}

    def item(self, pallet: str, name: str) -> Item:
        """A storage item. Raises the SDK's StorageFunctionNotFound for names the runtime does not have."""
        found = self._items.get((pallet, name))
        if found is None:
            entry = self.codec.storage_entry(pallet, name)
            default = bytes(entry.default_bytes) if entry.modifier == "Default" else None
            found = Item(pallet, name, str(entry.value_type), len(entry.param_types), default, entry)
            self._items[pallet, name] = found
        return found

    def key(self, item: Item, params: Sequence[object]) -> bytes:
        """The full storage key, or a prefix where fewer parameters are given than the map has."""
        return bytes(self.codec.storage_key(item.entry, list(params)))

    def pairs(self, item: Item, keys: list[bytes], values: list[bytes], fixed: int) -> list[tuple[Any, Any]]:
        """Decoded (key, value) pairs of a map; the first `fixed` key parts are left out, single parts unwrapped."""
        decoded = self.codec.decode_map_pairs(item.entry, keys, values, fixed=fixed)
        return [(_only(key), value) for key, value in decoded]

    def encode(self, type_name: str, value: object) -> bytes:
        """SCALE bytes of a value."""
        return bytes(self.codec.encode(type_name, value))

    def decode(self, type_name: str, data: bytes) -> Any:
        """The plain value of SCALE bytes."""
        return self.codec.decode(type_name, data)

    def value(self, item: Item, data: bytes | None) -> Any:
        """What reading an item gives for its stored bytes, or for none: the runtime's default, or None."""
        stored = item.default if data is None else data
        return None if stored is None else self.decode(item.value_type, stored)

    def runtime_api_output(self, api: str, method: str) -> str:
        """Output type of a runtime API method. Raises KeyError."""
        return str(self.codec.runtime_api_map[api][method]["output"])

    def error_code(self, pallet: str, name: str) -> tuple[int, int]:
        """Index of the pallet and of its error, as a dispatch error carries them."""
        return self._errors[pallet, name]

    def error_name(self, pallet: int, error: int) -> str:
        """`Pallet.Error` of the two indices that a dispatch error carries."""
        return next(".".join(name) for name, code in self._errors.items() if code == (pallet, error))

    @cached_property
    def _errors(self) -> dict[tuple[str, str], tuple[int, int]]:
        pallets = self.codec.metadata_ir().pallets
        return {(p.name, error.name): (int(p.index), int(error.index)) for p in pallets for error in p.errors}


@lru_cache(maxsize=1)
def metadata() -> Metadata:
    """The runtime's metadata, parsed once per process (about 20 ms)."""
    blob = zlib.decompress(_METADATA.read_bytes())
    codec = RuntimeCodec(
        blob, spec_version=SPEC_VERSION, transaction_version=TRANSACTION_VERSION, spec_name="node-subtensor"
    )
    return Metadata(codec)


def _only(key: Any) -> Any:
    return key[0] if isinstance(key, tuple | list) and len(key) == 1 else key
