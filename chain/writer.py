"""What the house may write to a chain: sealed and clear commitments, and weights. Refusals are values."""

from typing import Protocol

from chain.signing import Wallet
from chain.types import Block, Included, NetUid, Refused, Sealed, Weights


class ChainWriter(Protocol):
    """Writes of one network. Raises ChainUnreachable where no node answers; whether a write stands is then unknown."""

    def seal(self, text: str, open_at: Block) -> Sealed:
        """Timelock-encrypt a text: it opens by itself at the first beacon round after a block's expected time."""
        ...

    def commit(self, netuid: NetUid, wallet: Wallet, *, raw: bytes, sealed: Sealed | None = None) -> Included | Refused:
        """Commit for the wallet's hotkey, replacing what stood.

        The clear field keeps the commit block on chain after the sealed one has opened, so it is never left out.
        """
        ...

    def set_weights(
        self, netuid: NetUid, wallet: Wallet, weights: Weights, *, version_key: int = 0
    ) -> Included | Refused:
        """Set (or, where the subnet asks for it, commit) weights for the wallet's hotkey.

        `version_key` says by which version of the subnet's rules they were made.
        """
        ...
