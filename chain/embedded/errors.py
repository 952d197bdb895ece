"""What can go wrong inside the embedded chain; nothing here leaves the package untranslated.

EmbeddedChainError
├── ChainFileError        the file is missing, already there, no chain, or cannot be read or written
├── InvalidValue          an address or an amount that this chain does not know
├── CannotGoBack          a final block was to be dropped, or time to run backwards
├── InvalidTransaction    an extrinsic refused before it reaches a block; carries the node's name for it
└── DispatchFailed        a call that failed inside its pallet; carries the pallet and its own error name
"""

from bittensor.result import RpcConnectionError


class EmbeddedChainError(Exception):
    """Root of what the embedded chain raises."""


class ChainFileError(EmbeddedChainError, RpcConnectionError):  # type: ignore[misc]  # the SDK is untyped to mypy
    """The chain file cannot be used; the message says which and why. To the SDK this is a node out of reach."""


class InvalidValue(EmbeddedChainError):
    """An address or an amount that cannot be meant; the message says what can."""


class CannotGoBack(EmbeddedChainError):
    """What stands cannot be undone that way; the message says how far it can."""


class InvalidTransaction(EmbeddedChainError):
    """An extrinsic the transaction pool refuses: BadProof, Stale, Future, Payment."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


class DispatchFailed(EmbeddedChainError):
    """A call refused by its pallet: the extrinsic is included, its nonce spent and its changes undone."""

    def __init__(self, pallet: str, name: str) -> None:
        super().__init__(f"{pallet}.{name}")
        self.pallet = pallet
        self.name = name


def require(condition: bool, pallet: str, name: str) -> None:
    """Fail the running call with the pallet's own error unless the condition holds."""
    if not condition:
        raise DispatchFailed(pallet, name)
