"""Wallets and signatures by hotkey, with domain separation: a signature for one purpose is none for another.

Nothing here asks for a coldkey: the hotkey signs, and of the coldkey its public half names the owner.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bittensor as bt
from bittensor.keyfiles import Keypair

from chain.address import valid_address
from chain.keyfiles import read_private, read_public
from chain.reader import WalletError
from chain.types import Coldkey, Hotkey

_DOMAIN = b"crucible/"


def _message(purpose: str, data: bytes) -> bytes:
    """The bytes that are signed: domain, purpose and data, unambiguous because a purpose holds no zero byte.

    Raises ValueError for an odd purpose.
    """
    return _prefix(purpose) + data


@functools.lru_cache(maxsize=64)
def _prefix(purpose: str) -> bytes:
    if not purpose.isascii() or not purpose or "\0" in purpose:
        raise ValueError(f"{purpose!r} cannot be the purpose of a signature: name it in ASCII without zero bytes")
    return _DOMAIN + purpose.encode("ascii") + b"\0"


@dataclass(frozen=True, slots=True)
class Wallet:
    """A coldkey and one of its hotkeys, on disk in the SDK's own layout; secrets stay inside `sdk`."""

    name: str
    hotkey_name: str
    hotkey: Hotkey
    coldkey: Coldkey
    sdk: Any
    """The SDK's own wallet; only `chain` touches it."""

    def sign(self, purpose: str, data: bytes) -> bytes:
        """Signature (64 bytes, sr25519) of the hotkey over data. Raises ValueError for an odd purpose."""
        return bytes(self.sdk.hotkey.sign(_message(purpose, data)))


def verify(hotkey: Hotkey, purpose: str, data: bytes, signature: bytes) -> bool:
    """Whether the signature is the hotkey's, over these bytes, for this purpose.

    A malformed address or signature, or an address spelt as on another network, is False. Raises ValueError for an odd
    purpose, which is the caller's.
    """
    return _verify(hotkey, _message(purpose, data), signature)


def verify_older_form(hotkey: Hotkey, data: bytes, signature: bytes) -> bool:
    """Whether the signature is the hotkey's over the bare bytes, as older subnets sign the id of a run.

    Nothing in it says what was signed for, so that it proves less than `verify`; and bytes that could have been signed
    as a message of ours are refused. Malformed addresses and signatures are False.
    """
    return not data.startswith(_DOMAIN) and _verify(hotkey, data, signature)


def _verify(hotkey: Hotkey, message: bytes, signature: bytes) -> bool:
    key = _public_key(hotkey)
    if key is None:
        return False
    try:
        return bool(key.verify(message, signature))
    except (ValueError, TypeError):  # what the SDK raises for signatures of another length or type
        return False


@functools.lru_cache(maxsize=1024)
def _public_key(hotkey: Hotkey) -> Keypair | None:
    """A hotkey's public half, kept since a batch asks for the same one thousands of times; None for an odd address."""
    return Keypair(ss58_address=hotkey) if valid_address(hotkey) else None


def open_wallet(name: str, hotkey: str, path: Path | None = None, password: str | None = None) -> Wallet:
    """Open a wallet by its hotkey and its coldkey's public half, of which `password` opens the first if encrypted.

    Raises WalletError where a file is missing, locked, malformed, or of another key than the one beside it.
    """
    wallet = _sdk_wallet(name, hotkey, path)
    owner, file, public = (
        Path(one.path) for one in (wallet.coldkeypub_file, wallet.hotkey_file, wallet.hotkeypub_file)
    )
    for needed in (owner, file):
        if not needed.exists():
            raise WalletError(
                f"wallet {name}/{hotkey} has no key file {needed}: create it with `btcli wallet create`, or name "
                "another with --wallet, --wallet-hotkey and --wallet-path"
            )
    coldkey, key = read_public(owner), read_private(file, password)
    if public.exists() and read_public(public).ss58_address != key.ss58_address:
        raise WalletError(f"{public} is of another key than {file} beside it: remove the one that is not yours")
    # The SDK would read, and ask for, both once more.
    wallet._hotkey, wallet._coldkeypub = key, coldkey
    return Wallet(name, hotkey, Hotkey(key.ss58_address), Coldkey(coldkey.ss58_address), wallet)


def create_wallet(name: str, hotkey: str, path: Path | None = None) -> Wallet:
    """Make a wallet without passwords (for the embedded network), or open the one that stands there."""
    wallet = _sdk_wallet(name, hotkey, path)
    if not wallet.coldkey_file.exists_on_device():
        wallet.create_new_coldkey(use_password=False, suppress=True)
    if not wallet.hotkey_file.exists_on_device():
        wallet.create_new_hotkey(use_password=False, suppress=True)
    return open_wallet(name, hotkey, path)


def _sdk_wallet(name: str, hotkey: str, path: Path | None) -> Any:
    """The SDK's wallet. Raises WalletError for a name it cannot use."""
    try:
        return bt.Wallet(name, hotkey, str(path.expanduser())) if path else bt.Wallet(name, hotkey)
    except ValueError as error:
        raise WalletError(f"wallet {name!r} with hotkey {hotkey!r} cannot be named so: {error}") from None
