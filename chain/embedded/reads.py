"""What the SDK reads of a chain file: blocks, storage, events, constants and runtime APIs. Writes nothing."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from bittensor._transport.errors import StorageFunctionNotFound
from bittensor.result import ChainError

from chain.embedded import runtime_api
from chain.embedded.derived import DERIVED, View
from chain.embedded.metadata import OVERLAY, SPEC_VERSION, Item
from chain.embedded.node import Node
from chain.embedded.scale import from_hex, to_hex
from chain.embedded.storage import Header


class Reads:
    """The reading half of `bt.Substrate`; reads without a block hash are of the head."""

    def __init__(self, node: Node) -> None:
        self.node = node

    # Blocks --------------------------------------------------------------------------------------------------------

    async def block_hash(self, block: int | None = None) -> str:
        """Hash of a block, by default the head."""
        return to_hex(self._by_number(block).hash)

    async def block_number(self) -> int:
        """Number of the head."""
        return self.node.head().number

    async def finalized_block_number(self) -> int:
        """Number of the newest final block."""
        return self.node.finalized().number

    async def block_time(self) -> float:
        """Seconds between two blocks."""
        return self.node.parameters.block_time_ms / 1000

    async def spec_version(self) -> int:
        """The runtime's version."""
        return SPEC_VERSION

    async def get_block(self, block_number: int | None = None, block_hash: str | None = None) -> dict[str, Any] | None:
        """A block's header and decoded extrinsics; None where there is no such block."""
        header = self.node.file.block(block_number) if block_number is not None else self._find(block_hash)
        if header is None:
            return None
        data = self.node.file.extrinsics(header.number)
        return {
            "header": self._header(header),
            "extrinsics": [self.node.metadata.codec.decode_extrinsic(extrinsic) for extrinsic in data],
        }

    async def blocks(self, *, finalized: bool = False) -> AsyncIterator[dict[str, Any]]:
        """Headers as they come, beginning with the present one; none is left out, and replaced ones come again."""
        newest, lag = self._newest(finalized), self.node.parameters.finality_lag
        # As many as can be replaced and the one below, so that those which replace them are told from the first on.
        below = (self.node.file.block(number) for number in range(max(0, newest.number - lag), newest.number))
        seen = deque([*filter(None, below), newest], maxlen=lag + 1)
        yield {"header": self._header(newest)}
        while True:
            while seen and self.node.file.block(seen[-1].number) != seen[-1]:
                seen.pop()
            newest = self._newest(finalized)
            for number in range(seen[-1].number + 1 if seen else newest.number, newest.number + 1):
                seen.append(self._by_number(number))
                yield {"header": self._header(seen[-1])}
            await asyncio.sleep(self.node.parameters.poll_s)

    async def events(self, block_hash: str | None = None) -> list[dict[str, Any]]:
        """A block's decoded events."""
        return list(self._view(block_hash).get("System", "Events"))

    # Storage -------------------------------------------------------------------------------------------------------

    async def query(
        self, module: str, storage_function: str, params: list[Any] | None = None, block_hash: str | None = None
    ) -> Any:
        """One storage item after a block, by default the head."""
        return self._read(self._view(block_hash), module, storage_function, params or [])

    async def query_batch(
        self, module: str, storage_function: str, param_sets: list[list[Any]], block_hash: str | None = None
    ) -> list[Any]:
        """One map for many keys, in their order."""
        view = self._view(block_hash)
        return [self._read(view, module, storage_function, params) for params in param_sets]

    async def query_map(
        self, module: str, storage_function: str, params: list[Any] | None = None, block_hash: str | None = None
    ) -> list[tuple[Any, Any]]:
        """Every pair of a map under the given leading keys."""
        if (module, storage_function) in DERIVED or (module, storage_function) in OVERLAY:
            raise ChainError(f"{module}.{storage_function} is computed when read; query its keys one by one")
        self._item(module, storage_function)
        return self._view(block_hash).state.items(module, storage_function, *(params or []))

    async def map_has_entries(
        self, module: str, storage_function: str, params: list[Any], block_hash: str | None = None
    ) -> bool:
        """Whether a map has any entry under the given leading keys."""
        return bool(await self.query_map(module, storage_function, params, block_hash))

    async def runtime_call(self, api: str, method: str, params: list[Any], block_hash: str | None = None) -> Any:
        """A subnet's metagraph or next epoch; the other runtime APIs are not part of this chain."""
        if (api, method) not in runtime_api.METHODS:
            known = ", ".join(name for _, name in runtime_api.METHODS)
            raise ChainError(
                f"the embedded chain has no runtime API {api}.{method}, only {known}; read storage instead"
            )
        return runtime_api.call(self._view(block_hash), api, method, int(params[0]))

    async def constant(self, module: str, name: str) -> Any:
        """A pallet constant; the slot duration is this chain's own block time."""
        if (module, name) == ("Aura", "SlotDuration"):
            return self.node.parameters.block_time_ms
        return self.node.metadata.codec.constant(module, name)

    async def decode_scale(self, type_string: str, data: bytes | str) -> Any:
        """SCALE bytes or 0x-hex as a plain value."""
        return self.node.metadata.decode(type_string, from_hex(data))

    # Helpers -------------------------------------------------------------------------------------------------------

    def _newest(self, finalized: bool) -> Header:
        return self.node.finalized() if finalized else self.node.head()

    def _read(self, view: View, module: str, name: str, params: list[Any]) -> Any:
        if (module, name) in OVERLAY:
            return OVERLAY[module, name]
        wanted = self._item(module, name).keys
        if len(params) != wanted:
            raise ChainError(f"{module}.{name} takes {wanted} key parts, {len(params)} given")
        return view.get(module, name, *params)

    def _item(self, module: str, name: str) -> Item:
        try:
            return self.node.metadata.item(module, name)
        except StorageFunctionNotFound as error:
            raise ChainError(f"spec {SPEC_VERSION} has no storage item {module}.{name}") from error

    def _view(self, block_hash: str | None) -> View:
        header = self._find(block_hash)
        if header is None:
            raise ChainError(f"no block with hash {block_hash} on this chain")
        return self.node.view(header)

    def _find(self, block_hash: str | None) -> Header | None:
        return self.node.head() if block_hash is None else self.node.file.block_by_hash(from_hex(block_hash))

    def _by_number(self, block: int | None) -> Header:
        header = self.node.head() if block is None else self.node.file.block(block)
        if header is None:
            raise ChainError(f"no block at height {block}; the head is {self.node.head().number}")
        return header

    def _header(self, header: Header) -> dict[str, Any]:
        parent = self.node.file.block(header.number - 1)
        parent_hash = parent.hash if parent else bytes(32)
        return {"number": header.number, "hash": to_hex(header.hash), "parentHash": to_hex(parent_hash)}
