"""Wallets and signatures by hotkey, with domain separation: a signature for one purpose is none for another."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bittensor as bt
from bittensor.keyfiles import Keypair

from chain.reader import WalletError
from chain.types import Coldkey, Hotkey

_DOMAIN = b"crucible/"


def _message(purpose: str, data: bytes) -> bytes:
    """The bytes that are signed: domain, purpose and data, unambiguous because a purpose holds no zero byte."""
    return _DOMAIN + purpose.encode("ascii") + b"\0" + data


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
        """Signature (64 bytes, sr25519) of the hotkey over data for one purpose."""
        return bytes(self.sdk.hotkey.sign(_message(purpose, data)))


def verify(hotkey: Hotkey, purpose: str, data: bytes, signature: bytes) -> bool:
    """Whether the signature is the hotkey's, over these bytes, for this purpose; malformed input is simply False."""
    try:
        return bool(Keypair(ss58_address=hotkey).verify(_message(purpose, data), signature))
    except Exception:  # noqa: BLE001 - the SDK raises many types for malformed keys and signatures; all mean "no"
        return False


def open_wallet(name: str, hotkey: str, path: Path | None = None) -> Wallet:
    """Open a wallet. Raises WalletError where the coldkey's public half or the hotkey is missing or locked."""
    wallet = _sdk_wallet(name, hotkey, path)
    for file in (wallet.coldkeypub_file, wallet.hotkey_file):
        if not file.exists_on_device():
            raise WalletError(
                f"wallet {name}/{hotkey} has no key file {file.path}: create it with `btcli wallet create`, or name "
                "another with --wallet, --wallet-hotkey and --wallet-path"
            )
    try:
        return Wallet(name, hotkey, wallet.hotkey.ss58_address, wallet.coldkeypub.ss58_address, wallet)
    except Exception as error:  # the key file readers of the SDK raise whatever their parser raised
        raise WalletError(f"wallet {name}/{hotkey} under {wallet.path} cannot be opened: {error}") from error


def create_wallet(name: str, hotkey: str, path: Path | None = None) -> Wallet:
    """Make a wallet without passwords (for the embedded network), or open the one that stands there."""
    wallet = _sdk_wallet(name, hotkey, path)
    if not wallet.coldkey_file.exists_on_device():
        wallet.create_new_coldkey(use_password=False, suppress=True)
    if not wallet.hotkey_file.exists_on_device():
        wallet.create_new_hotkey(use_password=False, suppress=True)
    return open_wallet(name, hotkey, path)


def _sdk_wallet(name: str, hotkey: str, path: Path | None) -> Any:
    return bt.Wallet(name, hotkey, str(path.expanduser())) if path else bt.Wallet(name, hotkey)
