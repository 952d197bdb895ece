# ruff: noqa: ARG002 - the protocol names arguments of which a chain without fees and multisigs has no use
"""`bt.Substrate` over a chain file: what the SDK reads and submits goes to SQLite as it would go to a node.

`bt.SyncClient(network="local", substrate=EmbeddedSubstrate(path))`. Methods that need what this chain does not have
(a transaction market, multisigs, MEV shielding) raise the SDK's ChainError; none answers with something made up.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NoReturn

from bittensor._transport.codec import multisig_account, ss58_decode
from bittensor._transport.contract import CallBytes, MultisigAccount, SignedExtrinsic, UnsignedExtrinsic
from bittensor._transport.errors import StorageFunctionNotFound
from bittensor._transport.extrinsics import attach_signature, create_signed_extrinsic, prepare_extrinsic
from bittensor.balance import Balance
from bittensor.result import ChainError, ExtrinsicResult
from bittensor.settings import DEFAULT_ERA_PERIOD

from chain.embedded import runtime_api
from chain.embedded.derived import DERIVED, View
from chain.embedded.metadata import OVERLAY, SPEC_VERSION
from chain.embedded.node import Node
from chain.embedded.pool import Pool
from chain.embedded.storage import Header


class EmbeddedSubstrate:
    """One client's view of a chain file. Threads may share it; every process opens its own."""

    def __init__(self, path: Path | str) -> None:
        self.node = Node.open(Path(path))
        self.token_symbols: dict[int, str] = {}
        self._pool = Pool(self.node)

    def balance(self, rao: int, netuid: int = 0) -> Balance:
        """An amount with the subnet's token symbol."""
        return Balance(int(rao), netuid, self.token_symbols.get(netuid) if netuid else None)

    async def connect(self) -> None:
        """The file is open since construction."""

    async def close(self) -> None:
        """Close the file; the substrate is then of no more use."""
        self.node.close()

    # Blocks --------------------------------------------------------------------------------------------------------

    async def block_hash(self, block: int | None = None) -> str:
        """Hash of a block, by default the head."""
        return _hex(self._by_number(block).hash)

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
        """Headers as they come, beginning with the present one; none is left out."""
        seen = None
        while True:
            newest = (self.node.finalized() if finalized else self.node.head()).number
            for number in range(newest if seen is None else seen + 1, newest + 1):
                yield {"header": self._header(self._by_number(number))}
                seen = number
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
        return self.node.metadata.decode(type_string, _bytes(data))

    # Extrinsics ----------------------------------------------------------------------------------------------------

    async def compose(self, call: tuple[str, str, dict[str, Any]]) -> CallBytes:
        """A generated call as bytes."""
        module, function, params = call
        return self.node.metadata.codec.compose_call(module, function, params)

    async def estimate_fee(self, call: Any, keypair: Any) -> Balance:
        """Nothing: no call costs a fee here."""
        return Balance.from_rao(0)

    async def estimate_weight(self, call: Any, keypair: Any) -> dict[str, int]:
        """Not measured on this chain."""
        _lacks("dispatch weights")

    async def account_next_index(self, address: str) -> int:
        """The next nonce of an account, counting what waits in the pool."""
        return self._pool.next_nonce(address)

    async def mev_next_key(self) -> bytes | None:
        """The shield's key, which this chain never sets."""
        value = await self.query("MevShield", "NextKey")
        return None if value is None else _bytes(value)

    async def sign_extrinsic(self, call: Any, keypair: Any, *, nonce: int, period: int) -> tuple[bytes, str]:
        """A signed extrinsic's bytes and hash, not submitted."""
        signed = await self._sign(call, keypair, nonce, period)
        return signed.data, signed.extrinsic_hash

    async def find_extrinsic(self, extrinsic_hash: str, block_hash: str) -> ExtrinsicResult | None:
        """The outcome of an extrinsic if that block carries it."""
        found = self.node.file.find_extrinsic(_bytes(extrinsic_hash))
        header = self._find(block_hash)
        return self._pool.outcome(*found) if found and header and found[0] == header.number else None

    async def prepare(
        self,
        call: Any,
        *,
        address: str,
        crypto_type: int = 1,
        nonce: int | None = None,
        period: int | None = DEFAULT_ERA_PERIOD,
        tip: int = 0,
        metadata_hash: bytes | None = None,
    ) -> UnsignedExtrinsic:
        """An unsigned extrinsic for a signer elsewhere."""
        era, era_block_hash = self._era(period)
        return prepare_extrinsic(
            self.node.metadata.codec,
            call,
            address=address,
            public_key=bytes.fromhex(ss58_decode(address)),
            crypto_type=crypto_type,
            era=era,
            nonce=self._pool.next_nonce(address) if nonce is None else nonce,
            tip=tip,
            genesis_hash=_hex(self.node.genesis_hash),
            era_block_hash=era_block_hash,
            metadata_hash=metadata_hash,
        )

    async def submit_signature(
        self,
        unsigned: UnsignedExtrinsic,
        signature: bytes | str,
        *,
        wait_for_inclusion: bool = True,
        wait_for_finalization: bool = True,
    ) -> ExtrinsicResult:
        """Submit a prepared extrinsic with its signature."""
        signed = attach_signature(self.node.metadata.codec, unsigned, signature)
        return await self._pool.submit(signed, included=wait_for_inclusion, finalized=wait_for_finalization)

    async def submit(
        self,
        call: Any,
        keypair: Any,
        *,
        nonce: int | None = None,
        period: int | None = DEFAULT_ERA_PERIOD,
        wait_for_inclusion: bool = True,
        wait_for_finalization: bool = True,
    ) -> ExtrinsicResult:
        """Sign and submit a call."""
        chosen = self._pool.next_nonce(keypair.ss58_address) if nonce is None else nonce
        signed = await self._sign(call, keypair, chosen, period)
        return await self._pool.submit(signed, included=wait_for_inclusion, finalized=wait_for_finalization)

    async def submit_signed(
        self,
        extrinsic: SignedExtrinsic,
        keypair: Any,
        *,
        wait_for_inclusion: bool = True,
        wait_for_finalization: bool = True,
    ) -> ExtrinsicResult:
        """Submit an extrinsic signed elsewhere."""
        return await self._pool.submit(extrinsic, included=wait_for_inclusion, finalized=wait_for_finalization)

    def multisig_account(self, signatories: list[str], threshold: int) -> MultisigAccount:
        """The address of a signer set, which follows from the set alone."""
        return multisig_account(signatories, threshold)

    async def submit_multisig(
        self,
        call: Any,
        keypair: Any,
        multisig_account: MultisigAccount,
        *,
        wait_for_inclusion: bool = True,
        wait_for_finalization: bool = True,
    ) -> ExtrinsicResult:
        """Not possible on this chain."""
        _lacks("multisigs")

    # Helpers -------------------------------------------------------------------------------------------------------

    async def _sign(self, call: Any, keypair: Any, nonce: int, period: int | None) -> SignedExtrinsic:
        era, era_block_hash = self._era(period)
        return await create_signed_extrinsic(
            self.node.metadata.codec,
            call,
            keypair,
            era=era,
            nonce=nonce,
            genesis_hash=_hex(self.node.genesis_hash),
            era_block_hash=era_block_hash,
        )

    def _era(self, period: int | None) -> tuple[dict[str, int] | str, str]:
        """A mortal era that begins at or before the newest final block, and the hash of its first block."""
        if period is None:
            return "00", _hex(self.node.genesis_hash)
        era = {"period": period, "current": self.node.finalized().number}
        birth = self.node.metadata.codec.era_birth(era, era["current"])
        return era, _hex(self._by_number(birth).hash)

    def _read(self, view: View, module: str, name: str, params: list[Any]) -> Any:
        if (module, name) in OVERLAY:
            return OVERLAY[module, name]
        wanted = self._item(module, name).keys
        if len(params) != wanted:
            raise ChainError(f"{module}.{name} takes {wanted} key parts, {len(params)} given")
        return view.get(module, name, *params)

    def _item(self, module: str, name: str) -> Any:
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
        return self.node.head() if block_hash is None else self.node.file.block_by_hash(_bytes(block_hash))

    def _by_number(self, block: int | None) -> Header:
        header = self.node.head() if block is None else self.node.file.block(block)
        if header is None:
            raise ChainError(f"no block at height {block}; the head is {self.node.head().number}")
        return header

    def _header(self, header: Header) -> dict[str, Any]:
        parent = self.node.file.block(header.number - 1)
        parent_hash = parent.hash if parent else bytes(32)
        return {"number": header.number, "hash": _hex(header.hash), "parentHash": _hex(parent_hash)}


def _lacks(what: str) -> NoReturn:
    raise ChainError(f"the embedded chain has no {what}; use a local node for that")


def _bytes(value: bytes | str) -> bytes:
    return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
