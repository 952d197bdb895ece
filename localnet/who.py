"""Whom a command of the chain means: one of the network's people, a wallet, or an address."""

from dataclasses import dataclass
from pathlib import Path

from chain.embedded.accounts import require_address
from chain.embedded.errors import InvalidValue
from chain.signing import Wallet, open_wallet
from chain.types import Coldkey, Hotkey, NetUid
from localnet.place import LocalnetError, Place
from localnet.scenario import OWNER, PEOPLE

EVERYBODY = (*PEOPLE, OWNER)
"""The people of an embedded network."""
_ALMOST_AN_ADDRESS = 40
"""Characters from which a word was meant as an address: no name is as long."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody's keys. An address alone may be either; `netuid` is where a person of the network belongs."""

    name: str
    hotkey: Hotkey
    coldkey: Coldkey | None
    netuid: NetUid | None = None


def find(word: str, place: Place | None, wallets: Path | None) -> Who:
    """Whom a word means: a wallet where a folder of wallets or a slash says so, else a person, else an address.

    Raises LocalnetError, WalletError, InvalidValue.
    """
    if wallets is not None or "/" in word:
        name, _, hotkey = word.partition("/")
        return _of_wallet(open_wallet(name, hotkey or "default", wallets), None)
    person = next((person for person in EVERYBODY if person.name == word), None)
    if place is not None and person is not None:
        return _of_wallet(open_wallet(person.name, person.hotkey, place.wallets), person.netuid)
    try:
        require_address(word)
    except InvalidValue as error:
        if len(word) > _ALMOST_AN_ADDRESS:
            raise
        raise LocalnetError(_unknown(word, place)) from error
    return Who(word, Hotkey(word), None)


def _of_wallet(wallet: Wallet, netuid: NetUid | None) -> Who:
    return Who(wallet.name, wallet.hotkey, wallet.coldkey, netuid)


def _unknown(word: str, place: Place | None) -> str:
    known = "a wallet as name/hotkey (with --wallet-path for another folder), or an ss58 address"
    if place is None:
        return f"{word!r} is nobody here: give {known}"
    people = ", ".join(person.name for person in EVERYBODY)
    return f"{word!r} is nobody here: give one of {people}, {known}"
