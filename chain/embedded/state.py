"""The chain's storage as of one block, typed by the runtime's metadata; what is written is stamped with that block."""

from collections.abc import Sequence
from typing import Any

from chain.embedded.metadata import Metadata
from chain.embedded.storage import ChainFile

SUBTENSOR = "SubtensorModule"


class State:
    """Storage items of one block, addressed as pallet, item and key parts; values are the SDK's plain ones.

    `number` and `time_ms` are the block's. Writing needs the file's write lock. Unset items read as the runtime's
    default, or as None where they are optional.
    """

    def __init__(self, file: ChainFile, metadata: Metadata, number: int, time_ms: int) -> None:
        self.file = file
        self.metadata = metadata
        self.number = number
        self.time_ms = time_ms
        self.extrinsic: int | None = None
        """Position of the running extrinsic; None outside of any."""
        self._events: list[dict[str, object]] = []

    def get(self, pallet: str, name: str, *key: object) -> Any:
        """The item's value."""
        return self.metadata.value(self.metadata.item(pallet, name), self.raw(pallet, name, *key))

    def raw(self, pallet: str, name: str, *key: object) -> bytes | None:
        """The item's SCALE bytes; None where unset."""
        return self.file.get(self.metadata.key(self.metadata.item(pallet, name), key), self.number)

    def get_many(self, pallet: str, name: str, keys: Sequence[Sequence[object]]) -> list[Any]:
        """The values of one map for many keys, in their order."""
        item = self.metadata.item(pallet, name)
        return [self.metadata.value(item, self.file.get(self.metadata.key(item, key), self.number)) for key in keys]

    def items(self, pallet: str, name: str, *prefix: object) -> list[tuple[Any, Any]]:
        """Every (key, value) of a map under the given leading key parts; those parts are left out of the keys."""
        item = self.metadata.item(pallet, name)
        rows = self.file.range(self.metadata.key(item, prefix), self.number)
        return self.metadata.pairs(item, [key for key, _ in rows], [value for _, value in rows], len(prefix))

    def put(self, pallet: str, name: str, *key: object, value: object) -> None:
        """Set the item."""
        self.put_raw(pallet, name, *key, value=self.metadata.encode(self.metadata.item(pallet, name).value_type, value))

    def put_raw(self, pallet: str, name: str, *key: object, value: bytes) -> None:
        """Set the item to SCALE bytes."""
        self.file.put(self.metadata.key(self.metadata.item(pallet, name), key), self.number, value)

    def remove(self, pallet: str, name: str, *key: object) -> None:
        """Unset the item."""
        self.file.put(self.metadata.key(self.metadata.item(pallet, name), key), self.number, None)

    def deposit(self, pallet: str, event: str, attributes: object) -> None:
        """Record an event of the running extrinsic, or of the block's initialisation."""
        phase: object = "Initialization" if self.extrinsic is None else {"ApplyExtrinsic": self.extrinsic}
        self._events.append({"phase": phase, "event": {pallet: {event: attributes}}, "topics": []})

    def mark_events(self) -> int:
        """A place in the block's events to return to."""
        return len(self._events)

    def drop_events(self, mark: int) -> None:
        """Forget the events after a mark: a failed call leaves none."""
        del self._events[mark:]

    def encoded_events(self) -> bytes | None:
        """The block's events as the runtime stores them; None without any."""
        item = self.metadata.item("System", "Events")
        return self.metadata.encode(item.value_type, self._events) if self._events else None
