"""Timelock encryption agrees with drand's network and the SDK's core, and opens nothing it should not."""

import subprocess
import sys

import bittensor_core
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.embedded import tlock
from chain.embedded.metadata import metadata

ROUND_1000 = bytes.fromhex(
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
)
"""The signature of quicknet's round 1000."""
SECRET = tlock.Secret(0xC0FFEE)
KEY = tlock.public_key(SECRET)
SEALED = tlock.seal(KEY, 12, b"message")
SIGNATURE = tlock.sign(SECRET, 12)
GOLDEN_SIGNATURE = "a1e75526d46d1728ed064d9a6d64563193a5ee98c21aa0dfccc8fcbaf57d105e99923ef27bc84a9d207475b20490b631"


def quicknet_key() -> tlock.PublicKey:
    """Quicknet's public key, as the runtime's metadata carries it."""
    config = metadata().value(metadata().item("Drand", "BeaconConfig"), None)
    return tlock.PublicKey(bytes.fromhex(config["public_key"].removeprefix("0x")))


def test_core_opens_with_quicknets_own_signature_what_it_sealed_to_quicknet() -> None:
    sealed, round_ = bittensor_core.encrypt_at_round(b"to the real beacon", 1000)
    opened = bittensor_core.decrypt_with_signature(sealed, ROUND_1000.hex())
    assert (bytes(opened), round_) == (b"to the real beacon", 1000)


def test_quicknets_own_signature_opens_what_we_sealed_to_quicknet() -> None:
    sealed = tlock.seal(quicknet_key(), 1000, b"to the real beacon")
    assert tlock.open_sealed(sealed, ROUND_1000) == b"to the real beacon"


def test_we_open_what_the_core_sealed() -> None:
    sealed, _ = bittensor_core.encrypt_at_round(b"by the core", 1000)
    assert tlock.open_sealed(bytes(sealed), ROUND_1000) == b"by the core"


def test_signature_of_a_known_secret() -> None:
    assert tlock.sign(SECRET, 12).hex() == GOLDEN_SIGNATURE


def test_ciphertext_is_244_bytes_longer_than_its_message() -> None:
    assert len(SEALED) == 244 + len(b"message")


def test_only_the_rounds_signature_opens() -> None:
    assert tlock.open_sealed(SEALED, tlock.sign(SECRET, 12)) == b"message"
    with pytest.raises(tlock.CannotOpen) as refusal:
        tlock.open_sealed(SEALED, tlock.sign(SECRET, 13))
    assert refusal.value.reason == "Decrypt"


def test_empty_message_counts_as_unopened() -> None:
    with pytest.raises(tlock.CannotOpen) as refusal:
        tlock.open_sealed(tlock.seal(KEY, 12, b""), tlock.sign(SECRET, 12))
    assert refusal.value.reason == "EmptyPlaintext"


@given(st.binary(max_size=400))
def test_random_bytes_are_refused_as_malformed(data: bytes) -> None:
    with pytest.raises(tlock.CannotOpen) as refusal:
        tlock.open_sealed(data, ROUND_1000)
    assert refusal.value.reason == "CiphertextDeserialize"


# The suite's name at the end is the one part that the core does not look at.
@given(st.integers(0, len(SEALED) - len(b"AES_GCM_") - 1), st.integers(1, 255), st.booleans())
def test_altered_ciphertext_is_refused(position: int, change: int, boxed: bool) -> None:
    altered = SEALED[:position] + bytes([SEALED[position] ^ change]) + SEALED[position + 1 :]
    with pytest.raises(tlock.CannotOpen):
        tlock.open_sealed(tlock.envelope(altered, 12) if boxed else altered, SIGNATURE)


def test_its_curve_arithmetic_leaves_json_parsers_able_to_raise() -> None:
    program = (
        "import json, chain.embedded.genesis\ntry: json.loads('[' * 99_000)\nexcept RecursionError: print('raised')"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "raised\n", "")
