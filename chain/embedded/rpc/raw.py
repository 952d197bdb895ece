"""Storage by its raw keys, as clients ask a node for it: stored values and those computed when read alike."""

from bisect import bisect_right

from chain.embedded.derived import DERIVED, View
from chain.embedded.metadata import Item, Metadata
from chain.embedded.rpc.errors import InvalidParams

_ITEM_BYTES = 32
"""A raw key begins with the hashes of pallet and item, 16 bytes each."""


class RawStorage:
    """Reads one block's storage under keys that a client hashed."""

    def __init__(self, metadata: Metadata) -> None:
        self._metadata = metadata
        items = [metadata.item(pallet, name) for pallet, name in DERIVED]
        self._derived = {metadata.key(item, ())[:_ITEM_BYTES]: item for item in items}

    def get(self, view: View, key: bytes) -> bytes | None:
        """The SCALE bytes under a key; None where there are none, or where no item has such a key."""
        item = self._derived.get(key[:_ITEM_BYTES])
        if item is None:
            return view.state.file.get(key, view.state.number)
        parts = self._parts(item, key)
        return None if parts is None else view.raw(item.pallet, item.name, parts)

    def keys(self, view: View, prefix: bytes, count: int, after: bytes | None) -> list[bytes]:
        """At most so many keys under a prefix, in their order, beginning behind the given one.

        Raises InvalidParams for a prefix above any item, and for items that are computed: those have values, no list.
        """
        if len(prefix) < _ITEM_BYTES:
            raise InvalidParams(f"a prefix of {len(prefix)} bytes names no item, which takes {_ITEM_BYTES}")
        item = self._derived.get(prefix[:_ITEM_BYTES])
        if item is not None:
            raise InvalidParams(f"{item.pallet}.{item.name} is computed when read; query its keys one by one")
        found = [key for key, _ in view.state.file.range(prefix, view.state.number)] if prefix.strip(b"\xff") else []
        start = 0 if after is None else bisect_right(found, after)
        return found[start : start + count]

    def _parts(self, item: Item, key: bytes) -> list[object] | None:
        """The key's parts; None where the key is none of this item."""
        try:
            parts = list(self._metadata.codec.decode_storage_key_params(item.entry, key, fixed=0)) if item.keys else []
            return parts if self._metadata.key(item, parts) == key else None
        except (ValueError, IndexError, TypeError):
            return None
