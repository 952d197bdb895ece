"""Signatures of the older form, over bare bytes, are read and never mistaken for ours."""

from pathlib import Path

import pytest

from chain.signing import Wallet, create_wallet, verify, verify_older_form
from chain.types import Hotkey

RUN = b"3k2j1h0g"


@pytest.fixture(scope="module")
def wallet(tmp_path_factory: pytest.TempPathFactory) -> Wallet:
    """Somebody's."""
    folder: Path = tmp_path_factory.mktemp("wallets")
    return create_wallet("old", "default", folder)


def bare(wallet: Wallet, data: bytes) -> bytes:
    """What an older subnet's code makes of a run's id."""
    return bytes(wallet.sdk.hotkey.sign(data))


def test_it_is_the_hotkeys_over_exactly_these_bytes(wallet: Wallet) -> None:
    signature = bare(wallet, RUN)
    assert verify_older_form(wallet.hotkey, RUN, signature)
    assert not verify_older_form(wallet.hotkey, b"another", signature)
    assert not verify_older_form(Hotkey("5F3sa2TJAWMqDhXG6jhV4N8ko9SxwGy8TpaNS1repo5EYjQX"), RUN, signature)


def test_neither_form_passes_for_the_other(wallet: Wallet) -> None:
    message = b"crucible/sample\0data"
    assert not verify(wallet.hotkey, "sample", RUN, bare(wallet, RUN))
    assert not verify_older_form(wallet.hotkey, b"data", wallet.sign("sample", b"data"))
    assert not verify_older_form(wallet.hotkey, message, wallet.sign("sample", b"data"))
    assert verify(wallet.hotkey, "sample", b"data", bare(wallet, message))


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"short"])
def test_what_is_no_signature_is_false(signature: bytes, wallet: Wallet) -> None:
    assert not verify_older_form(wallet.hotkey, RUN, signature)
    assert not verify_older_form(Hotkey("no address"), RUN, bare(wallet, RUN))
