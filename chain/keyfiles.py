"""Key files on disk, read through the SDK; encrypted ones by a password from the environment or from a terminal.

A password is never shown, logged or kept. Knows nothing of wallets, which are folders of such files.

The variable is the SDK's own: BT_PW_ and the file's path in capitals, with _ for each / and each dot, so
BT_PW__HOME_ME__BITTENSOR_WALLETS_VALI_HOTKEYS_DEFAULT for /home/me/.bittensor/wallets/vali/hotkeys/default. Its value
is the password, or the password as the SDK encodes it there.
"""

import getpass
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bittensor import sp_core
from bittensor.keyfiles import Keyfile, KeyfileError, WrongPasswordError

from chain.reader import WalletError

ATTEMPTS = 3
"""How often a password is asked for at a terminal."""


def read_public(path: Path) -> Any:
    """The public half of a key, from a file that holds no more. Raises WalletError."""
    return _parsed(path, _data(path))


def read_private(path: Path, password: str | None = None) -> Any:
    """A key that can sign; `password` goes before the environment's. Raises WalletError."""
    data = _data(path)
    if sp_core.keyfile_data_is_encrypted(data):
        data = _decrypted(path, data, password)
    key = _parsed(path, data)
    if key.crypto_type != sp_core.CRYPTO_SR25519:
        raise WalletError(f"key file {path} is no sr25519 key, with which hotkeys sign: make another with btcli")
    try:
        key.sign(b"")
    except ValueError as error:
        raise WalletError(
            f"key file {path} cannot sign ({error}): it holds a public half; name the whole key"
        ) from None
    return key


def password_variable(path: Path) -> str:
    """The environment variable in which the SDK, and so this module, looks for a key file's password."""
    return str(Keyfile(path).env_var_name())


def _data(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WalletError(
            f"key file {path} cannot be read ({error.strerror}): check its owner and its rights"
        ) from None


def _parsed(path: Path, data: bytes) -> Any:
    try:
        return sp_core.deserialize_keypair_from_keyfile_data(data)
    except (KeyfileError, ValueError) as error:
        raise WalletError(f"key file {path} is malformed ({error}): restore it, or make it anew with btcli") from None


def _decrypted(path: Path, data: bytes, given: str | None) -> bytes:
    tried = ""
    for where, password in _passwords(path, given):
        tried = where
        try:
            return bytes(sp_core.decrypt_keyfile_data(data, password))
        except WrongPasswordError:
            continue
        except (KeyfileError, ValueError) as error:
            raise WalletError(f"key file {path} is malformed ({error}): restore it, or make it anew") from None
    raise WalletError(f"the password {tried} does not open key file {path}: give the one it was encrypted with")


def _passwords(path: Path, given: str | None) -> Iterator[tuple[str, str]]:
    """Candidates, each with where it is from. The first place that has any decides."""
    variable = password_variable(path)
    if given:
        yield "that was given", given
    elif plain := os.environ.get(variable):
        yield from ((f"in {variable}", password) for password in _of_environment(variable, plain))
    elif sys.stdin is not None and sys.stdin.isatty():
        yield from (("that was typed", _asked(path)) for _ in range(ATTEMPTS))
    else:
        raise WalletError(
            f"key file {path} is encrypted and there is no terminal to ask for its password: put it into {variable}, "
            "or start from a terminal"
        )


def _of_environment(variable: str, plain: str) -> Iterator[str]:
    """As it stands, and as the SDK's `save_password_to_environment` leaves it there, which is encoded."""
    yield plain
    try:
        encoded = sp_core.get_password_from_environment(variable)
    except (KeyfileError, ValueError):
        return
    if encoded and encoded != plain:
        yield str(encoded)


def _asked(path: Path) -> str:
    try:
        return getpass.getpass(f"Password of key file {path}: ")
    except EOFError:
        raise WalletError(f"no password was typed for key file {path}, which is encrypted: start again") from None
