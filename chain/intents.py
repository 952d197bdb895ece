"""Intents beyond the SDK's: set_commitment, which it lacks, and weights whose refusals all have the chain's names."""

from dataclasses import dataclass
from typing import Any, ClassVar

import bittensor as bt
from bittensor.error_map import ErrorCode

from chain.types import space_of

_PALLET = bt.storage.Commitments
_SUBTENSOR = bt.storage.SubtensorModule

MOST_RAW, MOST_SEALED = 128, 1_024
"""Bytes that a Raw field and a TimelockEncrypted field hold."""


@dataclass
class SetWeights(bt.SetWeights):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's intent, but for what its preflight leaves unnamed: refused in advance, it has the chain's name too."""

    async def build(self, substrate: Any, wallet: Any) -> Any:
        """Compose the call that the subnet asks for. Raises the SDK's ChainError."""
        try:
            return await super().build(substrate, wallet)
        except bt.ChainError as error:
            name = error.name or await self._name(substrate, error.code)
            raise bt.ChainError(error.message, name, error.code) from error

    async def _name(self, substrate: Any, code: ErrorCode) -> str | None:
        if code is ErrorCode.RATE_LIMITED:
            sealed = await substrate.query(*_SUBTENSOR.CommitRevealWeightsEnabled, [self.netuid])
            return "CommittingWeightsTooFast" if sealed else "SettingWeightsTooFast"
        return _UNNAMED.get(code)


_UNNAMED = {
    ErrorCode.NOT_REGISTERED: "HotKeyNotRegisteredInSubNet",
    ErrorCode.INVALID_ARGUMENT: "WeightVecLengthIsLow",
}


@dataclass
class SetCommitment(bt.Intent):  # type: ignore[misc]  # the SDK ships no types
    """Commit a clear field and, beside it, a timelocked one; bytes are hex because intents are JSON-native."""

    op: ClassVar[str] = "set_commitment"
    signer: ClassVar[str] = "hotkey"
    wraps: ClassVar[tuple[tuple[str, str], ...]] = (("Commitments", "set_commitment"),)

    netuid: int
    raw_hex: str
    encrypted_hex: str = ""
    reveal_round: int = 0

    async def build(self, substrate: Any, wallet: Any) -> Any:
        """Compose the call, after asking the chain whether it would be refused. Raises the SDK's ChainError."""
        hotkey = self.hotkey_address(wallet)
        self._check_lengths()
        await self._check_registration(substrate, hotkey)
        await self._check_space(substrate, hotkey)
        call = await substrate.compose(
            bt.calls.Commitments.set_commitment(netuid=self.netuid, info={"fields": self._fields()})
        )
        await _check_fee(substrate, call, wallet, hotkey)
        return call

    def summary(self) -> str:
        """One line for people."""
        kind = "a sealed commitment" if self.encrypted_hex else "a clear commitment"
        return f"commit {kind} of {len(self.raw_hex) // 2} clear bytes on netuid {self.netuid}"

    def _fields(self) -> list[dict[str, Any]]:
        """The timelocked field first, as the chain drops it at the reveal and keeps the rest."""
        raw = bytes.fromhex(self.raw_hex)
        fields: list[dict[str, Any]] = [{f"Raw{len(raw)}": raw}]
        if self.encrypted_hex:
            sealed = {"encrypted": bytes.fromhex(self.encrypted_hex), "reveal_round": self.reveal_round}
            fields.insert(0, {"TimelockEncrypted": sealed})
        return fields

    def _check_lengths(self) -> None:
        for kind, data, most in (("clear", self.raw_hex, MOST_RAW), ("timelocked", self.encrypted_hex, MOST_SEALED)):
            if len(data) > 2 * most:
                raise bt.ChainError(
                    f"the {kind} field has {len(data) // 2} bytes and the chain takes {most}: commit less", "BadFormat"
                )

    async def _check_registration(self, substrate: Any, hotkey: str) -> None:
        if await substrate.query(*_SUBTENSOR.Uids, [self.netuid, hotkey]) is None:
            raise bt.ChainError(
                f"hotkey {hotkey} is not registered on netuid {self.netuid}: register it with "
                f"`btcli subnets register --netuid {self.netuid}`",
                "AccountNotAllowedCommit",
            )

    async def _check_space(self, substrate: Any, hotkey: str) -> None:
        """Whether the hotkey has room left in this epoch of the subnet."""
        needed = space_of((len(self.raw_hex) + len(self.encrypted_hex)) // 2)
        usage = await substrate.query(*_PALLET.UsedSpaceOf, [self.netuid, hotkey])
        epoch = await substrate.query(*_SUBTENSOR.SubnetEpochIndex, [self.netuid])
        room = int(await substrate.query(*_PALLET.MaxSpace) or 0)
        used = int(usage["used_space"]) if usage and int(usage["last_epoch"]) == int(epoch or 0) else 0
        if room and used + needed > room:
            raise bt.ChainError(
                f"hotkey {hotkey} has committed {used} of {room} bytes in this epoch of netuid {self.netuid} and needs "
                f"{needed} more: commit again in the next epoch",
                "SpaceLimitExceeded",
            )


async def _check_fee(substrate: Any, call: Any, wallet: Any, hotkey: str) -> None:
    """Whether the owner's coldkey, which newer runtimes charge for a hotkey's calls, holds the fee."""
    fee = await substrate.estimate_fee(call, bt.signing.public_view(wallet, "hotkey"))
    if fee.rao == 0:
        return
    owner = await substrate.query(*_SUBTENSOR.Owner, [hotkey])
    account = await substrate.query("System", "Account", [owner])
    free = int(account["data"]["free"]) if account else 0
    if free < fee.rao:
        raise bt.ChainError(
            f"the commitment costs {fee.rao} rao and coldkey {owner}, which pays for hotkey {hotkey}, holds {free}: "
            "send it some TAO",
            "InsufficientBalance",
        )
