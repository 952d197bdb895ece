# ruff: noqa: ARG002 - the protocol names arguments of which a chain without fees and multisigs has no use
"""`bt.Substrate` over a chain file: what the SDK reads and submits goes to SQLite as it would go to a node.

`bt.SyncClient(network="local", substrate=EmbeddedSubstrate(path))`. Methods that need what this chain does not have
(a transaction market, multisigs, MEV shielding) raise the SDK's ChainError; none answers with something made up.
"""

from pathlib import Path
from typing import Any, NoReturn

from bittensor._transport.codec import multisig_account, ss58_decode
from bittensor._transport.contract import CallBytes, MultisigAccount, SignedExtrinsic, UnsignedExtrinsic
from bittensor._transport.extrinsics import attach_signature, create_signed_extrinsic, prepare_extrinsic
from bittensor.balance import Balance
from bittensor.result import ChainError, ExtrinsicResult
from bittensor.settings import DEFAULT_ERA_PERIOD

from chain.embedded.node import Node
from chain.embedded.pool import Pool
from chain.embedded.reads import Reads
from chain.embedded.scale import from_hex, to_hex


class EmbeddedSubstrate(Reads):
    """One client's view of a chain file. Threads may share it; every process opens its own."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(Node.open(Path(path)))
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
        return None if value is None else from_hex(value)

    async def sign_extrinsic(self, call: Any, keypair: Any, *, nonce: int, period: int) -> tuple[bytes, str]:
        """A signed extrinsic's bytes and hash, not submitted."""
        signed = await self._sign(call, keypair, nonce, period)
        return signed.data, signed.extrinsic_hash

    async def find_extrinsic(self, extrinsic_hash: str, block_hash: str) -> ExtrinsicResult | None:
        """The outcome of an extrinsic if that block carries it."""
        found = self.node.file.find_extrinsic(from_hex(extrinsic_hash))
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
            genesis_hash=to_hex(self.node.genesis_hash),
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

    async def _sign(self, call: Any, keypair: Any, nonce: int, period: int | None) -> SignedExtrinsic:
        era, era_block_hash = self._era(period)
        return await create_signed_extrinsic(
            self.node.metadata.codec,
            call,
            keypair,
            era=era,
            nonce=nonce,
            genesis_hash=to_hex(self.node.genesis_hash),
            era_block_hash=era_block_hash,
        )

    def _era(self, period: int | None) -> tuple[dict[str, int] | str, str]:
        """A mortal era that begins at or before the newest final block, and the hash of its first block."""
        if period is None:
            return "00", to_hex(self.node.genesis_hash)
        era = {"period": period, "current": self.node.finalized().number}
        birth = self.node.metadata.codec.era_birth(era, era["current"])
        return era, to_hex(self._by_number(birth).hash)


def _lacks(what: str) -> NoReturn:
    raise ChainError(f"the embedded chain has no {what}; use a local node for that")
