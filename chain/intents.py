"""The one intent the SDK lacks: set_commitment, so that commitments take the SDK's own preflight and retry path."""

from dataclasses import dataclass
from typing import Any, ClassVar

import bittensor as bt


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

    async def build(self, substrate: Any, wallet: Any) -> Any:  # noqa: ARG002 - the SDK's signature
        """Compose the call: the timelocked field first, as the chain drops it at the reveal and keeps the rest."""
        raw = bytes.fromhex(self.raw_hex)
        fields: list[dict[str, Any]] = [{f"Raw{len(raw)}": raw}]
        if self.encrypted_hex:
            sealed = {"encrypted": bytes.fromhex(self.encrypted_hex), "reveal_round": self.reveal_round}
            fields.insert(0, {"TimelockEncrypted": sealed})
        call = bt.calls.Commitments.set_commitment(netuid=self.netuid, info={"fields": fields})
        return await substrate.compose(call)

    def summary(self) -> str:
        """One line for people."""
        kind = "a sealed commitment" if self.encrypted_hex else "a clear commitment"
        return f"commit {kind} of {len(self.raw_hex) // 2} clear bytes on netuid {self.netuid}"
